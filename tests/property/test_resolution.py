"""The laws of resolution, against a search that tries everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.errors import EkaError
from eka.resolve import Listing, Solution, Unsatisfiable, drive, solve
from tests import strategies
from tests.fakes.only_facts import is_contradiction, not_needed
from tests.fakes.registries import registry
from tests.fakes.versions import FakeVersion, FakeVersions, key, text_of
from tests.worlds import Puzzle, large_puzzle, small_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from eka.atom import Requirement, Version
    from eka.resolve import Dependencies, Leaf, Request, ResolveKey, Strategy, Unavailable
    from tests.fakes.versions import World

Kept = dict["ResolveKey", list["Version"]]


def attempt(
    puzzle: Puzzle,
    strategy: Strategy = "highest",
    preferred: Mapping[ResolveKey, Collection[Version]] | None = None,
) -> Solution | EkaError:
    single = [key(label) for label in puzzle.single]
    search = solve(puzzle.wanted(), preferred=preferred, strategy=strategy, single=single)
    try:
        return drive(search, puzzle.provider)
    except EkaError as error:
        return error


def kept(solution: Solution) -> Kept:
    found: Kept = {}
    for one, version in solution.edges:
        found.setdefault(one, []).append(version)
    return found


@given(st.lists(strategies.near_versions(), max_size=25), strategies.requirements())
def test_a_mask_agrees_with_the_requirement(
    versions: Sequence[Version], requirement: Requirement
) -> None:
    listing = Listing(versions, single=False)

    mask = listing.mask(requirement)

    accepted = [each for at, each in enumerate(listing.versions) if mask >> at & 1]
    assert accepted == sorted({each for each in versions if requirement.matches(each)})


@pytest.mark.spec(
    "resolution-exists",
    "resolution-one-per-bucket",
    "resolution-complete",
    "resolution-nothing-more",
    "resolution-single-project",
    "resolution-single-version",
    "resolution-unavailable",
)
def test_a_solution_is_found_exactly_when_there_is_one(rounds: Callable[[int, int], int]) -> None:
    for seed in range(rounds(1500, 40_000)):
        puzzle = small_puzzle(seed)

        found = [attempt(puzzle, "highest"), attempt(puzzle, "minimal")]

        for each in found:
            assert isinstance(each, Solution) == puzzle.has_solution(), seed
            if isinstance(each, Solution):
                assert puzzle.faults(each) == [], seed


def test_large_worlds_are_solved_soundly(rounds: Callable[[int, int], int]) -> None:
    solved = 0
    for seed in range(rounds(40, 3000)):
        puzzle = large_puzzle(seed)

        found = attempt(puzzle)

        if isinstance(found, Solution):
            solved += 1
            assert puzzle.faults(found) == [], seed
    assert solved > 10


@pytest.mark.spec("resolution-preferred", "resolution-filler")
def test_a_former_solution_comes_out_again(rounds: Callable[[int, int], int]) -> None:
    for seed in range(rounds(600, 10_000)):
        puzzle = small_puzzle(seed)
        strategies_: tuple[Strategy, ...] = ("highest", "minimal")
        for strategy in strategies_:
            first = attempt(puzzle, strategy)
            if isinstance(first, Solution):
                assert attempt(puzzle, strategy, kept(first)) == first, seed


@pytest.mark.spec("resolution-preferred")
def test_a_former_solution_of_the_other_strategy_is_kept_where_it_is_needed(
    rounds: Callable[[int, int], int],
) -> None:
    for seed in range(rounds(300, 5000)):
        puzzle = small_puzzle(seed)
        first = attempt(puzzle, "highest")
        if isinstance(first, Solution):
            second = attempt(puzzle, "minimal", kept(first))

            assert isinstance(second, Solution)
            assert set(second.edges) <= set(first.edges), seed


@pytest.mark.spec("resolution-deterministic")
def test_facts_that_nobody_asked_for_change_nothing(rounds: Callable[[int, int], int]) -> None:
    for seed in range(rounds(30, 1500)):
        puzzle = large_puzzle(seed)
        patient = attempt(puzzle)

        eager = attempt(Eager.over(puzzle))

        assert told(eager) == told(patient), seed


class Eager(FakeVersions):
    """Answers every question with all it knows, in reverse."""

    @classmethod
    def over(cls, puzzle: Puzzle) -> Puzzle:
        """Return the puzzle, answered eagerly."""
        eager = Puzzle(puzzle.atoms, puzzle.root, puzzle.single)
        object.__setattr__(eager, "provider", cls(puzzle.atoms))
        return eager

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        everything = {each: self.listed.get(each, ()) for each in (*keys, *self.listed)}
        return {each: everything[each][::-1] for each in reversed(everything)}

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        del requests
        return {each: self.needs[each] for each in reversed(self.needs)}


def told(found: Solution | EkaError) -> object:
    if isinstance(found, Solution):
        return found
    return type(found), str(found), getattr(found, "explanation", None)


@pytest.mark.spec("resolution-core", "resolution-unsatisfiable")
def test_an_explanation_rests_on_facts_of_which_every_one_is_needed(
    rounds: Callable[[int, int], int],
) -> None:
    checked = 0
    for seed in range(rounds(300, 5000)):
        puzzle = small_puzzle(seed)
        error = attempt(puzzle)
        if not isinstance(error, Unsatisfiable):
            continue
        leaves = error.explanation.leaves

        assert error.explanation.is_minimal, seed
        assert not with_only(puzzle, leaves).has_solution(), seed
        for leaf in leaves:
            others = [each for each in leaves if each is not leaf]
            assert with_only(puzzle, others).has_solution(), (seed, leaf)
        checked += 1
    assert checked > 10


@pytest.mark.spec("resolution-core")
def test_explanations_of_large_worlds_rest_on_facts_that_are_all_needed(
    rounds: Callable[[int, int], int],
) -> None:
    checked = 0
    for seed in range(rounds(12, 1500)):
        made = registry(60, seed)
        puzzle = Puzzle(made.atoms, made.root)
        error = attempt(puzzle)
        if not isinstance(error, Unsatisfiable):
            continue
        leaves = error.explanation.leaves

        assert error.explanation.is_minimal, seed
        assert is_contradiction(puzzle.provider, leaves), seed
        assert not_needed(puzzle.provider, leaves) == [], seed
        checked += 1
    assert checked > 3


def with_only(puzzle: Puzzle, leaves: Sequence[Leaf]) -> Puzzle:
    """Return a puzzle of which only these facts are true."""
    facts = {(leaf.owner and text_of(leaf.owner), leaf.kind, line(leaf)) for leaf in leaves}

    def kept(name: str | None, requires: Sequence[str]) -> tuple[str, ...]:
        kinds = ("requires", "unmet")
        return tuple(
            each for each in requires if any((name, kind, each) in facts for kind in kinds)
        )

    atoms: World = {
        label: {
            version: FakeVersion(
                kept(f"{label} {version}", one.requires),
                single=one.single and (f"{label} {version}", "single", "") in facts,
                unavailable=one.unavailable
                if (f"{label} {version}", "unusable", "") in facts
                else "",
            )
            for version, one in versions.items()
        }
        for label, versions in puzzle.atoms.items()
    }
    return Puzzle(atoms, kept(None, puzzle.root), puzzle.single)


def line(leaf: Leaf) -> str:
    """Return a requirement line as worlds write it; "" for another fact."""
    wanted = leaf.wanted
    return f"{wanted.key[1].text} {wanted.requirement.text}" if wanted else ""
