"""``eka why``: the shortest ways from the lines of a manifest to an atom of its lock."""

from __future__ import annotations

from itertools import islice, pairwise

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.values import dataclass
from eka.workflow.lock_graph import MOST_COUNTED, PROJECT, graph_of, ways_to
from eka.workflow.locked_here import locked_here
from eka.workflow.locked_lines import NeedLine, NeedLines
from eka.workflow.locked_manifests import LockedManifests
from eka.workflow.locked_names import find_locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.atom import AtomKey
    from eka.workflow.lock_graph import LockGraph
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.services import Services

MOST_OF_A_LINE, MOST_WAYS = 3, 20
MOST_OF_ALL = 1000


@dataclass(frozen=True, slots=True)
class Need:
    """One step of a way: who needs an atom.

    Attributes:
        owner: Who; None: the project.
        needed: What.
        lines: The lines of the owner's manifest that ask for it.
        unknown: Why they cannot be told.
    """

    owner: AtomKey | None
    needed: AtomKey
    lines: tuple[NeedLine, ...]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Why an atom is in a lock.

    Attributes:
        locked: Whose lock it is.
        key: The atom.
        ways: From the project to it; those that are shown, the shortest first.
        total: How many there are, at most `MOST_COUNTED`.
    """

    locked: LockedProject
    key: AtomKey
    ways: tuple[tuple[Need, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Way:
    """A way through a lock, before its requirements are known; ``line`` begins it, if known."""

    line: NeedLine | None
    numbers: tuple[int, ...]  # from what the project needs to the atom, both included


def explain(services: Services, names: Sequence[str], *, every: bool = False) -> list[Why]:
    """Return why atoms are in the locks here: the shortest ways from each line of a manifest.

    Args:
        services: Ports.
        names: Of the atoms.
        every: Show all of these ways, not a few of each line.

    Raises:
        As `locked_here`; AtomNotLocked: nothing is called so; NetworkFailed: a manifest is not
        in the cache, and its source does not answer.

    Source: atom-spec/queries.md [why-ways].
    """
    projects = locked_here(services)
    found = find_locked(services, projects, names)
    manifests = LockedManifests(services)
    return [
        why
        for locked, keys in zip(projects, found, strict=True)
        if keys
        for why in _Explanation(locked, manifests, every=every).of(keys)
    ]


class _Explanation:
    """Explains atoms of one lock."""

    def __init__(self, locked: LockedProject, manifests: LockedManifests, *, every: bool) -> None:
        self._locked = locked
        self._manifests = manifests
        self._every = every
        self._graph = graph_of(locked.lock)
        self._lines = NeedLines(locked)
        self._begins = list(_begins(self._lines.of_project(), self._graph))

    def of(self, keys: Sequence[AtomKey]) -> Iterator[Why]:
        """Yield why each of some atoms is there; manifests are asked for together."""
        found = [(key, *self._ways(key)) for key in keys]
        needs = self._needs({
            number for _, ways, _ in found for way in ways for number in way.numbers[:-1]
        })  # fmt: skip
        for key, ways, total in found:
            told = tuple(tuple(self._told(way, needs)) for way in ways)
            yield Why(self._locked, key, told, total)

    def _ways(self, key: AtomKey) -> tuple[list[_Way], int]:
        """Return the ways to show, the shortest first, and how many there are."""
        ways = ways_to(self._graph, self._graph.numbers[key])
        begins = [each for each in self._begins if each[1] in ways.distances]
        begins.sort(key=lambda begin: ways.distances[begin[1]])  # else as they stand in the file
        total = min(sum(ways.counts[number] for _, number in begins), MOST_COUNTED)
        most = MOST_OF_ALL if self._every else MOST_WAYS
        shown: list[_Way] = []
        for line, number in begins:
            left = most - len(shown)
            count = left if self._every else min(MOST_OF_A_LINE, left)
            shown += (_Way(line, way) for way in islice(ways.starting_at(number), count))
        return shown, total

    def _needs(self, numbers: set[int]) -> dict[int, Mapping[AtomKey, list[NeedLine]] | str]:
        """Return the lines of atoms by what they select, or why they are not known."""
        atoms = {number: self._graph.atoms[number - 1] for number in sorted(numbers)}
        manifests = self._manifests.of(self._locked, atoms.values())
        found: dict[int, Mapping[AtomKey, list[NeedLine]] | str] = {}
        for number, atom in atoms.items():
            manifest = manifests[atom.key]
            if isinstance(manifest, EkaError):
                found[number] = str(manifest)
                continue
            lines: dict[AtomKey, list[NeedLine]] = {}
            for line in self._lines.of_atom(atom.key, manifest):
                lines.setdefault(line.needed, []).append(line)
            found[number] = lines
        return found

    def _told(
        self, way: _Way, needs: Mapping[int, Mapping[AtomKey, list[NeedLine]] | str]
    ) -> Iterator[Need]:
        first = self._graph.atoms[way.numbers[0] - 1].key
        yield Need(None, first, (way.line,) if way.line else ())
        for number, other in pairwise(way.numbers):
            owner, needed = (self._graph.atoms[each - 1].key for each in (number, other))
            lines = needs[number]
            if isinstance(lines, str):
                yield Need(owner, needed, (), lines)
            else:
                yield Need(owner, needed, tuple(lines.get(needed, ())))


def _begins(lines: Sequence[NeedLine], graph: LockGraph) -> Iterator[tuple[NeedLine | None, int]]:
    """Yield what the project needs with its lines; what the lock has without one comes last."""
    for line in lines:
        yield line, graph.numbers[line.needed]
    told = {graph.numbers[line.needed] for line in lines}
    yield from ((None, number) for number in graph.needs[PROJECT] if number not in told)
