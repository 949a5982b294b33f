"""Requirements against an oracle that knows nothing but intervals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import InvalidRequirement, InvalidVersion, Requirement, Version
from tests.strategies import near_versions, requirements, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

# A point on the line of versions: release, then whether it is the release itself, then its
# pre-release as text of padded identifiers, which sorts as SemVer wants.
Point = tuple[tuple[int, int, int], bool, str]
Interval = tuple[Point, Point, bool]  # low, high, and whether pre-releases inside count
PARTS = re.compile(
    r"([<>=~^]*) *(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[.][*xX])*(?:-([^+]+))?(?:\+.*)?$"
)
END: Point = ((2**65, 0, 0), False, "")
START: Point = ((0, 0, 0), False, "")


def point(version: Version) -> Point:
    """Return where a version lies."""
    release = (version.major, version.minor, version.patch)
    return (release, not version.prerelease, padded(version.prerelease))


def padded(identifiers: tuple[str, ...]) -> str:
    """Return identifiers so that their texts sort by precedence: numbers first, then words."""
    return " ".join(
        "0" + identifier.zfill(30) if identifier.isdigit() else "1" + identifier
        for identifier in identifiers
    )


def just_after(place: Point) -> Point:
    """Return the next point."""
    release, is_release, text = place
    return (release, is_release, text + "\0")


def first_of(*release: int) -> Point:
    """Return the point before every pre-release of a release; missing numbers are zero."""
    major, minor, patch = (*release, 0, 0)[:3]
    return ((major, minor, patch), False, "")


def interval(text: str) -> Sequence[Interval]:
    """Return the intervals a comparator accepts; any of them suffices."""
    match = PARTS.match(text)
    assert match, text
    operator, *numbers_given, tail = match.groups()
    given = [int(number) for number in numbers_given if number is not None]
    if "*" in text or "x" in text.lower().split("-")[0]:
        operator = operator or "="
    bumped = [*given[:-1], given[-1] + 1]
    if len(given) < 3:
        return partial_interval(operator or "^", given, bumped)
    here: Point = (
        (given[0], given[1], given[2]),
        not tail,
        padded(tuple((tail or "").split("."))),
    )
    here = here if tail else ((given[0], given[1], given[2]), True, "")
    exact: Interval = (here, just_after(here), True)
    first_nonzero = next((n for n, number in enumerate(given) if number), 2)
    ceiling = [*given[:first_nonzero], given[first_nonzero] + 1]
    return {
        "=": [exact],
        ">": [(just_after(here), END, True)],
        ">=": [(here, END, True)],
        "<": [(START, here, True)],
        "<=": [(START, just_after(here), True)],
        "~": [(here, first_of(given[0], given[1] + 1), True)],
        "^": [(here, first_of(*ceiling), True)],
    }[operator or "^"]


def partial_interval(operator: str, given: list[int], bumped: list[int]) -> Sequence[Interval]:
    """Return the intervals of a comparator with one or two numbers."""
    low, high = first_of(*given), first_of(*bumped)
    releases: Interval = (low, high, False)
    open_end = high if given[0] == 0 and len(given) == 2 else first_of(given[0] + 1)
    return {
        "=": [releases],
        "~": [releases],
        "^": [(low, open_end, True)],
        ">": [(high, END, True)],
        ">=": [releases, (high, END, True)],
        "<": [(START, low, True)],
        "<=": [(START, low, True), releases],
    }[operator]


def oracle(requirement: str, version: Version) -> bool:
    """Decide by intervals alone."""
    if requirement == "*":
        return not version.prerelease
    place = point(version)
    parts = requirement.split(", ")
    for part in parts:
        if not any(
            low <= place < high and (with_prereleases or not version.prerelease)
            for low, high, with_prereleases in interval(part)
        ):
            return False
    named = f"{version.major}.{version.minor}.{version.patch}-"
    return not version.prerelease or any(
        re.sub(r"^[<>=~^ ]*", "", p).startswith(named) for p in parts
    )


@given(requirements(), near_versions())
def test_a_requirement_accepts_what_its_intervals_hold(
    requirement: Requirement, version: Version
) -> None:
    assert requirement.matches(version) == oracle(requirement.text, version)


@pytest.mark.spec("requirement-and")
@given(requirements(), requirements(), near_versions())
def test_a_release_must_satisfy_both_of_two_requirements(
    one: Requirement, other: Requirement, version: Version
) -> None:
    release = Version(version.major, version.minor, version.patch)
    both = [text for text in (one.text, other.text) if text != "*"]

    joined = Requirement(", ".join(both) or "*")

    assert joined.matches(release) == (one.matches(release) and other.matches(release))


@given(versions())
def test_a_version_satisfies_itself(version: Version) -> None:
    assert Requirement(f"={version.text}").matches(version)
    assert Requirement(f"^{version.text}").matches(version)
    assert Requirement(f">={version.text}, <={version.text}").matches(version)
    assert not Requirement(f">{version.text}").matches(version)
    assert not Requirement(f"<{version.text}").matches(version)


@given(st.text(max_size=20) | st.text("0123456789.*xX-+, ^~=<>av", max_size=20))
def test_any_text_is_a_requirement_or_an_error(text: str) -> None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return

    assert requirement.text == text


@given(st.text(max_size=20) | st.text("0123456789.-+av", max_size=20))
def test_any_text_is_a_version_or_an_error(text: str) -> None:
    try:
        version = Version.parse(text)
    except InvalidVersion:
        return

    assert version.text == text
