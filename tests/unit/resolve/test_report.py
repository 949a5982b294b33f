"""Explanations: short, in order, from real lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import Genesis, ObjectId, Version
from eka.resolve import Dependencies, Unsatisfiable, drive, solve
from tests.fakes.versions import FakeVersions, key, lines, request, resolve, wanted, world

if TYPE_CHECKING:
    from tests.fakes.versions import World

ELSEWHERE = Genesis(ObjectId("abcdef" + "0" * 34))


def failure(atoms: World, root: list[str], single: list[str] | None = None) -> Unsatisfiable:
    with pytest.raises(Unsatisfiable) as caught:
        resolve(atoms, root, single=single or [])
    return caught.value


def test_an_error_points_to_the_first_line_of_the_project() -> None:
    atoms = world({"a 1.0.0": ["c =1.0.0"], "b 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []})

    error = failure(atoms, ["a ^1", "b ^1"])

    assert error.is_minimal
    assert error.where == "atom.toml:2"
    assert error.span is not None
    assert error.span.line == 2
    assert error.why == "\n".join(error.report)


def test_a_conclusion_that_is_needed_far_away_gets_a_number() -> None:
    atoms = world({
        "foo 1.0.0": ["a ^1", "b =1.0.0"], "foo 1.1.0": ["x ^1", "y =1.0.0"],
        "a 1.0.0": ["b =1.1.0"], "b 1.0.0": [], "b 1.1.0": [],
        "x 1.0.0": ["y =1.1.0"], "y 1.0.0": [], "y 1.1.0": [],
    })  # fmt: skip

    assert failure(atoms, ["foo ^1"]).report == (
        "Because foo 1.0.0 requires a ^1 (foo-1.0.0/atom.toml:1) and a 1.0.0 requires b =1.1.0 "
        "(a-1.0.0/atom.toml:1), foo 1.0.0 requires b 1.1.0.",
        "And because foo 1.0.0 requires b =1.0.0 (foo-1.0.0/atom.toml:2), "
        "foo 1.0.0 cannot be used. (1)",
        "Because foo 1.1.0 requires x ^1 (foo-1.1.0/atom.toml:1) and x 1.0.0 requires y =1.1.0 "
        "(x-1.0.0/atom.toml:1), foo 1.1.0 requires y 1.1.0.",
        "And because foo 1.1.0 requires y =1.0.0 (foo-1.1.0/atom.toml:2), "
        "foo 1.1.0 cannot be used.",
        "And because foo 1.0.0 cannot be used (1), every version of foo cannot be used.",
        "And because your project requires foo ^1 (atom.toml:1), no choice of versions fits.",
    )


def test_versions_are_told_in_ranges() -> None:
    atoms = world(
        {f"lib 1.{n}.0": ["pin =1.1.0"] if n % 2 else ["pin =1.2.0"] for n in range(10)}
        | {"pin 1.0.0": [], "pin 1.1.0": [], "pin 1.2.0": []}
    )

    report = failure(atoms, ["lib *", "pin =1.0.0"]).report

    assert any("lib 1.0.0, 1.2.0 and 3 more ranges require" in line for line in report)


def test_all_versions_are_told_as_every_version() -> None:
    atoms = world(
        {
            "lib 1.0.0": ["pin =1.1.0"],
            "lib 1.1.0": ["pin =1.1.0"],
            "pin 1.0.0": [],
            "pin 1.1.0": [],
        }
    )

    report = failure(atoms, ["lib *", "pin =1.0.0"]).report

    assert "every version of lib requires pin =1.1.0" in report[0]


def test_equal_labels_of_two_sets_are_told_apart() -> None:
    far = (ELSEWHERE, key("lib")[1])
    provider = FakeVersions(world({"a 1.0.0": ["lib ^1"], "lib 1.0.0": []}))
    provider.listed[far] = [Version(1, 0, 0)]
    provider.needs[far, Version(1, 0, 0)] = Dependencies((wanted("a =1.1.0"),))
    provider.listed[key("a")] = [Version(1, 0, 0), Version(1, 1, 0)]
    provider.needs[request("a 1.1.0")] = Dependencies((wanted("lib ^2"),))

    with pytest.raises(Unsatisfiable) as caught:
        drive(solve((*lines(["a *"]), replace(wanted("lib ^1"), key=far))), provider)

    text = "\n".join(caught.value.report)
    assert "lib (set abcdef00)" in text
    assert "lib (set 00000000)" in text


def test_a_place_may_be_words_or_unknown() -> None:
    atoms = FakeVersions(world({"a 1.0.0": ["nothing ^1"]}))
    written = replace(wanted("a ^1"), origin="the command line")
    unknown = replace(wanted("a ^1"), origin=None)

    reports: list[str] = []
    for line in (written, unknown):
        with pytest.raises(Unsatisfiable) as caught:
            drive(solve([line]), atoms)
        reports.append(caught.value.report[0])

    assert reports[0].startswith(
        "Because your project requires a ^1 (the command line) and a 1.0.0"
    )
    assert reports[1].startswith(
        "Because your project requires a ^1 and a 1.0.0 requires nothing ^1"
    )


def test_a_choice_between_buckets_is_told_by_its_versions() -> None:
    atoms = world({
        "lib 1.0.0": ["pin =1.1.0"], "lib 2.0.0": ["pin =1.2.0"],
        "pin 1.0.0": [], "pin 1.1.0": [], "pin 1.2.0": [],
    })  # fmt: skip

    error = failure(atoms, ["lib >=1", "pin =1.0.0"])

    assert "lib >=1" in error.report[0]
    assert len(error.lines) == 4
    assert "several" not in "\n".join(error.report)


def deep(levels: int) -> World:
    """Return a world in which every version of `top` fails at the end of a chain of its own."""
    texts: dict[str, list[str]] = {"pin 1.0.0": [], "pin 1.1.0": []}
    for branch in range(levels):
        texts[f"top 1.{branch}.0"] = [f"b{branch} ^1"]
        texts[f"b{branch} 1.0.0"] = [f"c{branch} ^1"]
        texts[f"c{branch} 1.0.0"] = ["pin =1.1.0"]
    return world(texts)


def test_a_very_long_argument_becomes_a_list_of_its_lines() -> None:
    error = failure(deep(60), ["top *", "pin =1.0.0"])

    assert error.is_minimal
    assert len(error.lines) == 182
    assert len(error.report) == 41
    assert error.report[-1] == "… and 142 more."
    assert error.report[0].endswith(".")


def test_an_effort_without_end_is_given_up() -> None:
    many = {f"pin 1.{n}.0": list[str]() for n in range(100)}
    texts = {
        f"l{level} 1.{n}.0": [f"l{level + 1} =1.{n}.0"]
        for level in range(40)
        for n in range(1, 100)
    }
    ends = {f"l20 1.{n}.0": [f"pin =1.{n}.0"] for n in range(1, 100)}

    error = failure(world(many | texts | ends), ["l0 *", "pin =1.0.0"])

    assert not error.is_minimal
    assert error.lines
    assert len(error.report) <= 41


def test_one_need_in_several_words_is_told_in_all_of_them() -> None:
    atoms = world({
        "lib 1.0.0": ["pin =1.1.0"], "lib 1.1.0": ["pin ^1.1"], "lib 1.2.0": ["pin >=1.1"],
        "lib 1.3.0": ["pin ~1.1"], "pin 1.0.0": [], "pin 1.1.0": [],
    })  # fmt: skip

    error = failure(atoms, ["lib *", "pin =1.0.0"])
    three = failure(atoms, ["lib <1.3", "pin =1.0.0"])

    assert "requires pin ~1.1 / >=1.1 / ^1.1 / … (lib-1.3.0/atom.toml:1)" in error.report[0]
    assert "require pin >=1.1 / ^1.1 / =1.1.0 (lib-1.2.0/atom.toml:1)" in three.report[0]
    assert len(error.lines) == 6
