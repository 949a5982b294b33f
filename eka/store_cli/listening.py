"""Tells what happens while a plan is realised: as JSON lines, as sentences, or on a board."""

from __future__ import annotations

from eka.build.board import Board, spoken_size
from eka.checking import TYPE_CHECKING
from eka.store import (
    ActionFailed,
    ActionFinished,
    ActionLog,
    ActionSkipped,
    ActionStarted,
    CacheTrouble,
    FetchProgress,
    Outcome,
)

if TYPE_CHECKING:
    from eka.moving import Moving
    from eka.store import Event, Plan, StorePath
    from eka.store_cli.console import Console

_DOING = {
    "run": "building",
    "fetch": "fetching",
    "unpack": "unpacking",
    "substitute": "taking from a cache",
}
_DONE = {Outcome.BUILT: "made", Outcome.CACHED: "had", Outcome.SUBSTITUTED: "took"}


class Listener:
    """Passes events on.

    Args:
        console: Where to.
        plan: What is realised.
        display: Shows a board, on which there is what runs, how long, and what is left; then what
            begins and ends is not told in lines as well.
        keeps_going: Whether failures are told when they happen.
    """

    def __init__(
        self, console: Console, plan: Plan, display: Moving | None, *, keeps_going: bool
    ) -> None:
        self._console = console
        self._display = display
        self._keeps_going = keeps_going
        self._names = {identity: action.name for identity, action in plan.actions.items()}
        self._resumed: set[str] = set()
        self._board = Board()
        if display is not None:
            display.board(self._board.lines)

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if self._console.as_json:
            self._console.line({"schema": "eka-store.event/1", **event.to_json()})
            return
        if self._display is not None:
            self._show(self._display, event)
        match event:
            case ActionStarted():
                self._console.talk(f"{_DOING[event.kind]} {event.name}", verbosity=self._level)
            case ActionLog():
                line = event.line.decode("utf-8", "backslashreplace")
                self._console.talk(f"{self._names[event.action]}: {line}", verbosity=1)
            case ActionFinished():
                level = 1 if event.outcome is Outcome.CACHED else self._level
                told = f"{_DONE[event.outcome]} {event.name}: {_texts(event)}"
                self._console.talk(told, verbosity=level)
            case ActionFailed():  # told as an error when nothing is to go on
                level = 0 if self._keeps_going else 1
                self._console.talk(f"failed {event.name}: {event.why}", verbosity=level)
            case ActionSkipped():
                needed = self._names[event.failed]
                self._console.talk(f"skipped {event.name}: it needs {needed}")
            case CacheTrouble():
                self._console.talk(f"warning: {event.cache}: {event.why}")
            case FetchProgress():
                self._tell_progress(event)
            case _:
                pass

    @property
    def _level(self) -> int:
        """How much is to be told for what a board shows anyway."""
        return 0 if self._display is None else 1

    def _show(self, display: Moving, event: Event) -> None:
        self._board.take(event)
        if isinstance(event, ActionStarted | ActionFinished):
            done = self._board.built + self._board.cached + self._board.substituted
            display.count("actions", done, len(self._names))

    def _tell_progress(self, event: FetchProgress) -> None:
        name = self._names[event.action]
        if event.resumed_bytes and event.action not in self._resumed:
            self._resumed.add(event.action)
            there = spoken_size(event.resumed_bytes)
            self._console.talk(f"going on with {name} after {there}", verbosity=self._level)
        size = f"{event.received_bytes} of {event.total_bytes} bytes"
        level = 1 if self._display is None else 2
        self._console.talk(f"{name}: {size}", verbosity=level)


def _texts(event: ActionFinished) -> str:
    found: list[StorePath] = [path for _, path in event.outputs]
    return " ".join(path.text for path in found)
