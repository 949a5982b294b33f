"""From the end of a search to its solution: what the root reaches, and who fills which need."""

from __future__ import annotations

from itertools import pairwise

from eka.checking import TYPE_CHECKING
from eka.resolve.catalog import Needs
from eka.resolve.cycles import find_cycle
from eka.resolve.errors import DependencyCycle
from eka.resolve.model import Solution
from eka.resolve.places import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Version
    from eka.resolve.catalog import Line
    from eka.resolve.engine import Engine
    from eka.resolve.model import Bucket, Request, ResolveKey
    from eka.resolve.places import Places


def selection(lines: Sequence[Line], places: Places, engine: Engine) -> Solution:
    """Return what a finished search selected for the lines of a project.

    Raises:
        DependencyCycle: selected versions depend on each other.
    """
    return _Selection(lines, places, engine).solution()


class _Selection:
    """What the root reaches."""

    def __init__(self, lines: Sequence[Line], places: Places, engine: Engine) -> None:
        self._places = places
        self._state = engine.state
        self._roots = self._fillers(lines)
        self._edges: dict[int, list[int]] = {}
        waiting = list(self._roots)
        while waiting:
            node = waiting.pop()
            if node not in self._edges:
                waiting += self._reach(node)

    def solution(self) -> Solution:
        if cycle := find_cycle(self._roots, self._edges):
            raise DependencyCycle(
                [self._request(node) for node in cycle],
                [self._line_between(*step).wanted for step in pairwise(cycle)],
            )
        requests = {node: self._request(node) for node in self._edges}
        order = sorted(self._edges, key=lambda node: _order(requests[node]))
        rank = {node: at for at, node in enumerate(order)}

        def named(nodes: Sequence[int]) -> tuple[Request, ...]:
            if len(nodes) > 1:
                nodes = sorted(nodes, key=rank.__getitem__)
            return tuple([requests[node] for node in nodes])

        selected: dict[tuple[ResolveKey, Bucket], Version] = {}
        for node in order:
            place = self._places[node]
            selected[place.atom.key, place.atom.known.bucket(place.low)] = requests[node][1]
        edges = {requests[node]: named(self._edges[node]) for node in order}
        return Solution(selected, edges, named(self._roots))

    def _reach(self, node: int) -> Sequence[int]:
        fillers = self._edges[node] = self._fillers(self._lines_of(node))
        return fillers

    def _fillers(self, lines: Sequence[Line]) -> list[int]:
        """Return the nodes that fill requirement lines, each once, in the order of the lines."""
        return list(dict.fromkeys([self._filler(line) for line in lines]))

    def _filler(self, line: Line) -> int:
        target = self._places.target(line)
        # Of what is selected all lines have a target.
        return self._places.filler(target) if isinstance(target, Target) else -1

    def _line_between(self, node: int, other: int) -> Line:
        return next(line for line in self._lines_of(node) if self._filler(line) == other)

    def _request(self, node: int) -> Request:
        place = self._places[node]
        return place.atom.key, place.version(self._state[node])

    def _lines_of(self, node: int) -> Sequence[Line]:
        needs = self._places[node].needs(self._state[node])
        return needs.lines if isinstance(needs, Needs) else ()


def _order(request: Request) -> tuple[str, str, object]:
    """Return a sort key that orders as requests do, and is cheaper to compare."""
    (genesis, label), version = request
    return genesis.hex, label.text, version.key
