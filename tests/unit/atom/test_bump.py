"""Next versions, and requirements that follow them."""

from __future__ import annotations

from typing import Any

import pytest

from eka.atom import (
    Requirement,
    Version,
    VersionPart,
    followed_requirement,
    next_in_kind,
    next_version,
)
from tests.vectors import load

VECTORS: dict[str, list[dict[str, Any]]] = load("publishing/bumps.json")


@pytest.mark.spec("bump-version")
@pytest.mark.parametrize("case", VECTORS["next"], ids=lambda case: case["version"])
def test_the_next_version_is_the_one_semver_tools_give(case: dict[str, Any]) -> None:
    given = Version.parse(case["version"])

    found = {part.value: next_version(given, part).text for part in VersionPart}

    assert found == {part.value: case[part.value] for part in VersionPart}


@pytest.mark.spec("bump-dependents")
@pytest.mark.parametrize(
    ("version", "following"),
    [
        ("1.2.3", "1.2.4"),
        ("1.0.0-rc.1", "1.0.0-rc.2"),
        ("1.0.0-rc.9", "1.0.0-rc.10"),
        ("1.0.0-rc", "1.0.0-rc.1"),
        ("1.0.0-0", "1.0.0-1"),
    ],
)
def test_what_follows_is_not_released_by_the_way(version: str, following: str) -> None:
    found = next_in_kind(Version.parse(version), VersionPart.PATCH)

    assert found.text == following


@pytest.mark.spec("bump-requirement")
@pytest.mark.parametrize("case", VECTORS["followed"], ids=lambda case: case["requirement"])
def test_a_requirement_follows_in_its_own_style(case: dict[str, Any]) -> None:
    requirement, version = Requirement(case["requirement"]), Version.parse(case["version"])

    found = followed_requirement(requirement, version)

    assert (found.text if found else None) == case["followed"]
