"""Puzzles that lead the search and its explanations where few puzzles lead them.

Their numbers were found by looking which lines of `eka.resolve` each puzzle reaches. Where
`tests.worlds` makes other puzzles, look for others: the lines are missing from the coverage.
"""

from __future__ import annotations

import pytest

from eka.errors import EkaError
from eka.resolve import Solution, Unsatisfiable, drive, solve
from tests.fakes.only_facts import is_contradiction, not_needed
from tests.fakes.versions import key
from tests.worlds import Puzzle, large_puzzle, small_puzzle


def attempt(puzzle: Puzzle) -> Solution | EkaError:
    try:
        return drive(
            solve(puzzle.wanted(), single=[key(label) for label in puzzle.single]), puzzle.provider
        )
    except EkaError as error:
        return error


@pytest.mark.parametrize(
    ("number", "is_solved"),
    [
        (94, False),  # a choice between buckets that holds a preferred version
        (584, False),  # rows of one version that are followed by more
        (847, True),  # the same
    ],
)
def test_a_small_puzzle_is_solved_exactly_when_it_can_be(number: int, is_solved: bool) -> None:  # noqa: FBT001 - a parameter of the test
    puzzle = small_puzzle(number)

    found = attempt(puzzle)

    assert isinstance(found, Solution) == is_solved == puzzle.has_solution()
    if isinstance(found, Solution):
        assert puzzle.faults(found) == []


@pytest.mark.parametrize("number", [3, 6])
def test_what_was_learned_is_watched_elsewhere(number: int) -> None:
    puzzle = large_puzzle(number)

    found = attempt(puzzle)

    assert isinstance(found, Solution)
    assert puzzle.faults(found) == []


@pytest.mark.parametrize("number", [20, 33, 37])
def test_facts_that_are_told_together_are_all_needed(number: int) -> None:
    puzzle = large_puzzle(number)

    found = attempt(puzzle)

    assert isinstance(found, Unsatisfiable)
    leaves, single = found.explanation.leaves, [key(label) for label in puzzle.single]
    assert found.explanation.is_minimal
    assert is_contradiction(puzzle.provider, leaves, single)
    assert not_needed(puzzle.provider, leaves, single) == []
