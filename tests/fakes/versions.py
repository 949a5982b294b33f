"""A world of atoms in memory, which answers the solver; the port `eka.resolve.Provider`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import Genesis, Label, ObjectId, Requirement, Version
from eka.errors import Span
from eka.resolve import Answer, Dependencies, Unavailable, Wanted, drive, solve

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from eka.resolve import Need, Request, ResolveKey, Solution, Strategy

SET = Genesis(ObjectId("0" * 40))


def key(label: str, genesis: Genesis = SET) -> ResolveKey:
    """Return the key of an atom of the one set that these worlds mostly have."""
    return genesis, Label(label)


def request(text: str) -> Request:
    """Return (key, version) for ``zlib 1.3.1``."""
    label, version = text.split()
    return key(label), Version.parse(version)


def text_of(one: Request) -> str:
    """Return ``zlib 1.3.1`` for (key, version)."""
    return f"{one[0][1].text} {one[1].text}"


def wanted(text: str, file: str = "atom.toml", line: int = 1) -> Wanted:
    """Return the requirement line ``zlib ^1``, written at a place."""
    label, _, requirement = text.partition(" ")
    span = Span(file, line, 1, len(text), text)
    return Wanted(key(label), Requirement(requirement), span)


def lines(texts: Sequence[str], file: str = "atom.toml") -> tuple[Wanted, ...]:
    """Return requirement lines, one below the other in a file."""
    return tuple(wanted(text, file, at) for at, text in enumerate(texts, start=1))


@dataclass(frozen=True)
class FakeVersion:
    """One published version: what it requires, and what is odd about it."""

    requires: tuple[str, ...] = ()
    single: bool = False
    unavailable: str = ""


World = dict[str, dict[str, FakeVersion]]


def world(texts: Mapping[str, Sequence[str]]) -> World:
    """Return a world from ``{"menu 1.0.0": ["dropdown ^1"]}``."""
    made: World = {}
    for text, requires in texts.items():
        label, version = text.split()
        made.setdefault(label, {})[version] = FakeVersion(tuple(requires))
    return made


class FakeVersions:
    """Implements `eka.resolve.Provider` over a dictionary, and counts what is asked."""

    def __init__(self, atoms: World) -> None:
        self.listed: dict[ResolveKey, Sequence[Version]] = {
            key(label): _parsed(versions) for label, versions in atoms.items()
        }
        self.needs = {
            (key(label), Version.parse(version)): _dependencies(f"{label}@{version}", one)
            for label, versions in atoms.items()
            for version, one in versions.items()
        }
        self.rounds = 0
        self.asked: list[Request] = []

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        self.rounds += 1
        return {each: self.listed.get(each, ()) for each in keys}

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        self.rounds += 1
        self.asked += requests
        return {each: self.needs[each] for each in requests}


def resolve(
    atoms: World,
    root: Sequence[str],
    *,
    locked: Sequence[str] = (),
    strategy: Strategy = "highest",
    single: Sequence[str] = (),
) -> Solution:
    """Solve a world for requirement lines of a project."""
    preferred: dict[ResolveKey, set[Version]] = {}
    for one, version in map(request, locked):
        preferred.setdefault(one, set()).add(version)
    search = solve(
        lines(root), preferred=preferred, strategy=strategy, single=[key(each) for each in single]
    )
    return drive(search, FakeVersions(atoms))


def some_history(
    rng: random.Random, majors: Sequence[int], *, most: int, breaks: float
) -> list[str]:
    """Return versions of one atom, from the first to the last.

    Args:
        rng: Decides.
        majors: What the first major version may be.
        most: How many there may be.
        breaks: How probable it is that one begins a major version.
    """
    numbers: list[str] = []
    major, minor, patch = rng.choice(majors), rng.randint(0, 3), 0
    for _ in range(rng.randint(3, most)):
        numbers.append(f"{major}.{minor}.{patch}")
        step = rng.random()
        if step < breaks:
            major, minor, patch = major + 1, 0, 0
        elif step < 0.5:
            minor, patch = minor + 1, 0
        else:
            patch += 1
    return numbers


def answer(provider: FakeVersions, need: Need) -> Answer:
    """Answer all that one need asks."""
    return Answer(provider.versions(need.versions), provider.dependencies(need.dependencies))


def _parsed(versions: Mapping[str, FakeVersion]) -> Sequence[Version]:
    return tuple(map(Version.parse, versions))


def _dependencies(name: str, one: FakeVersion) -> Dependencies | Unavailable:
    if one.unavailable:
        return Unavailable(one.unavailable)
    return Dependencies(lines(one.requires, f"{name}/atom.toml"), single=one.single)
