"""Explanations: short, in order, from real lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import Genesis, ObjectId, Version
from eka.errors import Span
from eka.resolve import (
    Dependencies,
    NoMatchingVersion,
    Relaxed,
    Suggestion,
    Unavailable,
    Unsatisfiable,
    drive,
    solve,
)
from tests.fakes.versions import (
    FakeVersion,
    FakeVersions,
    key,
    lines,
    request,
    resolve,
    text_of,
    wanted,
    world,
)

if TYPE_CHECKING:
    from tests.fakes.versions import World

MEETING = {"a 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []}
ELSEWHERE = Genesis(ObjectId("abcdef" + "0" * 34))


def failure(atoms: World, root: list[str], single: list[str] | None = None) -> Unsatisfiable:
    with pytest.raises(Unsatisfiable) as caught:
        resolve(atoms, root, single=single or [])
    return caught.value


def told(error: Unsatisfiable) -> list[str]:
    return [sentence.text for sentence in error.explanation.sentences]


def test_an_error_points_to_the_first_line_of_the_project() -> None:
    atoms = world({"a 1.0.0": ["c =1.0.0"], "b 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []})

    error = failure(atoms, ["a ^1", "b ^1"])

    assert error.explanation.is_minimal
    assert error.where == "atom.toml:1"
    assert error.span is not None
    assert error.span.line == 1


def test_threads_are_told_from_the_project_to_where_they_meet() -> None:
    atoms = world({"a 1.0.0": ["c =1.0.0"], "b 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []})

    error = failure(atoms, ["a ^1", "b ^1"])

    assert told(error) == [
        "your project requires a ^1",
        "a 1.0.0 requires c =1.0.0",
        "your project requires b ^1",
        "b 1.0.0 requires c =1.1.0",
        "so no version of c meets both =1.0.0 and =1.1.0",
    ]
    places = [each.place.line if each.place else None for each in error.explanation.sentences]
    assert places == [1, None, 2, None, None]
    assert error.why.splitlines()[0] == "your project requires a ^1  atom.toml:1"


def test_every_leaf_is_a_line_of_the_project_or_of_one_version() -> None:
    atoms = world({"a 1.0.0": ["c =1.0.0"], "b 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []})

    leaves = failure(atoms, ["a ^1", "b ^1"]).explanation.leaves

    assert [(each.owner and text_of(each.owner), each.kind) for each in leaves] == [
        (None, "requires"),
        ("a 1.0.0", "requires"),
        (None, "requires"),
        ("b 1.0.0", "requires"),
    ]
    spans = [each.wanted.origin for each in leaves if each.wanted]
    files = [each.file for each in spans if isinstance(each, Span)]
    assert files == ["atom.toml", "a@1.0.0/atom.toml", "atom.toml", "b@1.0.0/atom.toml"]


def test_versions_that_fail_for_reasons_of_their_own_are_ruled_out_one_by_one() -> None:
    atoms = world({
        "foo 1.0.0": ["a ^1", "b =1.0.0"], "foo 1.1.0": ["x ^1", "y =1.0.0"],
        "a 1.0.0": ["b =1.1.0"], "b 1.0.0": [], "b 1.1.0": [],
        "x 1.0.0": ["y =1.1.0"], "y 1.0.0": [], "y 1.1.0": [],
    })  # fmt: skip

    assert told(failure(atoms, ["foo ^1"])) == [
        "your project requires foo ^1",
        "foo 1.0.0 requires a ^1",
        "a 1.0.0 requires b =1.1.0",
        "foo 1.0.0 requires b =1.0.0",
        "so foo 1.0.0 cannot be selected: no version of b meets both =1.1.0 and =1.0.0",
        "foo 1.1.0 requires x ^1",
        "x 1.0.0 requires y =1.1.0",
        "foo 1.1.0 requires y =1.0.0",
        "so no version of y meets both =1.1.0 and =1.0.0",
    ]


def test_what_is_missing_further_down_is_told_from_above() -> None:
    atoms = world({
        "foo 1.0.0": ["a ^1"], "foo 1.1.0": ["x ^1"], "a 1.0.0": ["b ^1"], "b 1.0.0": ["none ^1"],
        "x 1.0.0": ["y ^1"], "y 1.0.0": ["pin ^2"], "pin 1.0.0": [],
    })  # fmt: skip

    assert told(failure(atoms, ["foo ^1"])) == [
        "your project requires foo ^1",
        "foo 1.0.0 requires a ^1",
        "a 1.0.0 requires b ^1",
        "b 1.0.0 requires none ^1: no version is published",
        "foo 1.1.0 requires x ^1",
        "x 1.0.0 requires y ^1",
        "y 1.0.0 requires pin ^2: no version matches, the newest is 1.0.0",
        "so no version of y is left",
    ]


def test_the_same_need_of_many_versions_is_one_sentence() -> None:
    atoms = world(
        {f"lib 1.{n}.0": [f"pin =1.{n}.0"] for n in range(1, 6)}
        | {f"pin 1.{n}.0": [] for n in range(6)}
    )

    error = failure(atoms, ["lib ^1.2", "pin =1.0.0"])

    assert "lib 1.2.0 to 1.5.0 require pin =1.2.0 / =1.3.0 / … / =1.5.0" in told(error)
    assert len(error.explanation.leaves) == 6


def test_versions_that_are_yanked_for_different_reasons_are_one_sentence() -> None:
    provider = FakeVersions(world({"lib 1.0.0": [], "lib 1.1.0": [], "lib 1.2.0": []}))
    for version, cause in (("1.0.0", "broken"), ("1.1.0", "slow")):
        provider.needs[request(f"lib {version}")] = Unavailable(f"it is yanked: {cause}", "yanked")
    provider.needs[request("lib 1.2.0")] = Unavailable("its manifest\ncannot be read")

    with pytest.raises(Unsatisfiable) as caught:
        drive(solve(lines(["lib ^1"])), provider)

    assert told(caught.value)[1:3] == [
        "lib 1.0.0 to 1.1.0 cannot be used: they are yanked",
        "lib 1.2.0 cannot be used: its manifest cannot be read",
    ]
    assert [each.reason for each in caught.value.explanation.leaves[1:]] == [
        "it is yanked: broken",
        "it is yanked: slow",
        "its manifest\ncannot be read",
    ]


def test_versions_are_told_in_ranges() -> None:
    atoms = world(
        {f"lib 1.{n}.0": ["pin =1.1.0"] if n % 2 else ["gone ^1"] for n in range(10)}
        | {"pin 1.0.0": [], "pin 1.1.0": []}
    )

    report = told(failure(atoms, ["lib *", "pin =1.0.0"]))

    assert any("lib 1.0.0, 1.2.0 and 3 more ranges require gone" in line for line in report)


def test_all_versions_are_told_as_every_version() -> None:
    atoms = world({"lib 1.0.0": ["pin ^2"], "lib 1.1.0": ["pin ^2"], "pin 1.0.0": []})

    assert told(failure(atoms, ["lib *"]))[1].startswith("every version of lib requires pin ^2")


def test_equal_labels_of_two_sets_are_told_apart() -> None:
    far = (ELSEWHERE, key("lib")[1])
    provider = FakeVersions(world({"a 1.0.0": ["lib ^1"], "lib 1.0.0": []}))
    provider.listed[far] = [Version(1, 0, 0)]
    provider.needs[far, Version(1, 0, 0)] = Dependencies((wanted("a =1.1.0"),))
    provider.listed[key("a")] = [Version(1, 0, 0), Version(1, 1, 0)]
    provider.needs[request("a 1.1.0")] = Dependencies((wanted("lib ^2"),))

    with pytest.raises(Unsatisfiable) as caught:
        drive(solve((*lines(["a *"]), replace(wanted("lib ^1"), key=far))), provider)

    text = "\n".join(told(caught.value))
    assert "lib (set abcdef00)" in text
    assert "lib (set 00000000)" in text


def test_a_place_may_be_words_or_unknown() -> None:
    atoms = FakeVersions(world({"a 1.0.0": ["nothing ^1"]}))
    written = replace(wanted("a ^1"), origin="the command line")
    unknown = replace(wanted("a ^1"), origin=None)

    for line, where in ((written, "the command line"), (unknown, "")):
        with pytest.raises(Unsatisfiable) as caught:
            drive(solve([line]), atoms)

        assert caught.value.where == where
        assert caught.value.explanation.sentences[0].place is None


def test_a_line_of_a_neighbour_has_its_place() -> None:
    provider = FakeVersions(world({"a 1.0.0": [], "b 1.0.0": []}))
    line = wanted("b ^2", "/projects/set/a/atom.toml", 7)
    provider.needs[request("a 1.0.0")] = Dependencies((line,))

    with pytest.raises(Unsatisfiable) as caught:
        drive(solve([wanted("a ^1", "/projects/set/app/atom.toml", 3)]), provider)

    told_lines = caught.value.why.splitlines()
    assert told_lines[0].endswith("  atom.toml:3")
    assert told_lines[1].endswith("  a/atom.toml:7")


def test_a_choice_between_buckets_is_told_by_its_versions() -> None:
    atoms = world({
        "lib 1.0.0": ["pin =1.1.0"], "lib 2.0.0": ["pin =1.2.0"],
        "pin 1.0.0": [], "pin 1.1.0": [], "pin 1.2.0": [],
    })  # fmt: skip

    error = failure(atoms, ["lib >=1", "pin =1.0.0"])

    assert told(error) == [
        "your project requires lib >=1",
        "your project requires pin =1.0.0",
        "lib 1.0.0 requires pin =1.1.0",
        "lib 2.0.0 requires pin =1.2.0",
        "so no version of pin meets both =1.0.0 and =1.2.0",
    ]
    assert len(error.explanation.leaves) == 4


def test_a_version_that_stands_alone_is_told_once() -> None:
    atoms = world({"a 1.0.0": ["lib ^2"], "b 1.0.0": ["lib ^1"], "lib 1.0.0": [], "lib 3.0.0": []})
    atoms["lib"]["2.0.0"] = FakeVersion(single=True)

    error = failure(atoms, ["a ^1", "b ^1"])

    assert told(error).count("lib 2.0.0 must be the only version of lib") == 1
    assert told(error)[-1] == "so no version of lib is left"
    assert [each.kind for each in error.explanation.leaves].count("single") == 1


def test_a_version_that_stands_alone_among_many_buckets_is_one_fact() -> None:
    atoms = world({"b 1.0.0": ["lib >=0"], "lib 1.0.0": [], "lib 3.0.0": [], "lib 4.0.0": []})
    atoms["lib"]["2.0.0-rc.1"] = FakeVersion(single=True)

    leaves = failure(atoms, ["b ^1", "lib =2.0.0-rc.1"]).explanation.leaves

    assert sorted(each.kind for each in leaves) == ["requires", "requires", "requires", "single"]


def deep(levels: int) -> World:
    """Return a world in which every version of `top` fails at the end of a chain of its own."""
    texts: dict[str, list[str]] = {"pin 1.0.0": [], "pin 1.1.0": []}
    for branch in range(levels):
        texts[f"top 1.{branch}.0"] = [f"b{branch} ^1"]
        texts[f"b{branch} 1.0.0"] = [f"c{branch} ^1"]
        texts[f"c{branch} 1.0.0"] = ["pin =1.1.0"]
    return world(texts)


def test_threads_share_lines_where_there_are_many() -> None:
    error = failure(deep(5), ["top *", "pin =1.0.0"])

    threads = [f"top 1.{n}.0 requires b{n} ^1; b{n} 1.0.0 requires c{n} ^1" for n in range(5)]
    assert [text.partition("; c")[0] for text in told(error)[2:-1]] == threads
    assert max(map(len, told(error))) <= 92


def test_a_very_long_argument_becomes_a_list_of_its_facts() -> None:
    error = failure(deep(60), ["top *", "pin =1.0.0"])

    assert error.explanation.is_minimal
    assert len(error.explanation.leaves) == 182
    assert len(told(error)) == 42
    assert told(error)[-2].endswith("more lines; --json has every fact")
    assert told(error)[-1] == "so nothing fits all of this, as the solver found"


def test_an_effort_without_end_is_given_up() -> None:
    many = {f"pin 1.{n}.0": list[str]() for n in range(100)}
    texts = {
        f"l{level} 1.{n}.0": [f"l{level + 1} =1.{n}.0"]
        for level in range(40)
        for n in range(1, 100)
    }
    ends = {f"l20 1.{n}.0": [f"pin =1.{n}.0"] for n in range(1, 100)}

    error = failure(world(many | texts | ends), ["l0 *", "pin =1.0.0"])

    assert not error.explanation.is_minimal
    assert error.explanation.leaves
    assert told(error)[-1].startswith("fewer facts may do")
    assert len(told(error)) <= 43


@pytest.mark.spec("resolution-new-line")
def test_a_line_that_is_only_being_added_is_named_and_marked() -> None:
    error = failure(world(MEETING), ["a ^1", "c =1.0.0"])
    new = wanted("c =1.0.0", line=2)

    assert isinstance(new.origin, Span)
    error.while_adding({new.origin})

    assert error.what == "`c =1.0.0` does not fit with the other requirements"
    assert error.where == "atom.toml:2"
    assert error.why.splitlines()[2].endswith("atom.toml:2 (new)")
    assert [each.is_new for each in error.explanation.sentences] == [False, False, True, False]


@pytest.mark.spec("resolution-new-line")
def test_an_error_about_other_lines_says_nothing_of_new_ones() -> None:
    error = failure(world(MEETING), ["a ^1", "c =1.0.0"])
    what, why = error.what, error.why

    error.while_adding({Span("atom.toml", 9, 1, 1, "z")})

    assert (error.what, error.why) == (what, why)


def test_an_error_takes_advice() -> None:
    error = failure(world(MEETING), ["a ^1", "c =1.0.0"])
    suggestion = Suggestion((Relaxed(wanted("c =1.0.0"), None, None),))

    error.advised([suggestion], "leave out `c`")

    assert error.suggestions == (suggestion,)
    assert error.fix == "leave out `c`"
    assert [line.requirement.text for line in error.lines] == ["^1", "=1.1.0", "=1.0.0"]


def test_an_error_about_one_line_takes_advice() -> None:
    with pytest.raises(NoMatchingVersion) as caught:
        resolve(world({"a 1.0.0": []}), ["a ^2"])
    suggestion = Suggestion((Relaxed(wanted("a ^2"), None, None),))

    caught.value.advised([suggestion], "leave out `a`")

    assert caught.value.suggestions == (suggestion,)
    assert caught.value.fix == "leave out `a`"
