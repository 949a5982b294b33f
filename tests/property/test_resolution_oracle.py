"""The solver against clingo, which finds out by quite other means whether there is a solution."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.resolve import Catalog, DependencyCycle, Solution, drive, solve
from tests.fakes.answer_set import solvable
from tests.fakes.solver_puzzles import faults, puzzle
from tests.fakes.versions import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.atom import Version
    from eka.resolve import ResolveKey, Strategy
    from tests.fakes.solver_puzzles import Rules

BATCH = 25


def attempt(rules: Rules, catalog: Catalog | None = None) -> Solution | EkaError:
    preferred: dict[ResolveKey, list[Version]] = {}
    for each, version in rules.locked:
        preferred.setdefault(each, []).append(version)
    search = solve(
        rules.wanted(),
        preferred=preferred,
        strategy=rules.strategy,
        single=[key(label) for label in rules.single],
        catalog=catalog,
    )
    try:
        return drive(search, rules.provider())
    except EkaError as error:
        return error


@pytest.mark.spec("resolution-exists", "resolution-complete", "resolution-one-per-bucket")
@pytest.mark.spec("resolution-single-project", "resolution-single-version", "resolution-self")
def test_clingo_agrees(rounds: Callable[[int, int], int]) -> None:
    solved = 0
    count = rounds(1000, 20_000)
    for start in range(0, count, BATCH):
        puzzles = [puzzle(seed) for seed in range(start, start + BATCH)]

        expected = solvable(puzzles)

        for at, rules in enumerate(puzzles):
            found = attempt(rules)
            # Circles are looked for in the solution that was found, so there was one.
            is_solved = isinstance(found, Solution | DependencyCycle)
            assert is_solved == expected[at], start + at
            if isinstance(found, Solution):
                assert faults(rules, found) == [], start + at
            solved += is_solved
    assert count * 0.1 < solved < count * 0.9


@pytest.mark.spec("resolution-deterministic", "resolution-shared")
def test_what_earlier_searches_were_told_does_not_show(rounds: Callable[[int, int], int]) -> None:
    for seed in range(rounds(60, 2000)):
        rules = puzzle(seed)
        catalog = Catalog()
        strategies: tuple[Strategy, ...] = ("highest", "minimal")
        others = [
            replace(rules, root=[line], strategy=strategy, single=[], locked=[])
            for line in rules.root
            for strategy in strategies
        ]

        for other in others:
            attempt(other, catalog)

        assert told(attempt(rules, catalog)) == told(attempt(rules)), seed


def told(found: Solution | EkaError) -> object:
    return found if isinstance(found, Solution) else (type(found), str(found))
