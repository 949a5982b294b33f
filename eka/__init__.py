"""eka: git-native atom registry and package CLI."""
