"""What can go wrong when outputs are to come from binary caches: one class per fact."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 8


class NotInCaches(EkaError):
    """Outputs are not here, no cache has them, and nothing may be built."""

    code = "not-in-caches"
    exit_status = Exit.NOT_FOUND

    def __init__(self, names: Sequence[str], places: Sequence[str]) -> None:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        super().__init__(
            what="no cache has what is needed, and nothing may be built",
            where=", ".join(places) or "no cache was named",
            why=f"it lacks {', '.join(names[:_SHOWN])}{more}",
            fix="leave out --no-build, or name a cache whose keys are trusted with --from",
        )
        self.names = tuple(names)


class BuildersDisagree(EkaError):
    """Builders that are trusted say that one action came to different things."""

    code = "builders-disagree"
    exit_status = Exit.NONDETERMINISTIC

    def __init__(self, name: str, outcomes: Sequence[str]) -> None:
        super().__init__(
            what="builders that are trusted do not agree on what an action came to",
            where=name,
            why="; ".join(outcomes),
            fix="build it here to see who is right; trust the other no more",
        )
        self.name = name
