"""When a version comes too late for its line."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from eka.atom import Label, Version
from eka.git.own_cycles import find_cycles
from eka.git.version_lines import overtaken_by
from tests.vectors import load

CASES: list[dict[str, Any]] = load("publishing/forward.json")


@pytest.mark.spec("publish-forward")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["version"])
def test_a_version_goes_forward_in_its_line_or_is_told_by_what_it_was_overtaken(
    case: dict[str, Any],
) -> None:
    published = map(Version.parse, case["published"])

    found = overtaken_by(Version.parse(case["version"]), published)

    assert (found.text if found else None) == case["overtaken_by"]


def circles(needs: dict[str, str], *starts: str) -> list[str]:
    """Return the circles among atoms that are named by single letters."""
    by_label = {Label(name): [Label(each) for each in row] for name, row in needs.items()}
    found = find_cycles(by_label, map(Label, starts or needs))
    return ["".join(label.text for label in circle) for circle in found]


@pytest.mark.spec("publish-own-cycle")
def test_circles_are_found_from_any_of_their_atoms() -> None:
    assert circles({"a": "b", "b": "c", "c": "a"}) == ["abca"]
    assert circles({"a": "b", "b": "c", "c": "a"}, "b") == ["bcab"]
    assert circles({"a": "a"}) == ["aa"]
    assert circles({"x": "a", "a": "b", "b": "a"}, "x") == ["aba"]


@pytest.mark.spec("publish-own-cycle")
def test_what_meets_again_below_is_no_circle() -> None:
    assert circles({"a": "bc", "b": "d", "c": "d", "d": "e"}) == []


def test_a_chain_of_twenty_thousand_atoms_is_walked() -> None:
    labels = [Label(f"a{number}") for number in range(20_000)]
    needs = {label: [following] for label, following in pairwise(labels)}

    assert list(find_cycles(needs, labels)) == []
