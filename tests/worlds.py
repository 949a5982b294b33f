"""Random worlds for the solver, and a search that tries everything in them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eka.resolve import Dependencies, Unavailable, bucket_of
from tests.fakes.versions import FakeVersion, FakeVersions, lines, some_history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Version
    from eka.resolve import Request, ResolveKey, Solution, Wanted
    from tests.fakes.versions import World

NUMBERS = ("0.1.0", "0.1.1", "0.2.0", "1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0", "2.1.0", "3.0.0-a")
LABELS = "abcdefgh"


@dataclass(frozen=True)
class Puzzle:
    """A world, the lines of a project, and the atoms it wants once."""

    atoms: World
    root: Sequence[str]
    single: Sequence[str] = ()
    provider: FakeVersions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider", FakeVersions(self.atoms))

    def wanted(self) -> Sequence[Wanted]:
        return lines(self.root)

    def bucket(self, one: Request) -> str:
        return "*" if one[0][1].text in self.single else bucket_of(one[1])

    def needs(self, one: Request) -> Dependencies | None:
        """Return what a version needs; None when it cannot be used."""
        needs = self.provider.needs[one]
        return None if isinstance(needs, Unavailable) else needs

    def faults(self, solution: Solution) -> list[str]:
        """Return which rules a solution breaks."""
        found: list[str] = []
        chosen = list(solution.edges)
        for one in chosen:
            needs = self.needs(one) or Dependencies()
            beside = [other for other in chosen if other[0] == one[0] and other != one]
            if self.needs(one) is None or (needs.single and beside):
                found.append(f"{one} cannot be selected")
            if any(self.bucket(other) == self.bucket(one) for other in beside):
                found.append(f"{one} shares its bucket")
            found += [f"{one}: {each}" for each in _unmet(needs.wanted, solution.edges[one])]
        found += [f"root: {each}" for each in _unmet(self.wanted(), solution.root)]
        named = {(each, bucket): version for (each, bucket), version in solution.selected.items()}
        if named != {(one[0], self.bucket(one)): one[1] for one in chosen}:
            found.append("selected and edges differ")
        reached = set(solution.root).union(*solution.edges.values())
        found += [f"{one} is not needed" for one in chosen if one not in reached]
        return found

    def has_solution(self) -> bool:
        """Try everything; independent of the solver, and slow."""
        return self._extend({}, list(self.wanted()))

    def _extend(
        self, chosen: Mapping[tuple[ResolveKey, str], Version], open_: list[Wanted]
    ) -> bool:
        while open_ and any(_meets(open_[0], one) for one in _requests(chosen)):
            open_ = open_[1:]
        if not open_:
            return True
        first, rest = open_[0], open_[1:]
        for version in self.provider.listed.get(first.key, ()):
            one = (first.key, version)
            needs = self.needs(one)
            if needs is None or not _meets(first, one) or not self._fits(one, needs, chosen):
                continue
            place = (first.key, self.bucket(one))
            if self._extend({**chosen, place: version}, [*rest, *needs.wanted]):
                return True
        return False

    def _fits(
        self,
        one: Request,
        needs: Dependencies,
        chosen: Mapping[tuple[ResolveKey, str], Version],
    ) -> bool:
        if (one[0], self.bucket(one)) in chosen:
            return False
        beside = [other for other in _requests(chosen) if other[0] == one[0]]
        others = [self.needs(other) or Dependencies() for other in beside]
        return not (beside and (needs.single or any(other.single for other in others)))


def small_puzzle(seed: int) -> Puzzle:
    """Return a puzzle of a few atoms with a few versions in several buckets."""
    rng = random.Random(seed)
    labels = LABELS[: rng.randint(2, 6)]
    atoms: World = {}
    for label in labels:
        chosen = rng.sample(NUMBERS, rng.randint(1, 5))
        below = [other for other in labels if other > label]
        atoms[label] = {number: _version(rng, below) for number in chosen}
    root = [f"{label} {_requirement(rng)}" for label in labels if rng.random() < 0.4]
    single = [label for label in labels if rng.random() < 0.15]
    return Puzzle(atoms, root or ["a *"], single)


def large_puzzle(seed: int) -> Puzzle:
    """Return a puzzle that takes many conflicts: many atoms, many of them pinned."""
    rng = random.Random(seed)
    count = rng.choice([12, 25, 60])
    pins = rng.choice([0.0, 0.02, 0.1])
    histories = [some_history(rng, [0, 0, 1], most=16, breaks=0.12) for _ in range(count)]
    atoms: World = {}
    for at, history in enumerate(histories):
        further = range(at + 1, min(count, at + 12))
        needed = rng.sample(further, min(len(further), rng.randint(0, 5)))
        atoms[f"p{at}"] = {
            number: FakeVersion(
                tuple(_line(rng, other, histories[other], place, pins) for other in needed),
                single=rng.random() < 0.02,
                unavailable="yanked" if rng.random() < 0.03 else "",
            )
            for place, number in enumerate(history)
        }
    root = [f"p{at} {rng.choice(['*', '>=0.1'])}" for at in rng.sample(range(count // 3), 3)]
    single = [label for label in atoms if rng.random() < 0.1]
    return Puzzle(atoms, root, single)


def _line(rng: random.Random, other: int, history: Sequence[str], place: int, pins: float) -> str:
    """Return a requirement on a version that was new at about the same time."""
    at = min(len(history) - 1, max(0, place - rng.randint(0, 3)))
    operator = "=" if rng.random() < pins else rng.choice(["^", "^", "^", "^", ">="])
    return f"p{other} {operator}{history[at]}"


def _version(rng: random.Random, below: Sequence[str]) -> FakeVersion:
    if rng.random() < 0.05:
        return FakeVersion(unavailable="it is yanked")
    requires = [f"{label} {_requirement(rng)}" for label in below if rng.random() < 0.45]
    return FakeVersion(tuple(requires), single=rng.random() < 0.1)


def _requirement(rng: random.Random) -> str:
    number = rng.choice(NUMBERS)
    return rng.choice([
        "*", "^1", "^0.1", "^0.2", "1", "2", ">=1", ">=0.1", "<2", ">=0.1.1, <2.1", "~1.1", "1.*",
        ">=0", f"={number}", f"^{number}", f"<={number}", f">{number}", "^9",
    ])  # fmt: skip


def _meets(line: Wanted, one: Request) -> bool:
    return line.key == one[0] and line.requirement.matches(one[1])


def _unmet(wanted: Sequence[Wanted], by: Sequence[Request]) -> list[str]:
    return [
        f"{line.key[1].text} {line.requirement.text} is not met"
        for line in wanted
        if not any(_meets(line, one) for one in by)
    ]


def _requests(chosen: Mapping[tuple[ResolveKey, str], Version]) -> list[Request]:
    return [(each, version) for (each, _), version in chosen.items()]
