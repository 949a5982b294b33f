"""Shows how far the work is, on standard error: moving on a terminal, line by line elsewhere."""

from __future__ import annotations

import time

from eka.checking import TYPE_CHECKING, Protocol
from eka.text import safe_line
from eka.workflow.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

# Between two lines about one count, where lines stay.
LINE_INTERVAL_S = 5.0


class OpenProgress(Progress, Protocol):
    """A progress display that must be closed."""

    def close(self) -> None:
        """Take the display away."""
        ...


def open_progress(
    stderr: TextIO, *, shown: bool, moving: bool, colour: bool = False
) -> OpenProgress:
    """Return the display that fits: none, moving, or lines."""
    if not shown:
        return Nothing()
    if not moving:
        return Lines(stderr)
    from eka.moving import Moving  # noqa: PLC0415 - only a person at a terminal needs it

    return Moving(stderr, colour=colour)


class Nothing(Silent):
    """Shows nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lines:
    """One line per step, and now and then one per count: for logs."""

    def __init__(self, stderr: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stderr = stderr
        self._clock = clock
        self._said_s = clock()

    def step(self, text: str) -> None:
        """Write the step."""
        self._say(text)

    def count(self, what: str, done: int, total: int | None) -> None:
        """Write the count when the last line is some seconds old."""
        if self._clock() - self._said_s >= LINE_INTERVAL_S:
            self._say(f"{what}: {done}" if total is None else f"{what}: {done} of {total}")

    def note(self, text: str) -> None:
        """Write the note."""
        self._say(f"note: {text}")

    def line(self, text: str) -> None:
        """Write the line."""
        self._say(text)

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Show no board: lines that were written cannot change."""
        del lines
        return False

    def close(self) -> None:
        """Do nothing: lines stay."""

    def _say(self, text: str) -> None:
        self._said_s = self._clock()
        self._stderr.write(f"{safe_line(text)}\n")
        self._stderr.flush()
