"""Next versions, and requirements that follow them."""

from __future__ import annotations

import pytest

from eka.atom import (
    Requirement,
    Version,
    VersionPart,
    followed_requirement,
    next_in_kind,
    next_version,
)

NEXT = [
    ("1.2.3", "2.0.0", "1.3.0", "1.2.4"),
    ("0.0.0", "1.0.0", "0.1.0", "0.0.1"),
    ("1.2.4-rc.1", "2.0.0", "1.3.0", "1.2.4"),
    ("1.3.0-rc.1", "2.0.0", "1.3.0", "1.3.0"),
    ("1.3.1-rc.1", "2.0.0", "1.4.0", "1.3.1"),
    ("2.0.0-alpha", "2.0.0", "2.0.0", "2.0.0"),
]
FOLLOWED = [
    ("^1", "1.4.0", "^1"),
    ("^1", "2.1.3", "^2"),
    ("^1.2", "2.1.3", "^2.1"),
    ("^1.2.3", "2.1.3", "^2.1.3"),
    ("1.2", "2.1.3", "2.1"),
    ("~1.2", "1.3.0", "~1.3"),
    ("~ 1.2.3", "1.3.0", "~ 1.3.0"),
    ("=1.2.3", "1.2.4", "=1.2.4"),
    ("= 1", "2.0.0", "= 2"),
    ("1.*", "2.1.0", "2.*"),
    ("1.2.x", "2.1.0", "2.1.x"),
    ("^1.*", "2.1.0", "^2.*"),
    (">=1.2", "1.1.0", ">=1.1"),
    (">=1.2, <2", "2.1.3", ">=2.1, <3"),
    (">=1.2,<2.0", "2.1.3", ">=2.1,<3.0"),
    ("<2.0.0, >=1.2.0", "2.1.3", "<3.0.0, >=2.1.3"),
    (">=1.2, <1.5", "1.6.2", ">=1.6, <1.7"),
    (">=0.2, <0.3", "0.4.1", ">=0.4, <0.5"),
    (">=1, <=1.9", "2.1.3", ">=2, <=2.1"),
    ("^1", "2.0.0-rc.1", "^2.0.0-rc.1"),
    ("1.*", "2.0.0-rc.1", "2.0.0-rc.1"),
    ("~1.2", "1.3.0-rc.1", "~1.3.0-rc.1"),
    ("*", "1.0.0-rc.1", "^1.0.0-rc.1"),
    ("^1.0.0-rc.1", "1.1.0-rc.1", "^1.1.0-rc.1"),
    ("<2", "2.0.0", None),
    (">1", "1.0.0", None),
    (">=1, <2, <1.9", "2.0.0", None),
    (">1, <2", "2.0.0", None),
]


@pytest.mark.spec("bump-version")
@pytest.mark.parametrize(("version", "major", "minor", "patch"), NEXT)
def test_the_next_version_is_the_one_semver_tools_give(
    version: str, major: str, minor: str, patch: str
) -> None:
    given = Version.parse(version)

    found = [next_version(given, part).text for part in VersionPart]

    assert found == [major, minor, patch]


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
@pytest.mark.parametrize(("requirement", "version", "expected"), FOLLOWED)
def test_a_requirement_follows_in_its_own_style(
    requirement: str, version: str, expected: str | None
) -> None:
    found = followed_requirement(Requirement(requirement), Version.parse(version))

    assert (found.text if found else None) == expected
