"""What can be wrong with a name that paths are kept under."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class InvalidKeepName(EkaError):
    """A text is no name to keep a path under."""

    code = "invalid-keep-name"
    exit_status = Exit.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(
            what="a path cannot be kept under this name",
            where=name,
            why="a name is 1 to 200 letters, digits and ._/@+-, the first a letter or digit",
            fix="choose another name, such as release/1.0",
        )


class NothingKept(EkaError):
    """No path is kept under this name."""

    code = "nothing-kept"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, store: str) -> None:
        super().__init__(
            what="nothing is kept under this name",
            where=name,
            why=f"it was never kept in {store}, or was let go",
            fix="list what is kept with `eka-store keep`",
        )
