"""Why locked atoms cannot be turned into a plan."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class ComposerUnsupported(EkaError):
    """An atom names a composer that this eka does not have."""

    code = "composer-unsupported"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, composer: str) -> None:
        super().__init__(
            what=f"{atom} is composed by {composer}, which eka does not have",
            why="only the static [build] table is built in",
            fix="use an eka that has this composer, or ask for a version with a [build] table",
        )


class NothingToBuild(EkaError):
    """The target has no recipe."""

    code = "nothing-to-build"
    exit_status = Exit.USAGE

    def __init__(self, atom: str) -> None:
        super().__init__(
            what=f"{atom} has no [build] table",
            why="its output is its own tree; there is nothing to build",
            fix="add a [build] table, or name a dependency to build",
        )


class SystemUnsupported(EkaError):
    """An atom, or the pin of a source, is not for this system."""

    code = "system-unsupported"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, system: str, known: tuple[str, ...]) -> None:
        super().__init__(
            what=f"{atom} cannot be built for {system}",
            why=f"it is for {', '.join(known)}" if known else "nothing is pinned for this system",
            fix="build on a machine of another system, or lock on this one",
        )
        self.system = system


class InputUnpinned(EkaError):
    """A recipe names an input that the lock does not pin."""

    code = "input-unpinned"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, name: str) -> None:
        super().__init__(
            what=f"the lock pins no {name} for {atom}",
            fix="run eka lock",
        )
