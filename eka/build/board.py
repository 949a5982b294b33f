"""What goes on in a realisation, as lines for people: what runs, how long, and what is left."""

from __future__ import annotations

import time

from eka.checking import TYPE_CHECKING
from eka.store import (
    ActionFailed,
    ActionFinished,
    ActionSkipped,
    ActionStarted,
    FetchProgress,
    Outcome,
    WorkLeft,
)
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.store import Event

MOST_LINES = 12  # of what runs
_MINUTE_S, _HOUR_S = 60, 3600
_KILO = 1000


@dataclass(slots=True)
class _Running:
    name: str
    since_s: float
    detail: str = ""


class Board:
    """The state of one realisation; fed with its events, one at a time.

    Args:
        clock: Tells the time in seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: dict[str, _Running] = {}
        self._left: WorkLeft | None = None
        self._left_since_s = 0.0
        self._gone = 0  # since the last `WorkLeft`
        self.built = 0
        self.cached = 0
        self.substituted = 0
        self.failed = 0

    def take(self, event: Event) -> None:
        """Note an event."""
        now_s = self._clock()
        match event:
            case ActionStarted():
                self._running[event.action] = _Running(event.name, now_s)
            case FetchProgress():
                if running := self._running.get(event.action):
                    got, total = spoken_size(event.received_bytes), spoken_size(event.total_bytes)
                    running.detail = f"{got} of {total}"
                    if event.resumed_bytes:
                        running.detail += f", {spoken_size(event.resumed_bytes)} were there"
            case ActionFinished(outcome=outcome):
                self._running.pop(event.action, None)
                self.built += outcome is Outcome.BUILT
                self.cached += outcome is Outcome.CACHED
                self.substituted += outcome is Outcome.SUBSTITUTED
                self._gone += outcome is Outcome.BUILT
            case ActionFailed():
                self._running.pop(event.action, None)
                self.failed += 1
                self._gone += 1
            case ActionSkipped():
                self._gone += 1
            case WorkLeft():
                self._left, self._left_since_s, self._gone = event, now_s, 0
            case _:
                pass

    def lines(self) -> list[str]:
        """Return what runs, the longest first, and what is left; foreign text, as it is."""
        now_s = self._clock()
        running = sorted(self._running.values(), key=lambda each: each.since_s)
        found = [
            f"  {spoken_time(now_s - each.since_s):>8}  {each.name}"
            + (f"  {each.detail}" if each.detail else "")
            for each in running[:MOST_LINES]
        ]
        if len(running) > MOST_LINES:
            found.append(f"            and {len(running) - MOST_LINES} more")
        if self._left is not None:
            found.append(self._left_line(self._left, now_s))
        return found

    def _left_line(self, left: WorkLeft, now_s: float) -> str:
        actions = max(0, left.actions - self._gone)
        parts = [f"{actions} left"]
        if actions and left.expected_s is not None:
            rest_s = left.expected_s - (now_s - self._left_since_s)
            parts.append(f"about {spoken_time(rest_s)}" if rest_s >= 1 else "done any moment")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return f"  {', '.join(parts)}"


def spoken_time(seconds: float) -> str:
    """Return a span as people say it: ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02} min"


def spoken_size(size_bytes: int) -> str:
    """Return a size as people say it, such as ``1.5 MB``."""
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    size = size_bytes / _KILO
    for unit in ("kB", "MB"):
        if size < _KILO:
            return f"{size:.1f} {unit}"
        size /= _KILO
    return f"{size:.1f} GB"
