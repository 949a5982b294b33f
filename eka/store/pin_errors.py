"""What can be wrong with the name of a root."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class InvalidPinName(EkaError):
    """A text is not the name of a pinned path."""

    code = "invalid-pin-name"
    exit_status = Exit.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(
            what="this cannot be the name of a pinned path",
            where=name,
            why="a name is 1 to 200 letters, digits and ._/@+-, the first a letter or digit",
            fix="choose another name, such as release/1.0",
        )


class PinNotFound(EkaError):
    """No path is pinned under this name."""

    code = "pin-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, store: str) -> None:
        super().__init__(
            what="nothing is pinned under this name",
            where=name,
            why=f"it was never pinned in {store}, or was unpinned",
            fix="list the pins with `eka-store pin`",
        )
