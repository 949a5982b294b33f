"""Puzzles for the solver that are too large to try everything, and what judges their solutions.

Nothing here uses the solver or what it is made of: requirements are matched one by one, and
compatibility is worked out from the numbers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import Version
from tests.fakes.versions import FakeVersion, FakeVersions, key, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve import Request, Solution, Strategy, Wanted
    from tests.fakes.versions import World

NUMBERS = (
    "0.0.1", "0.0.2", "0.1.0", "0.1.1", "0.1.2", "0.2.0-beta", "0.2.0", "0.3.1", "1.0.0-rc.1",
    "1.0.0", "1.1.0", "1.1.1", "1.2.0", "1.3.0-a.1", "1.3.0-a.2", "2.0.0", "2.0.1", "2.1.0",
    "3.0.0-x", "3.0.0", "4.2.0",
)  # fmt: skip
PATTERNS = ("*", "*", "^1", "^2", "^0.1", "^0", ">=1", ">=0.1", "<2", "<3", "1.*", "^9")


@dataclass(frozen=True)
class Rules:
    """A puzzle as data: what is published, and what a project wants."""

    atoms: World
    root: Sequence[str]
    single: Sequence[str]
    locked: Sequence[Request]
    strategy: Strategy

    def wanted(self) -> tuple[Wanted, ...]:
        return lines(self.root)

    def provider(self) -> FakeVersions:
        return FakeVersions(self.atoms)

    def published(self) -> Iterator[tuple[Request, FakeVersion]]:
        for label, versions in self.atoms.items():
            for text, one in versions.items():
                yield (key(label), Version.parse(text)), one

    def is_same_place(self, one: Request, other: Request) -> bool:
        """Whether at most one of two versions may be selected."""
        if one[0] != other[0]:
            return False
        return one[0][1].text in self.single or compatibility(one[1]) == compatibility(other[1])


def compatibility(version: Version) -> tuple[int, ...]:
    """Return the numbers that compatible versions share: up to the first that is not zero."""
    numbers = (version.major, version.minor, version.patch)
    first = next((at for at, number in enumerate(numbers) if number), 2)
    return numbers[: first + 1]


def meets(line: Wanted, one: Request) -> bool:
    return line.key == one[0] and line.requirement.matches(one[1])


def faults(rules: Rules, solution: Solution) -> list[str]:
    """Return what is wrong with a solution, whoever found it."""
    known = dict(rules.published())
    chosen = list(solution.edges)
    found = [f"{one} is not published" for one in chosen if one not in known]
    for one in chosen:
        version = known.get(one, FakeVersion())
        beside = [other for other in chosen if other[0] == one[0] and other != one]
        if version.unavailable:
            found.append(f"{one} cannot be used")
        if version.single and beside:
            found.append(f"{one} is not alone")
        found += [f"{one} and {other}" for other in beside if rules.is_same_place(one, other)]
        found += _unfilled(lines(version.requires), solution.edges[one], chosen)
    found += _unfilled(rules.wanted(), solution.root, chosen)
    found += [f"{one} is not needed" for one in set(chosen) - _reached(solution)]
    if sorted((each, version) for (each, _), version in solution.selected.items()) != sorted(
        chosen
    ):
        found.append("what is selected is told twice, and not alike")
    return found


def _unfilled(
    wanted: Sequence[Wanted], fillers: Sequence[Request], chosen: Sequence[Request]
) -> list[str]:
    found = [
        f"{line.key[1].text} {line.requirement.text} is not met"
        for line in wanted
        if not any(meets(line, one) for one in fillers)
    ]
    idle = [one for one in fillers if not any(meets(line, one) for line in wanted)]
    return [*found, *(f"{one} fills nothing" for one in idle if one in chosen)]


def _reached(solution: Solution) -> set[Request]:
    reached: set[Request] = set()
    waiting = list(solution.root)
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += solution.edges[one]
    return reached


def puzzle(seed: int) -> Rules:
    """Return a puzzle of 3 to 13 atoms, with everything that makes resolution hard."""
    rng = random.Random(seed)
    labels = [f"p{at}" for at in range(rng.randint(3, 13))]
    missing = "gone"  # never published
    width = rng.randint(4, 14)
    atoms: World = {}
    for at, label in enumerate(labels):
        near = [*labels[at + 1 : at + 6], *([label] if rng.random() < 0.05 else [])]
        if rng.random() < 0.05:
            near.append(missing)
        if rng.random() < 0.03:
            near += labels[:at][-1:]  # a circle, perhaps
        numbers = rng.sample(NUMBERS, rng.randint(width // 2, width))
        density = rng.uniform(0.05, 0.6)
        atoms[label] = {number: _version(rng, near, density) for number in numbers}
    root = [
        f"{label} {_requirement(rng, list(atoms[label]))}"
        for label in labels[:4]
        if rng.random() < 0.5
    ]
    singles = [label for label in labels if rng.random() < 0.12]
    published = [(key(label), Version.parse(number)) for label in atoms for number in atoms[label]]
    locked = rng.sample(published, len(published) // 4) if rng.random() < 0.5 else []
    strategy: Strategy = rng.choice(("highest", "minimal"))
    return Rules(atoms, root or ["p0 *"], singles, locked, strategy)


def _version(rng: random.Random, near: Sequence[str], density: float) -> FakeVersion:
    requires = [f"{label} {_requirement(rng)}" for label in near if rng.random() < density]
    odd = rng.random()
    return FakeVersion(
        tuple(requires), single=0.05 < odd < 0.1, unavailable="it is yanked" if odd < 0.05 else ""
    )


def _requirement(rng: random.Random, numbers: Sequence[str] = NUMBERS) -> str:
    if rng.random() < 0.4:
        return rng.choice(PATTERNS)
    return rng.choice(("^", "^", "=", "~", "<=", ">", ">=", "<")) + rng.choice(numbers)
