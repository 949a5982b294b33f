"""The program ``eka-store``: the store and the builds, where no git and no atom is known."""
