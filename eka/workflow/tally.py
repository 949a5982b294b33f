"""What a build tells while it goes on, and what it came to."""

from __future__ import annotations

from eka.build.board import Board
from eka.checking import TYPE_CHECKING
from eka.store import (
    ActionFailed,
    ActionFinished,
    ActionLog,
    ActionSkipped,
    ActionStarted,
    CacheTrouble,
    FetchAction,
    FetchProgress,
    RunAction,
    UnpackAction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.store import Event
    from eka.workflow.services import Services

DOING = {
    RunAction.kind: "building",
    FetchAction.kind: "downloading",
    UnpackAction.kind: "unpacking",
    "substitute": "taking from a cache",
}


class Tally:
    """Counts what happens and shows it; logs go to ``log``."""

    def __init__(
        self,
        services: Services,
        total: int,
        log: Callable[[str, bytes], None],
        *,
        keeps_going: bool = False,
    ) -> None:
        self._progress = services.progress
        self._keeps_going = keeps_going
        self._total = total
        self._log = log
        self._names: dict[str, str] = {}
        self._board = Board()
        self._is_shown = self._progress.board(self._board.lines)

    def emit(self, event: Event) -> None:
        """Take one event of the realisation."""
        self._board.take(event)
        if isinstance(event, ActionStarted):
            self._names[event.action] = event.name
            if self._is_shown:
                self._count()
            else:
                self._progress.step(f"{DOING[event.kind]} {event.name}")
        elif isinstance(event, ActionLog):
            self._log(self._names.get(event.action, ""), event.line)
        elif isinstance(event, FetchProgress) and not self._is_shown:
            name = self._names.get(event.action, "")
            self._progress.count(name, event.received_bytes, event.total_bytes)
        elif isinstance(event, ActionFailed):
            if self._keeps_going:  # else it is told right away, as the error it is
                self._progress.line(f"failed {event.name}: {event.why}")
        elif isinstance(event, ActionSkipped):
            needed = self._names.get(event.failed, "")
            self._progress.line(f"skipped {event.name}: it needs {needed}")
        elif isinstance(event, CacheTrouble):
            self._progress.note(f"{event.cache}: {event.why}")
        elif isinstance(event, ActionFinished):
            self._count()

    def _count(self) -> None:
        done = self.built + self.cached + self.substituted
        self._progress.count("actions", done, self._total)

    @property
    def built(self) -> int:
        """Actions that ran."""
        return self._board.built

    @property
    def cached(self) -> int:
        """Actions whose outputs were there already."""
        return self._board.cached

    @property
    def substituted(self) -> int:
        """Actions whose outputs came from a binary cache."""
        return self._board.substituted
