"""What can go wrong with a stream of exported paths: one class per fact."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


class BrokenStream(EkaError):
    """A stream is not what ``export`` writes."""

    code = "broken-stream"
    exit_status = Exit.INTEGRITY

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(
            what="this is not a stream of exported paths, or it was damaged",
            where=path,
            why=why,
            fix="export it again and copy it whole; nothing was taken over",
        )


class FalsePath(EkaError):
    """A stream calls something a path that it is not."""

    code = "false-path"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="the stream holds a path that is not what it says",
            where=path,
            why=why,
            fix="do not use it; nothing was taken over",
        )
        self.path = path


class UndeclaredReferences(EkaError):
    """A path in a stream mentions others that it does not declare."""

    code = "undeclared-references"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, found: Sequence[str]) -> None:
        super().__init__(
            what="a path of the stream mentions others that it does not declare",
            where=path,
            why=", ".join(found[:8]),
            fix="do not use it; nothing was taken over",
        )
        self.found = tuple(found)
