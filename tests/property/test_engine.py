"""The search on bits, against all assignments of small problems."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from eka.resolve.core import Budget, minimal_core, refute
from eka.resolve.facts import Glue, Unusable
from eka.resolve.incompatibility import ABSENT, NOBODY, Edge, Incompatibility, Learned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ENOUGH = 10**9


def random_problem(seed: int) -> tuple[list[Edge], list[int]]:
    """Return edges over a few nodes, and all states of each node."""
    rng = random.Random(seed)
    full = [(2 << rng.randint(1, 3)) - 1 for _ in range(rng.randint(1, 5))]
    edges = [random_edge(rng, full) for _ in range(rng.randint(1, 14))]
    return edges, full


def random_edge(rng: random.Random, full: Sequence[int]) -> Edge:
    dependant = rng.randrange(-1, len(full))
    dependency = rng.choice([node for node in range(len(full)) if node != dependant] or [NOBODY])
    if dependant != NOBODY and rng.random() < 0.1:
        dependency = NOBODY
    if dependant == dependency == NOBODY:
        dependency = 0
    states = 0 if dependency == NOBODY else full[dependency]
    allowed = rng.randint(1, states // 2) << 1 if states else 0
    if dependant != NOBODY and states and rng.random() < 0.1:
        allowed = ABSENT
    edge = Edge(dependant, dependency, allowed, states)
    edge.mask = 0 if dependant == NOBODY else rng.randint(1, full[dependant] // 2) << 1
    edge.facts = {edge.mask: Glue() if rng.random() < 0.1 else Unusable("")}
    return edge


def is_violated(terms: Mapping[int, int], states: Sequence[int]) -> bool:
    return all(states[node] & mask for node, mask in terms.items())


def assignments(full: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return product(*[[1 << at for at in range(states.bit_length())] for states in full])


def is_satisfiable(edges: Sequence[Edge], full: Sequence[int]) -> bool:
    """Try all assignments."""
    return any(
        not any(is_violated(edge.terms, states) for edge in edges) for states in assignments(full)
    )


def derivations(proof: Incompatibility) -> list[Learned]:
    found: dict[int, Learned] = {}
    waiting = [proof]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Learned) and id(each) not in found:
            found[id(each)] = each
            waiting += each.parents
    return list(found.values())


@pytest.mark.spec("resolution-exists")
def test_a_proof_is_found_exactly_when_nothing_fits(rounds: Callable[[int, int], int]) -> None:
    refuted = 0
    for seed in range(rounds(1500, 60_000)):
        edges, full = random_problem(seed)

        proof = refute(edges, full, Budget(ENOUGH))

        assert (proof is None) == is_satisfiable(edges, full), seed
        refuted += proof is not None
    assert refuted > 100


@pytest.mark.spec("resolution-unsatisfiable")
def test_every_step_of_a_proof_follows_from_its_parents(rounds: Callable[[int, int], int]) -> None:
    steps = 0
    for seed in range(rounds(400, 20_000)):
        edges, full = random_problem(seed)
        proof = refute(edges, full, Budget(ENOUGH))
        if proof is None:
            continue

        assert proof.terms == {}
        for step in derivations(proof):
            steps += 1
            for states in assignments(full):
                if is_violated(step.terms, states):
                    assert any(is_violated(each.terms, states) for each in step.parents), seed
    assert steps > 100


@pytest.mark.spec("resolution-core")
def test_of_a_minimal_core_no_edge_can_be_left_out(rounds: Callable[[int, int], int]) -> None:
    for seed in range(rounds(400, 20_000)):
        edges, full = random_problem(seed)
        proof = refute(edges, full, Budget(ENOUGH))
        if proof is None:
            continue

        core = minimal_core(proof, full)

        assert core.is_minimal
        assert not is_satisfiable(core.edges, core.full), seed
        for edge in core.edges:
            if not isinstance(next(iter(edge.facts.values())), Glue):
                fewer = [each for each in core.edges if each is not edge]
                assert is_satisfiable(fewer, core.full), seed
