"""Next versions, and requirements that follow them."""

from __future__ import annotations

from typing import Any

import pytest

from eka.atom import (
    Requirement,
    Version,
    VersionPart,
    encode_lock,
    followed_requirement,
    lock_with_versions,
    next_in_kind,
    next_version,
    parse_lock,
)
from tests.vectors import FIXTURES, load

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


@pytest.mark.spec("bump-requirement")
def test_a_requirement_that_cannot_be_written_is_not_followed() -> None:
    largest = Version(2**64 - 1, 0, 0)

    assert followed_requirement(Requirement(">=1, <2"), largest) is None


def test_a_lock_names_the_versions_its_set_will_have() -> None:
    lock = parse_lock((FIXTURES / "lockfile/golden/full.toml").read_bytes(), "atom.lock")
    own = [atom for atom in lock.atoms if atom.rev is None]
    foreign = [atom for atom in lock.atoms if atom.rev is not None]
    later = {atom.key.label: Version(9, 0, 0) for atom in own}

    found = lock_with_versions(lock, later, "5" * 64)

    assert found is not None
    assert {atom.key.version for atom in found.atoms if atom.rev is None} == {Version(9, 0, 0)}
    kept = [atom.key for atom in found.atoms if atom.rev is not None]
    assert kept == [atom.key for atom in foreign]
    assert parse_lock(encode_lock(found), "atom.lock") == found
    assert lock_with_versions(lock, {}, "5" * 64) is None
