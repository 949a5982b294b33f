"""From a proof that nothing fits to few requirement lines that already do not fit together."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.resolve.engine import Engine
from eka.resolve.facts import Glue
from eka.resolve.incompatibility import NOBODY, Contradiction, Edge, Incompatibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_WORK = 200_000
"""How much all attempts together may do: versions of edges loaded, and decisions made."""

DECISION_WORK = 5

_MAX_STARTS = 12
"""So many lines of the project are tried alone."""


@dataclass(frozen=True, slots=True)
class Core:
    """Edges that cannot all be met, over nodes of their own.

    ``nodes`` says which node of the search each one was. Where ``is_minimal``, the rest could be
    met without any one version of any edge, glue apart.
    """

    nodes: tuple[int, ...]
    full: tuple[int, ...]  # all states of each node
    edges: tuple[Edge, ...]
    is_minimal: bool


@dataclass(slots=True)
class Budget:
    """Work that may still be done."""

    left: int


def minimal_core(
    proof: Incompatibility, full: Sequence[int], known: Sequence[Edge] = (), work: int = MAX_WORK
) -> Core:
    """Return as few edges that cannot all be met as a bounded effort can find.

    A proof shows what the search stumbled over, which may be far from the project. So what is
    near the project is tried as well, and each line of it alone; the shortest story is taken.

    Args:
        proof: The derivation of the empty incompatibility.
        full: All states of each node of the search.
        known: All edges of the search.
        work: How much all attempts together may do.
    """
    budget = Budget(work)
    best = _Attempt.over(leaves(proof), full, budget)
    best.reduce()
    for nearer in _nearest(known, full, budget):
        other = _Attempt.over(nearer, full, budget)
        other.reduce()
        if budget.left > 0 and other.length < best.length:
            best = other
    best.trim()
    best.edges.sort(key=best.order)
    return Core(tuple(best.nodes), tuple(best.full), tuple(best.edges), budget.left > 0)


def refute(edges: Iterable[Edge], full: Sequence[int], budget: Budget) -> Incompatibility | None:
    """Return a proof that ``edges`` cannot all be met; None if they can, or it is too hard."""
    engine = Engine()
    for states in full:
        engine.add_node(states)
    imposed: list[Edge] = []
    for edge in edges:
        if edge.dependant == NOBODY:
            imposed.append(edge)
        else:
            engine.adopt(edge)
            budget.left -= edge.mask.bit_count()
    try:
        for edge in imposed:
            engine.impose(edge)
        while budget.left > 0 and (node := engine.pick()) is not None:
            budget.left -= DECISION_WORK
            bit = 1 << (engine.state[node].bit_length() - 1)
            if engine.admits(node, bit):
                engine.decide(node, bit)
    except Contradiction as end:
        budget.left -= len(leaves(end.proof))
        return end.proof
    return None


def leaves(proof: Incompatibility) -> list[Edge]:
    """Return the edges that a proof rests on, each once, in the order a walk meets them."""
    found: list[Edge] = []
    seen: set[int] = set()
    waiting: list[Incompatibility] = [proof]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Edge):
            found.append(each)
        else:
            waiting += reversed(each.parents)
    return found


def is_told(edge: Edge) -> bool:
    """Whether an edge says something of the world; others are true by construction."""
    return not any(isinstance(fact, Glue) for fact in edge.facts.values())


@dataclass(slots=True)
class _Attempt:
    """Edges that cannot all be met, from which what is not needed is left out."""

    edges: list[Edge]  # over nodes 0, 1, 2 …
    nodes: list[int]  # their former numbers
    full: list[int]
    budget: Budget

    @classmethod
    def over(cls, edges: Sequence[Edge], full: Sequence[int], budget: Budget) -> _Attempt:
        """Return an attempt on copies of ``edges``."""
        copies, nodes = _renumber(edges)
        return cls(copies, nodes, [full[node] for node in nodes], budget)

    @property
    def length(self) -> int:
        """About how many lines it takes to tell the edges."""
        return len({(edge.dependant, edge.dependency) for edge in self.edges if is_told(edge)})

    def order(self, edge: Edge) -> tuple[bool, int]:
        """Return what puts the lines of the project first, as they came."""
        is_root = edge.dependant == NOBODY
        return not is_root, self.nodes[edge.dependency] if is_root else 0

    def reduce(self) -> None:
        """Leave out edges until none can be left out any more."""
        edges = sorted(self.edges, key=is_told)
        kept = sum(1 for edge in edges if not is_told(edge))
        while kept < len(edges) and self.budget.left > 0:
            fewer = edges[:kept] + edges[kept + 1 :]
            smaller = refute(fewer, self.full, self.budget)
            if smaller is None:
                kept += 1
            else:
                left = set(map(id, leaves(smaller)))
                kept = sum(1 for edge in edges[:kept] if id(edge) in left)
                edges = [edge for edge in fewer if id(edge) in left]
        self.edges = edges

    def trim(self) -> None:
        """Take those versions out of edges that are not needed; out of the narrow edges first.

        Where either of two edges would do for a version, the wider one stays whole.
        """
        order = sorted(range(len(self.edges)), key=lambda at: self.edges[at].mask.bit_count())
        for at in order:
            if self.edges[at].mask.bit_count() > 1 and is_told(self.edges[at]):
                self._trim(at)

    def _trim(self, at: int) -> None:
        waiting = [self.edges[at].mask]
        while waiting and self.budget.left > 0:
            chunk, whole = waiting.pop(), self.edges[at]
            self.edges[at] = _copy(whole, whole.dependant, whole.dependency, ~chunk)
            if refute(self.edges, self.full, self.budget) is None:
                self.edges[at] = whole
                waiting += _halves(chunk)


def _nearest(
    known: Sequence[Edge], full: Sequence[int], budget: Budget
) -> Iterator[Sequence[Edge]]:
    """Yield edges that cannot all be met and lie near the project, from several starts."""
    starts = [edge for edge in known if edge.dependant == NOBODY]
    needs: dict[int, list[Edge]] = {}
    for edge in known:
        needs.setdefault(edge.dependant, []).append(edge)
    alone = [[start] for start in starts[:_MAX_STARTS]] if len(starts) > 1 else []
    for start in (starts, *alone):
        share = Budget(budget.left // 4)
        budget.left -= share.left
        found = _deepened(start, needs, full, share)
        budget.left += share.left
        if found is not None:
            yield found


def _deepened(
    start: Sequence[Edge], needs: dict[int, list[Edge]], full: Sequence[int], budget: Budget
) -> Sequence[Edge] | None:
    """Add edges, layer by layer, until they cannot all be met; None if they always can."""
    edges: list[Edge] = list(start)
    seen: set[int] = set()
    layer = {edge.dependency for edge in start}
    while layer and budget.left > 0:
        seen |= layer
        edges += [edge for node in sorted(layer) for edge in needs.get(node, ())]
        copies, nodes = _renumber(edges)
        proof = refute(copies, [full[node] for node in nodes], budget)
        if proof is not None:
            back = {id(copy): edge for copy, edge in zip(copies, edges, strict=True)}
            return [back[id(copy)] for copy in leaves(proof)]
        layer = {edge.dependency for edge in edges} - seen - {NOBODY}
    return None


def _halves(mask: int) -> list[int]:
    """Return the upper and the lower half of the bits of a mask; nothing for a single bit."""
    count = mask.bit_count()
    if count == 1:
        return []
    upper = mask
    for _ in range(count // 2):
        upper &= upper - 1
    return [mask & ~upper, upper]


def _renumber(edges: Sequence[Edge]) -> tuple[list[Edge], list[int]]:
    """Return copies of ``edges`` over nodes 0, 1, 2 …, and the former number of each node."""
    numbers: dict[int, int] = {NOBODY: NOBODY}
    copies: list[Edge] = []
    for edge in edges:
        for node in (edge.dependant, edge.dependency):
            numbers.setdefault(node, len(numbers) - 1)
        copies.append(_copy(edge, numbers[edge.dependant], numbers[edge.dependency]))
    return copies, list(numbers)[1:]


def _copy(edge: Edge, dependant: int, dependency: int, kept: int = -1) -> Edge:
    """Return an edge between other nodes, for those of its versions that are ``kept``."""
    copy = Edge(dependant, dependency, edge.allowed, edge.full)
    copy.mask = edge.mask & kept
    copy.facts = {bit: fact for bit, fact in edge.facts.items() if not bit or bit & kept}
    return copy
