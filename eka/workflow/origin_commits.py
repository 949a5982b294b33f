"""The source commits between two versions that touched the atom.

Source: atom-spec/queries.md [diff-commits].
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import MOST_COMMITS, directory_of, touching
from eka.workflow.places import relative_to

if TYPE_CHECKING:
    from eka.atom import SourceUrl
    from eka.git import CommitNote, History
    from eka.workflow.services import Services
    from eka.workflow.sides import Side

NO_ORIGIN = "one side has no source commit"
ELSEWHERE = "the two come from different repositories"
OFFLINE = "they were not fetched before, and --offline forbids asking for them"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginCommits:
    """Commits that lie between two source commits, newest first.

    Attributes:
        gained: Those the new side has and the old has not.
        lost: Those the old side has and the new has not.
        is_complete: False when there are more than are looked at.
        unavailable: Why nothing is known; empty when it is.
    """

    gained: tuple[CommitNote, ...] = ()
    lost: tuple[CommitNote, ...] = ()
    is_complete: bool = True
    unavailable: str = ""


@dataclass(slots=True)
class _Walk:
    """Asks a history and notes whether it was cut short."""

    history: History
    paths: tuple[str, ...]
    is_complete: bool = field(default=True)

    def touching(self, old: Side, new: Side) -> tuple[CommitNote, ...]:
        """Return what ``new`` has and ``old`` has not."""
        if old.origin is None or new.origin is None:  # pragma: no cover - asked before
            raise AssertionError(NO_ORIGIN)
        found = self.history.between(old.origin, new.origin)
        self.is_complete = self.is_complete and len(found) <= MOST_COMMITS
        return tuple(touching(self.history, found[:MOST_COMMITS], self.paths))


def origin_commits(services: Services, old: Side, new: Side) -> OriginCommits:
    """Return the commits between the origins of two sides, as far as they can be had."""
    if old.origin is None or new.origin is None:
        return OriginCommits(unavailable=NO_ORIGIN)
    if old.origin == new.origin:
        return OriginCommits()
    source = _common_source(old, new)
    if source is None:
        return OriginCommits(unavailable=ELSEWHERE)
    services.progress.step("reaching the commits between them")
    try:
        history = services.history(source)
        history.prepare((old.origin, new.origin))
        walk = _Walk(history, _paths(history, old, new))
        gained, lost = walk.touching(old, new), walk.touching(new, old)
    except EkaError as error:
        return OriginCommits(unavailable=OFFLINE if services.offline else str(error))
    return OriginCommits(gained=gained, lost=lost, is_complete=walk.is_complete)


def _common_source(old: Side, new: Side) -> SourceUrl | None:
    """Return where both source commits may be: the project's repository, or the one set."""
    for side in (new, old):
        if side.directory is not None:
            return side.source
    return new.source if old.source == new.source else None


def _paths(history: History, old: Side, new: Side) -> tuple[str, ...]:
    found = (_path(history, side) for side in (old, new))
    return tuple(sorted({path for path in found if path is not None}))


def _path(history: History, side: Side) -> str | None:
    if side.commit is not None:
        return directory_of(side.commit, history.reader(side.commit.origin))
    if side.directory is None or side.top is None:
        return None
    return relative_to(side.directory, side.top)
