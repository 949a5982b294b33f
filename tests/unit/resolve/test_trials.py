"""Suggestions: changes of the project's lines, each of which was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.resolve import Catalog, Trials, Unsatisfiable, drive, suggest
from tests.fakes.versions import FakeVersions, lines, resolve, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.resolve import Relaxed, Suggestion
    from tests.fakes.versions import World


def suggested(
    atoms: World, root: list[str], *, questions: int = 100, decisions: int = 20_000
) -> list[list[str]]:
    with pytest.raises(Unsatisfiable) as caught:
        resolve(atoms, root)
    wanted = lines(root)
    own = [leaf.wanted for leaf in caught.value.explanation.leaves if leaf.owner is None]
    trials = Trials(wanted, Catalog(), {})
    trials.questions_left, trials.decisions_left = questions, decisions

    drive(suggest(trials, [each for each in wanted if each in own]), FakeVersions(atoms))

    for each in trials.found:
        assert works(atoms, root, each), each
    return [[text(change) for change in each.changes] for each in trials.found]


def text(change: Relaxed) -> str:
    label = change.wanted.key[1].text
    if change.requirement is None or change.selected is None:
        return f"without {label}"
    return f"{label} {change.requirement.text} selects {change.selected.text}"


def works(atoms: World, root: Sequence[str], suggestion: Suggestion) -> bool:
    """Resolve with the suggested lines."""
    changed: dict[str, str] = {}
    for each in suggestion.changes:
        label = each.wanted.key[1].text
        becomes = f"{label} {each.requirement.text}" if each.requirement else ""
        changed[f"{label} {each.wanted.requirement.text}"] = becomes
    new = [changed.get(each, each) for each in root]
    return bool(resolve(atoms, [each for each in new if each]).root)


MEETING = {
    "a 1.0.0": ["c ^1.0"], "a 1.1.0": ["c ^1.2"], "c 1.0.0": [], "c 1.2.0": [], "c 1.3.0": [],
}  # fmt: skip


@pytest.mark.spec("resolution-suggestion")
def test_each_line_is_relaxed_to_the_newest_versions_that_fit() -> None:
    assert suggested(world(MEETING), ["a ^1.1", "c =1.0.0"]) == [
        ["a ^1.0.0 selects 1.0.0"],
        ["c =1.3.0 selects 1.3.0"],
    ]


@pytest.mark.spec("resolution-suggestion")
def test_a_suggestion_has_the_manner_of_the_line_it_replaces() -> None:
    assert suggested(world(MEETING), ["a ~1.1", "c >=1.0, <1.1"]) == [
        ["a ~1.0.0 selects 1.0.0"],
        ["c ^1.3.0 selects 1.3.0"],
    ]


@pytest.mark.spec("resolution-suggestion")
def test_several_lines_change_together_where_one_is_not_enough() -> None:
    atoms = world({
        "a 1.0.0": ["x =1.0.0"], "a 1.1.0": ["x =1.1.0"], "b 1.0.0": ["x =1.2.0"],
        "b 1.1.0": ["x =1.1.0"], "c 1.0.0": ["x =1.0.0"], "c 1.1.0": ["x =1.1.0"],
        "x 1.0.0": [], "x 1.1.0": [], "x 1.2.0": [],
    })  # fmt: skip

    assert suggested(atoms, ["a =1.0.0", "b =1.0.0"]) == [
        ["a =1.1.0 selects 1.1.0", "b =1.1.0 selects 1.1.0"]
    ]


@pytest.mark.spec("resolution-suggestion")
def test_a_line_that_already_accepts_the_version_is_not_named() -> None:
    atoms = world({
        "a 1.0.0": ["x =1.0.0"], "b 1.0.0": ["y =1.0.0"], "b 1.1.0": ["x =1.0.0", "y ^1"],
        "x 1.0.0": ["y =1.1.0"], "y 1.0.0": [], "y 1.1.0": [],
    })  # fmt: skip

    assert suggested(atoms, ["a *", "b =1.0.0"]) == [["b =1.1.0 selects 1.1.0"]]


@pytest.mark.spec("resolution-suggestion")
def test_a_line_is_left_out_where_nothing_else_helps() -> None:
    atoms = world({"a 1.0.0": ["none ^1"], "b 1.0.0": []})

    assert suggested(atoms, ["a ^1", "b ^1"]) == [["without a"]]


@pytest.mark.spec("resolution-suggestion")
def test_what_fails_for_two_reasons_gets_no_suggestion() -> None:
    atoms = world({"a 1.0.0": ["none ^1"], "b 1.0.0": ["none ^1"]})

    assert suggested(atoms, ["a ^1", "b ^1"]) == []


@pytest.mark.spec("resolution-suggestion")
def test_suggestions_are_three_at_most() -> None:
    atoms = world(
        {f"{label} 1.{n}.0": [f"x =1.{n}.0"] for label in "abcd" for n in range(2)}
        | {"x 1.0.0": [], "x 1.1.0": []}
    )
    root = ["a ^1.1", "b =1.0.0"]

    assert len(suggested(atoms, root)) == 2
    trials = Trials(lines(["a =1.0.0", "b =1.0.0", "c =1.0.0", "d =1.0.0"]), Catalog(), {})
    drive(suggest(trials, trials.root), FakeVersions(atoms))
    assert len(trials.found) == 3


@pytest.mark.spec("resolution-suggestion")
def test_the_effort_is_bounded() -> None:
    root = ["a ^1.1", "c =1.0.0"]

    whole = suggested(world(MEETING), root)

    assert suggested(world(MEETING), root, questions=0) == []
    assert suggested(world(MEETING), root, decisions=1) == []
    for decisions in range(1, 16):
        found = suggested(world(MEETING), root, decisions=decisions)
        assert [each for each in found if each in whole] == found
