"""Generated registries in the style of cargo's: many atoms, histories, mostly caret requirements.

Eager enough to require what does not exist, what was yanked, and one exact version, so that most
projects in them cannot be resolved.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.versions import FakeVersion, some_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.versions import World

LINES = 8  # of a project
MOST_NEEDS = 4
YANKED, MISSING, TILDE, FROM = 0.03, 0.02, 0.12, 0.04


@dataclass(frozen=True)
class Registry:
    """A world, and the lines of a project in it."""

    atoms: World
    root: Sequence[str]


def registry(count: int, seed: int, *, pins: float = 0.05) -> Registry:
    """Return a registry of ``count`` atoms; ``pins``: the share of exact requirements."""
    rng = random.Random(seed)
    histories = [some_history(rng, [0, 0, 1, 1], most=25, breaks=0.1) for _ in range(count)]
    atoms: World = {}
    for at, history in enumerate(histories):
        reach = range(at + 1, min(count, at + 9 + count // 4))
        needed = _needed(rng, reach)
        atoms[f"p{at}"] = versions = {}
        for place, number in enumerate(history):
            if rng.random() < 0.15:
                needed = _needed(rng, reach)
            age = (place + 1) / len(history)
            lines = [f"p{other} {_line(rng, histories[other], age, pins)}" for other in needed]
            yanked = "it is yanked" if rng.random() < YANKED else ""
            versions[number] = FakeVersion(tuple(lines), unavailable=yanked)
    starts = rng.sample(range(max(LINES, count // 6)), LINES)
    root = [f"p{at} ^{histories[at][-1].rpartition('.')[0]}" for at in starts]
    return Registry(atoms, root)


def _needed(rng: random.Random, reach: range) -> Sequence[int]:
    return rng.sample(reach, min(len(reach), rng.randint(0, MOST_NEEDS)))


def _line(rng: random.Random, history: Sequence[str], age: float, pins: float) -> str:
    """Return a requirement on a version that was new at about the same time."""
    at = min(len(history) - 1, max(0, int(age * len(history)) - rng.randint(0, 3)))
    kind = rng.random()
    for share, operator in ((pins, "="), (TILDE, "~"), (FROM, ">=")):
        if kind < share:
            return f"{operator}{history[at]}"
        kind -= share
    if kind < MISSING:
        major, minor, _ = history[at].split(".")
        return f"^{major}.{int(minor) + 7}.0"
    return f"^{history[at]}"
