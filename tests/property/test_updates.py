"""The laws of an update: what is named may change, and nothing else does."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.resolve import Dependencies, Solution, bucket_of, drive, solve
from eka.workflow.limits import Reach
from eka.workflow.update_choice import UpdateChoice, UpdateWish
from eka.workflow.update_search import versions_of
from tests.fakes.updates import run_of
from tests.worlds import Puzzle, large_puzzle, small_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eka.atom import Version
    from eka.resolve import Request, ResolveKey, Wanted


def locked(puzzle: Puzzle) -> Solution | None:
    """Return a solution of a puzzle from before anybody updated anything."""
    try:
        old = drive(solve(puzzle.wanted(), strategy="minimal"), puzzle.provider)
    except EkaError:
        return None
    return drive(solve(puzzle.wanted(), preferred=versions_of(old)), puzzle.provider)


def puzzles(count: int) -> Iterator[tuple[int, Puzzle, Solution]]:
    """Yield worlds, most of them small, with a lock."""
    for seed in range(count):
        puzzle = small_puzzle(seed) if seed % 4 else large_puzzle(seed)
        puzzle = Puzzle(puzzle.atoms, puzzle.root, ())
        lock = locked(puzzle)
        if lock is not None:
            yield seed, puzzle, lock


def updated(puzzle: Puzzle, lock: Solution, wish: UpdateWish) -> tuple[Solution, UpdateChoice]:
    choice = UpdateChoice(wish, "atom.lock")
    return choice.choose(run_of(puzzle.provider, puzzle.wanted(), versions_of(lock))), choice


def closure(solution: Solution, keys: set[ResolveKey]) -> set[ResolveKey]:
    """Return atoms and all that they need."""
    waiting = [each for each in solution.edges if each[0] in keys]
    found: set[Request] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += solution.edges[one]
    return {one for one, _ in found}


def some_names(seed: int, lock: Solution) -> tuple[str, ...]:
    labels = sorted({one[1].text for one, _ in lock.edges})
    chance = Random(seed)
    return tuple(chance.sample(labels, chance.randint(1, min(3, len(labels)))))


def lines_of(puzzle: Puzzle, request: Request) -> tuple[Wanted, ...]:
    needs = puzzle.provider.dependencies([request])[request]
    return needs.wanted if isinstance(needs, Dependencies) else ()


@pytest.mark.spec("change-update-others", "change-update-recursive")
def test_an_update_changes_no_other_atom(rounds: Callable[[int, int], int]) -> None:
    moved = stayed = 0
    for seed, puzzle, lock in puzzles(rounds(240, 8000)):
        if not lock.edges:
            continue
        wish = UpdateWish(names=some_names(seed, lock), recursive=seed % 3 == 0)
        named = {each for each, _ in lock.edges if each[1].text in wish.names}
        free = closure(lock, named) if wish.recursive else named

        solution, choice = updated(puzzle, lock, wish)

        assert puzzle.faults(solution) == [], seed
        before, after = versions_of(lock), versions_of(solution)
        for each in (before.keys() & after.keys()) - free:
            was = {bucket_of(version): version for version in before[each]}
            now = {bucket_of(version): version for version in after[each]}
            assert all(was[bucket] == now[bucket] for bucket in was.keys() & now.keys()), seed
        come = [each for each in solution.edges if each not in lock.edges]
        for one, version in come:
            if one not in free:
                assert is_needed_by(puzzle, come, one, version), (seed, one)
        moved += bool(come)
        stayed += bool(choice.stays)
        assert all(stay.reasons for stay in choice.stays), seed
    assert min(moved, stayed) > 10


def is_needed_by(puzzle: Puzzle, come: list[Request], one: ResolveKey, version: Version) -> bool:
    """Whether something that was not locked before needs a version."""
    lines = [line for request in come for line in lines_of(puzzle, request)]
    return any(line.key == one and line.requirement.matches(version) for line in lines)


@pytest.mark.spec("change-update-others")
def test_an_update_goes_up_and_gives_a_lock_that_stays(
    rounds: Callable[[int, int], int],
) -> None:
    for seed, puzzle, lock in puzzles(rounds(120, 4000)):
        if not lock.edges:
            continue
        label = some_names(seed, lock)[0]
        wish = UpdateWish(names=(label,))

        once, _ = updated(puzzle, lock, wish)

        again = drive(solve(puzzle.wanted(), preferred=versions_of(once)), puzzle.provider)
        assert again == once, seed
        old = {each: has for each, has in versions_of(lock).items() if each[1].text == label}
        for each, has in old.items():
            assert max(versions_of(once)[each]) >= max(has), seed


@pytest.mark.spec("change-update-reach")
def test_no_version_goes_farther_than_it_may(rounds: Callable[[int, int], int]) -> None:
    moved = 0
    for seed, puzzle, lock in puzzles(rounds(120, 4000)):
        reach = Reach.MINOR if seed % 2 else Reach.PATCH

        solution, _ = updated(puzzle, lock, UpdateWish(reach=reach))

        assert puzzle.faults(solution) == [], seed
        before, after = versions_of(lock), versions_of(solution)
        for each in before.keys() & after.keys():
            near = {reach.kept(version) for version in before[each]}
            assert {reach.kept(version) for version in after[each]} <= near, seed
        moved += solution != lock
    assert moved > 10


@pytest.mark.spec("change-precise")
def test_one_version_is_taken_exactly_or_not_at_all(rounds: Callable[[int, int], int]) -> None:
    taken = refused = 0
    for seed, puzzle, lock in puzzles(rounds(120, 4000)):
        if not lock.edges:
            continue
        label = some_names(seed, lock)[0]
        one = next(each for each, _ in lock.edges if each[1].text == label)
        version = Random(seed).choice(list(puzzle.provider.listed[one]))
        wish = UpdateWish(names=(label,), precise=version)

        try:
            solution, _ = updated(puzzle, lock, wish)
        except EkaError:
            refused += 1
            continue

        taken += 1
        assert puzzle.faults(solution) == [], seed
        assert version in versions_of(solution)[one], seed
        before, after = versions_of(lock), versions_of(solution)
        for each in (before.keys() & after.keys()) - {one}:
            was = {bucket_of(known): known for known in before[each]}
            now = {bucket_of(known): known for known in after[each]}
            assert all(was[bucket] == now[bucket] for bucket in was.keys() & now.keys()), seed
    assert min(taken, refused) > 10
