"""The facts that an explanation rests on, chosen from those of a proof."""

from __future__ import annotations

from eka.resolve.core import Budget, minimal_core, refute
from eka.resolve.facts import Unusable
from eka.resolve.incompatibility import NOBODY, Edge

ENOUGH = 10**9


def test_a_core_without_effort_is_all_the_proof_rests_on() -> None:
    required = [Edge(NOBODY, node, 0b110, 0b111) for node in (0, 1)]
    crossed = [(0, 0b10, 0b10), (0, 0b100, 0b100), (1, 0b10, 0b100), (1, 0b100, 0b10)]
    edges = [*required]
    for dependant, mask, allowed in crossed:
        edges.append(Edge(dependant, 1 - dependant, allowed, 0b111))
        edges[-1].mask = mask
    for edge in edges:
        edge.facts[edge.mask] = Unusable("")
    proof = refute(edges, [0b111] * 2, Budget(ENOUGH))
    assert proof is not None

    given_up = minimal_core(proof, [0b111] * 2, work=0)
    whole = minimal_core(proof, [0b111] * 2)

    assert len(given_up.edges) == 5
    assert not given_up.is_minimal
    assert whole.is_minimal
    assert len(whole.edges) == 5


def test_a_contradiction_near_the_project_is_preferred_to_one_far_away() -> None:
    full = [0b11] * 5
    far = [Edge(NOBODY, 0, 0b10, 0b11), *(Edge(at, at + 1, 0b10, 0b11) for at in range(3))]
    far.append(Edge(3, NOBODY, 0, 0))
    near = [Edge(NOBODY, 4, 0b10, 0b11), Edge(4, NOBODY, 1, 0)]
    for edge in (*far, *near):
        edge.mask = 0 if edge.dependant == NOBODY else 0b10
        edge.facts[edge.mask] = Unusable("")
    proof = refute(far, full, Budget(ENOUGH))
    assert proof is not None

    core = minimal_core(proof, full, [*far, *near])

    assert len(core.edges) == 2
    assert core.nodes == (4,)
