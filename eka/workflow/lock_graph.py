"""Who needs whom in a lock: pure walks over numbers, each linear in what it visits.

Number 0 is the project itself, the others are the atoms of the lock in the order in which people
look for them: by label, then version, then set.
"""

from __future__ import annotations

from typing import NamedTuple

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eka.atom import AtomKey, Genesis, Label, Lock, LockedAtom

PROJECT = 0
MOST_DEPTH = 200  # levels that are drawn: each costs four columns on every line below it
MOST_COUNTED = 10**9  # ways: there may be more of them than atoms in the universe
_LAST, _NOT_LAST = "└── ", "├── "
_BELOW_LAST, _BELOW = "    ", "│   "

Edges = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class LockGraph:
    """A lock as a graph.

    Attributes:
        atoms: By number, less one: the project has number 0 and is no atom of its own lock.
        needs: By number, the numbers of what it needs, ascending.
        needed_by: The same the other way round.
        numbers: Of each atom.
    """

    atoms: tuple[LockedAtom, ...]
    needs: Edges
    needed_by: Edges
    numbers: Mapping[AtomKey, int]

    def key(self, number: int) -> AtomKey | None:
        """Return the atom a number stands for; None is the project."""
        return self.atoms[number - 1].key if number else None

    def duplicates(self) -> Iterator[tuple[int, ...]]:
        """Yield the numbers of atoms of one set and label that are there in several versions."""
        groups: dict[tuple[Genesis, Label], list[int]] = {}
        for number, atom in enumerate(self.atoms, 1):
            groups.setdefault((atom.key.genesis, atom.key.label), []).append(number)
        yield from (tuple(group) for group in groups.values() if len(group) > 1)


def graph_of(lock: Lock) -> LockGraph:
    """Return a lock as a graph. O(atoms + requirements), but for sorting them."""
    atoms = tuple(sorted(lock.atoms, key=lambda atom: _order(atom.key)))
    numbers = {atom.key: number for number, atom in enumerate(atoms, 1)}
    needs: list[tuple[int, ...]] = []
    needed_by: list[list[int]] = [[] for _ in range(len(atoms) + 1)]
    for number, requires in enumerate((lock.requires, *(atom.requires for atom in atoms))):
        found = tuple(sorted(numbers[key] for key in requires))
        needs.append(found)
        for each in found:
            needed_by[each].append(number)
    return LockGraph(atoms, tuple(needs), tuple(map(tuple, needed_by)), numbers)


def _order(key: AtomKey) -> tuple[str, object, str]:
    return key.label.text, key.version.key, key.genesis.hex


def distances(edges: Edges, starts: Iterable[int], most: int | None = None) -> dict[int, int]:
    """Return how many edges lead from the nearest start to each number that can be reached.

    Numbers come in the order of their distance; those beyond ``most`` are left out.
    """
    found = dict.fromkeys(starts, 0)
    queue = list(found)
    for number in queue:  # grows as it is read
        distance = found[number] + 1
        if most is not None and distance > most:
            break
        for other in edges[number]:
            if other not in found:
                found[other] = distance
                queue.append(other)
    return found


def within(edges: Edges, kept: Mapping[int, object]) -> Edges:
    """Return the edges between numbers in ``kept``."""
    return tuple(
        tuple(other for other in others if other in kept) if number in kept else ()
        for number, others in enumerate(edges)
    )


class Step(NamedTuple):  # there are tens of thousands of them, and a tuple is made the fastest
    """One line of a tree that is drawn.

    Attributes:
        number: What it shows.
        parent: Below what; None for a root.
        lead: The branches before it.
        is_repeated: What is below it was drawn before, and is left out.
        is_cut: What is below it is too deep, and is left out.
    """

    number: int
    parent: int | None
    lead: str
    is_repeated: bool
    is_cut: bool


def drawn(
    edges: Edges, roots: Sequence[int], *, depth: int | None = None, is_deduped: bool = True
) -> Iterator[Step]:
    """Yield the lines of a tree, depth first.

    Deduped, it has one line for each root and each edge that is reached. With a ``depth`` what
    was cut there is shown once more where there is room for it. Not deduped, there may be
    exponentially many lines: take only so many.
    """
    is_limited = depth is not None
    depth = MOST_DEPTH if depth is None else min(depth, MOST_DEPTH)
    heights = _heights(edges, roots) if is_deduped and is_limited else {}
    rooms: dict[int, int] = {}  # number -> for how many levels it was drawn
    for root in roots:
        stack: list[tuple[int, int | None, str, str, int]] = [(root, None, "", "", depth)]
        while stack:
            number, parent, above, branch, room = stack.pop()
            below = edges[number]
            wanted = min(room, heights[number]) if heights else 0
            is_repeated = is_deduped and bool(below) and rooms.get(number, -1) >= wanted
            is_cut = bool(below) and not is_repeated and room == 0
            yield Step(number, parent, above + branch, is_repeated, is_cut)
            if is_repeated or is_cut:
                continue
            rooms[number] = room
            above += "" if parent is None else _BELOW_LAST if branch == _LAST else _BELOW
            last = _LAST
            for other in reversed(below):
                stack.append((other, number, above, last, room - 1))
                last = _NOT_LAST


def _heights(edges: Edges, roots: Iterable[int]) -> dict[int, int]:
    """Return how many levels there are below each number that is reached."""
    heights: dict[int, int] = {}
    stack = list(roots)
    while stack:
        number = stack.pop()
        if number in heights:
            continue
        left = [other for other in edges[number] if other not in heights]
        if left:
            stack += (number, *left)
            continue
        heights[number] = 1 + max((heights[other] for other in edges[number]), default=-1)
    return heights


@dataclass(frozen=True, slots=True)
class Ways:
    """The shortest ways to one number.

    Attributes:
        target: The number.
        distances: How far it is from each number that leads there.
        counts: How many shortest ways there are from each of them, at most `MOST_COUNTED`.
    """

    target: int
    distances: Mapping[int, int]
    counts: Mapping[int, int]
    needs: Edges

    def starting_at(self, number: int) -> Iterator[tuple[int, ...]]:
        """Yield the shortest ways from ``number``, both ends included, in order; maybe very many.

        ``number`` must be one of ``distances``.
        """
        way: list[int] = []
        stack = [(number, 0)]
        while stack:
            current, depth = stack.pop()
            del way[depth:]
            way.append(current)
            if current == self.target:
                yield tuple(way)
            stack.extend((each, depth + 1) for each in reversed(self._nearer(current)))

    def _nearer(self, number: int) -> list[int]:
        distance = self.distances[number] - 1
        return [each for each in self.needs[number] if self.distances.get(each) == distance]


def ways_to(graph: LockGraph, target: int) -> Ways:
    """Return the shortest ways that lead to ``target``. O(atoms + requirements)."""
    found = distances(graph.needed_by, [target])
    counts: dict[int, int] = {}
    for number, distance in found.items():  # the nearest first
        before = (each for each in graph.needs[number] if found.get(each) == distance - 1)
        count = sum(counts[each] for each in before) if distance else 1
        counts[number] = min(count, MOST_COUNTED)
    return Ways(target, found, counts, graph.needs)
