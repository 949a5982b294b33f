"""The search for one version per atom and bucket, as a generator that asks and is told.

The result depends on the facts alone: not on the order or the size of the answers, and not on
what was answered without being needed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from eka.errors import EkaError, raise_problems
from eka.resolve.catalog import Catalog, Target
from eka.resolve.cycles import find_cycle
from eka.resolve.engine import Engine
from eka.resolve.errors import DependencyCycle, NoMatchingVersion, NoSuchPackage
from eka.resolve.explain import explain
from eka.resolve.facts import Alone, Fact, Requires, Unmet, Unusable
from eka.resolve.incompatibility import ABSENT, NOBODY, Contradiction
from eka.resolve.listing import Listing
from eka.resolve.model import Need, Solution, Unavailable
from eka.resolve.places import Places

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.catalog import Line
    from eka.resolve.model import Answer, Bucket, Request, ResolveKey, Strategy, Wanted

    Asking = Generator[Need, Answer, None]

GROWTH = 4
"""How many times more versions of an atom are asked for each time the next one is missing."""


def solve(
    root: Sequence[Wanted],
    *,
    preferred: Mapping[ResolveKey, Collection[Version]] | None = None,
    strategy: Strategy = "highest",
    single: Collection[ResolveKey] = (),
) -> Generator[Need, Answer, Solution]:
    """Choose versions for ``root`` and everything it needs.

    Args:
        root: The requirement lines of the project.
        preferred: Versions to keep where they still fit: those of the former lock.
        strategy: ``highest`` or ``minimal``: which of the fitting versions to take.
        single: Atoms of which the project allows one version only, whatever its bucket.

    Yields:
        What must be known to go on; send an `Answer`, or let `drive` do it.

    Raises:
        NoSuchPackage, NoMatchingVersion: a line of ``root`` cannot be met by itself.
        Unsatisfiable: the lines cannot be met together; its report says why.
        DependencyCycle: selected versions depend on each other.

    Source: atom-spec/resolution.md.
    """
    search = _Search(Catalog(preferred or {}, strategy, single))
    try:
        return (yield from search.run(root))
    except Contradiction as end:
        raise explain(end.proof, search.places, search.engine) from None


class _Search:
    """One run of the solver."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.engine = Engine()
        self.places = Places(self.engine)
        self._known: set[tuple[int, int]] = set()  # (node, bit) whose edges are in the engine
        self._reasons: dict[object, int] = {}
        self._misses: dict[int, int] = {}

    def run(self, root: Sequence[Wanted]) -> Generator[Need, Answer, Solution]:
        """Decide until nothing is left to decide."""
        lines = self.catalog.lines(root)
        yield from self._walk()
        yield from self._list(lines)
        self._start(lines)
        while (node := self.engine.pick()) is not None:
            place = self.places[node]
            bit = self.catalog.choose(self.engine.state[node], place.preferred)
            if not place.options and (node, bit) not in self._known:
                yield from self._read(node, bit)
            if self.engine.admits(node, bit):
                self.engine.decide(node, bit)
        return self._solution(lines)

    def _start(self, lines: Sequence[Line]) -> None:
        met: list[tuple[Target, Fact]] = []
        problems: list[EkaError] = []
        for line in lines:
            target = self.places.target(line)
            if isinstance(target, Unmet):
                problems.append(_root_problem(line, target))
            else:
                met.append((target, Requires(line.wanted)))
        raise_problems(problems)
        for target, fact in met:
            self.engine.require(target.node, target.allowed, fact)

    def _walk(self) -> Asking:
        """Ask for the best candidate of every line there is, breadth first, all at once."""
        while (need := self.catalog.ahead()) != Need():
            known = self.catalog.size
            self.catalog.accept((yield need))
            if self.catalog.size == known:
                return

    def _list(self, lines: Sequence[Line]) -> Asking:
        """Make sure that the versions of all atoms in ``lines`` are known."""
        while missing := [line.atom.key for line in lines if line.atom.listing is None]:
            ahead = self.catalog.ahead()
            versions = tuple(dict.fromkeys((*missing, *ahead.versions)))
            yield from self._ask(Need(versions, ahead.dependencies))

    def _read(self, node: int, bit: int) -> Asking:
        """Tell the engine what one version needs."""
        place = self.places[node]
        version = place.version(bit)
        while (needs := place.atom.needs.get(version)) is None:
            yield from self._ask(self._need(node, bit))
        if isinstance(needs, Unavailable):
            self._forbid(node, bit, Unusable(needs.reason), needs)
        else:
            yield from self._list(needs.lines)
            for line in needs.lines:
                self._connect(node, bit, line)
            if needs.single:
                self._isolate(node, bit)
        self._known.add((node, bit))

    def _ask(self, need: Need) -> Asking:
        known = self.catalog.size
        self.catalog.accept((yield need))
        if self.catalog.size == known:
            raise RuntimeError(f"an answer held nothing new to {need}")

    def _need(self, node: int, bit: int) -> Need:
        """Return a need of one version: the more often some are missing, the more at once."""
        misses = self._misses[node] = self._misses.get(node, 0) + 1
        requests = dict.fromkeys(self._candidates(node, bit, GROWTH**misses))
        ahead = self.catalog.ahead()
        requests.update(dict.fromkeys(ahead.dependencies))
        for other in self.engine.undecided():
            first = self.catalog.choose(self.engine.state[other], self.places[other].preferred)
            requests.update(dict.fromkeys(self._candidates(other, first, 1)))
        return Need(ahead.versions, tuple(requests))

    def _candidates(self, node: int, bit: int, count: int) -> Sequence[Request]:
        """Return the next versions of a node to try, beginning with ``bit``."""
        place = self.places[node]
        found: list[Request] = []
        state = self.engine.state[node]
        while bit and len(found) < count and not place.options:
            version = place.version(bit)
            if version not in place.atom.needs:
                found.append((place.atom.key, version))
            state &= ~bit
            bit = self.catalog.choose(state, place.preferred) if state else 0
        return found

    def _connect(self, node: int, bit: int, line: Line) -> None:
        target = self.places.target(line)
        mark = (line.wanted.key, line.wanted.requirement.text)
        if isinstance(target, Unmet):
            self._forbid(node, bit, Unmet(line.wanted, target.why), mark)
        elif target.node != node:
            self.engine.add_edge(node, bit, target.node, target.allowed, Requires(line.wanted))
        elif not bit & target.allowed:
            self._forbid(node, bit, Requires(line.wanted), mark)
        # A version that fills its own need is a cycle of one, if it is selected.

    def _isolate(self, node: int, bit: int) -> None:
        """Let no version of another bucket stand beside this one."""
        place = self.places[node]
        for index in range(len(place.atom.known.buckets)):
            if index != place.bucket:
                other = self.places.bucket(place.atom, index)
                self.engine.add_edge(node, bit, other, ABSENT, Alone())

    def _forbid(self, node: int, bit: int, fact: Fact, reason: object) -> None:
        number = self._reasons.setdefault(reason, len(self._reasons))
        self.engine.add_edge(node, bit, NOBODY, number, fact)

    def _solution(self, lines: Sequence[Line]) -> Solution:
        """Return what the root reaches; raises DependencyCycle.

        A requirement that several selected versions meet goes to the one the strategy names, so
        edges depend on what is selected, not on how the search went.
        """
        roots = list(dict.fromkeys(self._filler(line) for line in lines))
        edges: dict[int, list[int]] = {}
        because: dict[tuple[int, int], Wanted] = {}
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            if node in edges:
                continue
            edges[node] = []
            for line in self._lines_of(node):
                filler = self._filler(line)
                if (node, filler) not in because:
                    because[node, filler] = line.wanted
                    edges[node].append(filler)
            waiting += edges[node]
        if cycle := find_cycle(roots, edges):
            raise DependencyCycle(
                [self._request(node) for node in cycle],
                [because[step] for step in pairwise(cycle)],
            )
        return self._translate(roots, edges)

    def _translate(self, roots: Sequence[int], edges: Mapping[int, Sequence[int]]) -> Solution:
        requests = {node: self._request(node) for node in edges}
        order = sorted(edges, key=lambda node: _order(requests[node]))
        rank = {node: at for at, node in enumerate(order)}

        def named(nodes: Sequence[int]) -> tuple[Request, ...]:
            return tuple(requests[node] for node in sorted(nodes, key=rank.__getitem__))

        selected: dict[tuple[ResolveKey, Bucket], Version] = {}
        for node in order:
            place = self.places[node]
            bucket = place.atom.known.buckets[place.bucket]
            selected[place.atom.key, bucket] = requests[node][1]
        return Solution(
            selected, {requests[node]: named(edges[node]) for node in order}, named(roots)
        )

    def _filler(self, line: Line) -> int:
        target = self.places.target(line)
        return self.catalog.rank(self.places.fillers(target)) if isinstance(target, Target) else -1

    def _request(self, node: int) -> Request:
        place = self.places[node]
        return place.atom.key, place.version(self.engine.state[node])

    def _lines_of(self, node: int) -> tuple[Line, ...]:
        place = self.places[node]
        needs = place.atom.needs[place.version(self.engine.state[node])]
        return () if isinstance(needs, Unavailable) else needs.lines


def _order(request: Request) -> tuple[str, str, object]:
    """Return a sort key that orders as requests do, and is cheaper to compare."""
    (genesis, label), version = request
    return genesis.hex, label.text, version.key


def _root_problem(line: Line, unmet: Unmet) -> EkaError:
    listing = line.atom.listing
    if isinstance(listing, Listing) and listing.versions:
        return NoMatchingVersion(line.wanted, unmet.why, listing.versions[-1].text)
    return NoSuchPackage(line.wanted, unmet.why)
