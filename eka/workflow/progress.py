"""The port through which a user story says how far it is; the CLI shows it, tests record it."""

from __future__ import annotations

from typing import Protocol


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


class Silent:
    """Listens to nothing."""

    def step(self, text: str) -> None:
        """Ignore a step."""

    def count(self, what: str, done: int, total: int | None) -> None:
        """Ignore a count."""

    def note(self, text: str) -> None:
        """Ignore a note."""
