"""Lines that move on a terminal: a step or a bar, and below it a board; for both programs."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.text import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TextIO

    from rich.console import RenderableType
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# A command that answers sooner shows no progress and does not pay for loading rich.
DELAY_S = 0.4


class Moving:
    """A spinner or a bar that appears when the work lasts, and leaves no trace."""

    def __init__(self, stderr: TextIO, *, colour: bool, delay_s: float = DELAY_S) -> None:
        self._stderr = stderr
        self._colour = colour
        import threading  # noqa: PLC0415 - only a person at a terminal needs it

        self._lock = threading.Lock()
        self._text = ""
        self._done = 0
        self._total: int | None = None
        self._board: Callable[[], Sequence[str]] | None = None
        self._display: RichProgress | None = None
        self._task: TaskID | None = None
        self._closed = False
        self._timer = threading.Timer(delay_s, self._appear)
        self._timer.daemon = True
        self._timer.start()

    def step(self, text: str) -> None:
        """Show the step."""
        self._change(text, 0, None)

    def count(self, what: str, done: int, total: int | None) -> None:
        """Show the count, as a bar when the total is known."""
        self._change(what, done, total)

    def note(self, text: str) -> None:
        """Write the note above the display; it stays."""
        self.line(f"note: {text}")

    def line(self, text: str) -> None:
        """Write the line above the display; it stays."""
        with self._lock:
            line = safe_line(text)
            if self._display is None:
                self._stderr.write(f"{line}\n")
                self._stderr.flush()
            else:
                self._display.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Show the lines below the step or count."""
        self._board = lines
        return True

    def close(self) -> None:
        """Take the display away."""
        with self._lock:
            self._closed = True
            self._timer.cancel()
            if self._display is not None:
                self._display.stop()
                self._display = None

    def _change(self, text: str, done: int, total: int | None) -> None:
        with self._lock:
            self._text, self._done, self._total = safe_line(text), done, total
            self._refresh()

    def _appear(self) -> None:
        from rich.console import Console  # noqa: PLC0415 (dear; quick commands never get here)
        from rich.progress import BarColumn, SpinnerColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as RichProgress  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        moving = self

        class Display(RichProgress):
            """The bar, and below it the board."""

            def get_renderables(self) -> Iterable[RenderableType]:
                yield from super().get_renderables()
                board = moving._board  # noqa: SLF001 - a part of it
                for line in board() if board is not None else ():
                    yield Text(safe_line(line), no_wrap=True, overflow="ellipsis")

        with self._lock:
            if self._closed:
                return
            self._display = Display(
                SpinnerColumn("line"),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[tally]}", markup=False),
                console=Console(file=self._stderr, force_terminal=True, no_color=not self._colour),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._display.add_task("", total=None, tally="")
            self._refresh()
            self._display.start()

    def _refresh(self) -> None:
        if self._display is None or self._task is None:
            return
        of_total = "" if self._total is None else f" of {self._total}"
        self._display.update(
            self._task,
            description=self._text,
            completed=self._done,
            total=self._total,
            tally=f"{self._done}{of_total}" if self._done or self._total else "",
        )
