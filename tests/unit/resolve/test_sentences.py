"""The order and the numbers of sentences, on derivations made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve.core import Core
from eka.resolve.describe import Words
from eka.resolve.facts import Fact, Glue, Unusable
from eka.resolve.incompatibility import Edge, Incompatibility, Learned
from eka.resolve.report import report

if TYPE_CHECKING:
    from collections.abc import Mapping


class Plain(Words):
    """Names an edge by the reason it was given, and a conclusion by its only node."""

    def __init__(self) -> None:
        """Need no places: nothing is looked up."""

    def singles(self) -> list[str]:
        return []

    def edge(self, edge: Edge) -> str:
        fact = edge.facts[0]
        return fact.reason if isinstance(fact, Unusable) else "glue"

    def conclusion(self, terms: Mapping[int, int]) -> str:
        return "".join(f"c{node}" for node in terms)


def edge(fact: Fact | str) -> Edge:
    made = Edge(0, 1, 2, 7)
    made.facts[0] = Unusable(fact) if isinstance(fact, str) else fact
    return made


def step(number: int, one: Incompatibility, other: Incompatibility) -> Learned:
    return Learned({number: 1}, (one, other))


def told(proof: Incompatibility) -> list[str]:
    return report(Core(proof, (), (), (), is_minimal=True), Plain())


def test_a_chain_of_facts_is_told_two_at_a_time() -> None:
    first = step(1, edge("a"), edge("b"))
    second = step(2, first, edge("c"))
    third = step(3, edge("d"), second)

    assert told(step(4, third, edge("e"))) == [
        "Because a and b, c1.",
        "And because c, c2.",
        "And because d and e, c4.",
    ]


def test_a_step_that_is_used_twice_is_told_once_and_cited() -> None:
    shared = step(1, edge("a"), edge("b"))
    left = step(2, shared, edge("c"))
    right = step(3, shared, edge("d"))

    assert told(step(4, left, right)) == [
        "Because a and b, c1. (1)",
        "And because c, c2. (2)",
        "Because d and c1 (1), c3.",
        "And because c2 (2), c4.",
    ]


def test_two_steps_with_numbers_are_cited_together() -> None:
    one, two = step(1, edge("a"), edge("b")), step(2, edge("c"), edge("d"))
    three = step(3, one, two)
    four = step(4, one, two)

    assert told(step(5, three, four)) == [
        "Because a and b, c1. (1)",
        "Because c and d, c2. (2)",
        "And because c1 (1), c3. (3)",
        "Because c1 (1) and c2 (2), c4.",
        "And because c3 (3), c5.",
    ]


def test_the_simpler_of_two_steps_is_told_last() -> None:
    simple = step(1, edge("a"), edge("b"))
    deep = step(3, step(2, edge("c"), edge("d")), edge("e"))

    assert (
        told(step(4, simple, deep))
        == told(step(4, deep, simple))
        == [
            "Because c and d, c2.",
            "And because e, c3. (1)",
            "Because a and b, c1.",
            "And because c3 (1), c4.",
        ]
    )


def test_what_is_cited_later_is_not_folded_away() -> None:
    shared = step(1, edge("a"), edge("b"))
    middle = step(2, shared, edge("c"))
    other = step(3, shared, edge("d"))
    last = step(5, step(4, other, edge("e")), edge("f"))

    assert told(step(6, middle, last)) == [
        "Because a and b, c1. (1)",
        "And because c, c2. (2)",
        "Because d and c1 (1), c3.",
        "And because e and f, c5.",
        "And because c2 (2), c6.",
    ]


def test_what_is_true_by_construction_is_left_out() -> None:
    inner = step(1, edge(Glue()), edge("a"))
    both = step(2, edge(Glue()), edge(Glue()))

    assert told(step(4, step(3, inner, both), edge("b"))) == ["Because a and b, c4."]


def test_a_proof_from_one_fact_lists_it() -> None:
    only = edge("a")
    proof = step(1, only, edge(Glue()))

    assert report(Core(proof, (), (), (only,), is_minimal=True), Plain()) == ["A."]


def test_facts_about_other_kinds_of_steps_keep_their_number() -> None:
    numbered = step(1, edge("a"), edge("b"))
    inner = step(2, numbered, edge("c"))
    top = step(4, step(3, inner, edge("d")), numbered)

    assert told(top) == [
        "Because a and b, c1. (1)",
        "And because c and d, c3. (2)",
        "And because c1 (1), c4.",
    ]


def test_a_step_next_to_a_cited_one_is_told_first() -> None:
    shared = step(1, edge("a"), edge("b"))
    left = step(2, shared, edge("c"))
    right = step(4, shared, step(3, edge("d"), edge("e")))

    assert told(step(5, left, right)) == [
        "Because a and b, c1. (1)",
        "And because c, c2. (2)",
        "Because d and e, c3.",
        "And because c1 (1), c4.",
        "And because c2 (2), c5.",
    ]
