"""Circles among the selected versions."""

from __future__ import annotations

import pytest

from eka.errors import Span
from eka.resolve import Dependencies, DependencyCycle, drive, solve
from eka.resolve.cycles import find_cycle
from tests.fakes.versions import FakeVersions, request, resolve, text_of, wanted, world


def test_no_cycle_in_a_diamond() -> None:
    assert find_cycle([0], {0: [1, 2], 1: [3], 2: [3], 3: []}) == []


def test_the_first_cycle_a_walk_meets_is_found() -> None:
    assert find_cycle([0, 5], {0: [1], 1: [], 5: [6], 6: [7], 7: [6]}) == [6, 7, 6]


def test_a_node_may_need_itself() -> None:
    assert find_cycle([0], {0: [0]}) == [0, 0]


def test_a_chain_longer_than_the_stack_is_walked() -> None:
    edges = {node: [node + 1] for node in range(50_000)}

    assert find_cycle([0], edges | {50_000: []}) == []
    assert find_cycle([0], edges | {50_000: [49_999]}) == [49_999, 50_000, 49_999]


def test_the_error_names_the_path_and_its_lines() -> None:
    atoms = world(
        {"start 1.0.0": ["a ^1"], "a 1.0.0": ["b ^1"], "b 1.0.0": ["x ^1", "a *"], "x 1.0.0": []}
    )

    with pytest.raises(DependencyCycle) as caught:
        resolve(atoms, ["start ^1"])

    error = caught.value
    assert [text_of(one) for one in error.path] == ["a 1.0.0", "b 1.0.0", "a 1.0.0"]
    assert [line.requirement.text for line in error.lines] == ["^1", "*"]
    assert error.where == "b@1.0.0/atom.toml:2"
    assert isinstance(error.span, Span)


@pytest.mark.spec("resolution-cycle-lines")
def test_the_line_of_each_step_is_told_with_its_place() -> None:
    provider = FakeVersions(world({"a 1.0.0": [], "b 1.0.0": ["a *"]}))
    line = wanted("b ^1", "/projects/set/a/atom.toml", 7)
    provider.needs[request("a 1.0.0")] = Dependencies((line,))

    with pytest.raises(DependencyCycle) as caught:
        drive(solve([wanted("a ^1")]), provider)

    assert caught.value.why.splitlines() == [
        "a 1.0.0 requires b ^1  a/atom.toml:7",
        "b 1.0.0 requires a *",
        "so a 1.0.0 → b 1.0.0 → a 1.0.0",
    ]
    assert [each.wanted for each in caught.value.explanation.leaves] == list(caught.value.lines)
