"""The vectors of versions and requirements."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TypedDict

import pytest

from eka.atom import InvalidRequirement, InvalidVersion, Requirement, Version
from tests.vectors import load


class Case(TypedDict):
    """A requirement, and versions on both sides of it."""

    requirement: str
    accepts: list[str]
    rejects: list[str]


VERSIONS = load("version/versions.json")
MATCHES: list[Case] = load("requirement/matches.json")
INVALID = load("requirement/invalid.json")


@pytest.mark.spec("version-order")
def test_versions_are_ordered_as_listed() -> None:
    listed: list[str] = VERSIONS["ordered"]
    shuffled = random.Random(1).sample(listed, len(listed))

    found = sorted(map(Version.parse, shuffled))

    assert [version.text for version in found] == listed
    assert all(low < high for low, high in pairwise(found))


@pytest.mark.spec("version-grammar", "version-numbers")
@pytest.mark.parametrize("text", VERSIONS["ordered"] + VERSIONS["valid_only"])
def test_a_valid_version_is_written_as_it_was_read(text: str) -> None:
    assert Version.parse(text).text == text


@pytest.mark.spec("version-grammar", "version-build", "version-numbers", "version-length")
@pytest.mark.spec("version-ref")
@pytest.mark.parametrize("text", VERSIONS["invalid"])
def test_an_invalid_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version.parse(text)

    assert caught.value.raw == text


@pytest.mark.spec(
    *("requirement-grammar", "requirement-any", "requirement-and", "requirement-prerelease"),
    *("requirement-build", "requirement-exact", "requirement-wildcard", "requirement-greater"),
    *("requirement-less", "requirement-tilde", "requirement-caret", "requirement-bare"),
)
@pytest.mark.parametrize("case", MATCHES, ids=[case["requirement"] for case in MATCHES])
def test_a_requirement_accepts_and_rejects_as_listed(case: Case) -> None:
    requirement = Requirement(case["requirement"])

    accepted = [text for text in case["accepts"] if requirement.matches(Version.parse(text))]
    rejected = [text for text in case["rejects"] if not requirement.matches(Version.parse(text))]

    assert accepted == case["accepts"]
    assert rejected == case["rejects"]


@pytest.mark.spec("requirement-grammar", "requirement-limits", "requirement-any")
@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_requirement_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        Requirement(text)

    assert caught.value.raw == text
