"""Rounds: several sources asked at once, while the solver waits for all of them.

How long a cold lock takes is decided by how often somebody must wait for answers, and hardly by
how many are asked. So whatever is known to be needed is asked for together, and counted.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, TypeVar
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eka.atom import SourceUrl
    from eka.errors import EkaError
    from eka.workflow.progress import Progress

T = TypeVar("T")


@dataclass(slots=True)
class Rounds:
    """How often sources were waited for in this run, and how many at most at one time."""

    count: int = 0
    most_sources: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Asks several sources together, and shows which have answered; an `eka.git.Together`."""

    rounds: Rounds
    what: str
    """Shown before the name of a source, such as ``listing``."""
    hang_up: Callable[[], None]
    """Ends all conversations when the run is interrupted."""
    progress: Progress

    def __call__(self, jobs: Mapping[SourceUrl, Callable[[], T]]) -> dict[SourceUrl, T | EkaError]:
        """Do one job for each source; return what came of each, in their order."""
        if not jobs:
            return {}
        from eka.git import at_once  # noqa: PLC0415 - many commands ask nobody

        if len(jobs) > 1:
            self.progress.count(f"{self.what} {len(jobs)} repositories", 0, len(jobs))
        self.rounds.count += 1
        self.rounds.most_sources = max(self.rounds.most_sources, len(jobs))
        return at_once(jobs, self.hang_up, lambda url, number: self._tell(url, number, len(jobs)))

    def _tell(self, url: SourceUrl, number: int, total: int) -> None:
        self.progress.count(f"{self.what} {url.public}", number, total)
