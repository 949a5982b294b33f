"""The port through which a user story says how far it is; the CLI shows it, tests record it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Progress(Protocol):
    """Somebody who listens to work being done."""

    def step(self, text: str) -> None:
        """Begin a new step, such as ``resolving``; it ends the one before."""
        ...

    def count(self, what: str, done: int, total: int | None) -> None:
        """Say how many of ``total`` things are done; ``None`` when nobody knows the total."""
        ...

    def note(self, text: str) -> None:
        """Tell something the user should know though nothing failed."""
        ...

    def line(self, text: str) -> None:
        """Pass on a line that a program wrote."""
        ...

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Show lines that change all the time, asked for again and again; None ends that.

        Returns:
            Whether they are shown; else what they say is to be told as steps.
        """
        ...


def counted(number: int, noun: str) -> str:
    """Return ``1 atom``, ``2 atoms``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Silent:
    """Listens to nothing."""

    def step(self, text: str) -> None:
        """Ignore a step."""

    def count(self, what: str, done: int, total: int | None) -> None:
        """Ignore a count."""

    def note(self, text: str) -> None:
        """Ignore a note."""

    def line(self, text: str) -> None:
        """Ignore a line."""

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Ignore a board."""
        del lines
        return False


class Notes:
    """Passes on all but notes, which are told later, or never."""

    def __init__(self, listener: Progress) -> None:
        self._listener = listener
        self._notes: list[str] = []

    def step(self, text: str) -> None:
        """Pass on a step."""
        self._listener.step(text)

    def count(self, what: str, done: int, total: int | None) -> None:
        """Pass on a count."""
        self._listener.count(what, done, total)

    def note(self, text: str) -> None:
        """Keep a note."""
        self._notes.append(text)

    def line(self, text: str) -> None:
        """Pass on a line."""
        self._listener.line(text)

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Pass on a board."""
        return self._listener.board(lines)

    def tell(self) -> None:
        """Pass on the notes."""
        for text in self._notes:
            self._listener.note(text)


class Part:
    """Passes on what a part of the work says, the part's name before it."""

    def __init__(self, whole: Progress, name: str) -> None:
        self._whole = whole
        self._name = name

    def step(self, text: str) -> None:
        """Pass on a step."""
        self._whole.step(f"{self._name}: {text}")

    def count(self, what: str, done: int, total: int | None) -> None:
        """Pass on a count."""
        self._whole.count(f"{self._name}: {what}", done, total)

    def note(self, text: str) -> None:
        """Pass on a note."""
        self._whole.note(f"{self._name}: {text}")

    def line(self, text: str) -> None:
        """Pass on a line as it is."""
        self._whole.line(text)

    def board(self, lines: Callable[[], Sequence[str]] | None) -> bool:
        """Show no board: parts of some work would show several at once."""
        del lines
        return False
