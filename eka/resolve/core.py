"""From a proof that nothing fits to few requirement lines that already do not fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.resolve.engine import Engine
from eka.resolve.facts import Glue
from eka.resolve.incompatibility import NOBODY, Contradiction, Edge, Incompatibility

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_WORK = 200_000
"""How much all attempts together may do: versions of edges loaded, and decisions made."""

DECISION_WORK = 5


@dataclass(frozen=True, slots=True)
class Core:
    """A proof over nodes of its own; ``nodes`` says which node of the search each one was.

    Where ``is_minimal``, leaving out any edge but glue would leave no proof.
    """

    proof: Incompatibility
    nodes: tuple[int, ...]
    full: tuple[int, ...]  # all states of each node
    edges: tuple[Edge, ...]
    is_minimal: bool


@dataclass(slots=True)
class Budget:
    """Work that may still be done."""

    left: int


def minimal_core(proof: Incompatibility, full: Sequence[int], work: int = MAX_WORK) -> Core:
    """Return a proof from as few of the edges of ``proof`` as a bounded effort can find.

    Args:
        proof: The derivation of the empty incompatibility.
        full: All states of each node of the search.
        work: How much all attempts together may do.
    """
    edges, nodes = _renumber(leaves(proof))
    widths = [full[node] for node in nodes]
    budget = Budget(work)
    edges.sort(key=_is_deletable)
    kept = sum(1 for edge in edges if not _is_deletable(edge))
    while kept < len(edges) and budget.left > 0:
        fewer = edges[:kept] + edges[kept + 1 :]
        smaller = refute(fewer, widths, budget)
        if smaller is None:
            kept += 1
        else:
            left = set(map(id, leaves(smaller)))
            kept = sum(1 for edge in edges[:kept] if id(edge) in left)
            edges = [edge for edge in fewer if id(edge) in left]
    is_minimal = budget.left > 0
    final = refute(edges, widths, Budget(work))
    if final is None:  # Too hard to prove again: the first proof stands.
        edges, nodes, widths, final = leaves(proof), list(range(len(full))), list(full), proof
    edges.sort(key=lambda edge: edge.dependant != NOBODY)
    return Core(final, tuple(nodes), tuple(widths), tuple(edges), is_minimal)


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


def refute(edges: Sequence[Edge], full: Sequence[int], budget: Budget) -> Incompatibility | None:
    """Return a proof that ``edges`` cannot all be met; None if they can, or it is too hard."""
    engine = Engine()
    for states in full:
        engine.add_node(states)
    for edge in edges:
        if edge.dependant != NOBODY:
            engine.adopt(edge)
            budget.left -= edge.mask.bit_count()
    try:
        for edge in edges:
            if edge.dependant == NOBODY:
                engine.impose(edge)
        while budget.left > 0 and (node := engine.pick()) is not None:
            budget.left -= DECISION_WORK
            bit = 1 << (engine.state[node].bit_length() - 1)
            if engine.admits(node, bit):
                engine.decide(node, bit)
    except Contradiction as end:
        return end.proof
    return None


def _is_deletable(edge: Edge) -> bool:
    return not any(isinstance(fact, Glue) for fact in edge.facts.values())


def _renumber(edges: Sequence[Edge]) -> tuple[list[Edge], list[int]]:
    """Return copies of ``edges`` over nodes 0, 1, 2 …, and the former number of each node."""
    numbers: dict[int, int] = {NOBODY: NOBODY}
    copies: list[Edge] = []
    for edge in edges:
        for node in (edge.dependant, edge.dependency):
            numbers.setdefault(node, len(numbers) - 1)
        dependant, dependency = numbers[edge.dependant], numbers[edge.dependency]
        copy = Edge(dependant, dependency, edge.allowed, edge.full)
        copy.mask, copy.facts = edge.mask, edge.facts
        copies.append(copy)
    return copies, list(numbers)[1:]
