"""Compares two things side by side: interleaved rounds, and the median of their ratios.

The machine's load changes while a benchmark runs; interleaved, it hits both sides alike.
"""

from __future__ import annotations

import resource
import subprocess
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times as long ours takes; below 1 is faster."""

    name: str
    ratio: float
    ours_s: float
    theirs_s: float
    rounds: int
    at_most: float | None = None  # the goal

    @property
    def is_met(self) -> bool:
        """Whether the goal, if there is one, is reached."""
        return self.at_most is None or self.ratio <= self.at_most

    def __str__(self) -> str:
        goal = ""
        if self.at_most is not None:
            goal = f"  goal <= {self.at_most:g}: {'met' if self.is_met else 'MISSED'}"
        return (
            f"{self.name:<44} {self.ratio:7.2f} x  "
            f"({self.ours_s * 1000:.1f} ms / {self.theirs_s * 1000:.1f} ms, n={self.rounds}){goal}"
        )


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of something there is, where no rival is needed to judge it."""

    name: str
    amount: float
    unit: str
    at_most: float

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.amount <= self.at_most

    def __str__(self) -> str:
        said = "met" if self.is_met else "MISSED"
        told = f"{self.amount:g} {self.unit}"
        return f"{self.name:<44} {told:>9}  goal <= {self.at_most:g}: {said}"


@dataclass(frozen=True, slots=True)
class NotRun:
    """A measurement that what it needs is not there for."""

    name: str
    why: str
    is_met: bool = True

    def __str__(self) -> str:
        return f"{self.name:<44} not run: {self.why}"


def compare(
    name: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    *,
    rounds: int = 21,
    at_most: float | None = None,
) -> Comparison:
    """Return the median ratio of what two measurements say, in seconds, over many rounds."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return Comparison(
        name=name,
        ratio=median(mine / other for mine, other in pairs),
        ours_s=median(mine for mine, _ in pairs),
        theirs_s=median(other for _, other in pairs),
        rounds=rounds,
        at_most=at_most,
    )


def cpu_s(command: Sequence[str]) -> float:
    """Run ``command`` and return the processor time it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
