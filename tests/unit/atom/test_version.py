"""Versions."""

from __future__ import annotations

import pytest

from eka.atom import InvalidVersion, Version
from eka.errors import Exit


def test_a_version_has_parts_and_one_text() -> None:
    version = Version.parse("1.2.3-rc.1")

    assert (version.major, version.minor, version.patch) == (1, 2, 3)
    assert version.prerelease == ("rc", "1")
    assert version.text == "1.2.3-rc.1"
    assert version.is_prerelease
    assert not Version(1, 2, 3).is_prerelease


def test_versions_compare_in_all_six_ways() -> None:
    low, high = Version(1, 9, 0), Version(1, 10, 0)

    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    assert low != high
    assert low == Version(1, 9, 0)
    assert not low < Version(1, 9, 0)
    assert hash(low) == hash(Version(1, 9, 0))


def test_a_version_has_no_order_with_anything_else() -> None:
    with pytest.raises(TypeError):
        _ = Version(1, 0, 0) < "1.0.0"


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (0, 2**64, 0), (0, 0, -1)])
def test_numbers_made_by_a_program_are_checked_too(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version(*numbers)

    assert caught.value.code == "invalid-version"
    assert caught.value.exit_status == Exit.USAGE


@pytest.mark.parametrize("identifiers", [("",), ("01",), ("a.b",), ("a", "lock"), ("a" * 123,)])
def test_identifiers_made_by_a_program_are_checked_too(identifiers: tuple[str, ...]) -> None:
    with pytest.raises(InvalidVersion):
        Version(1, 0, 0, identifiers)


def test_a_lone_lock_is_no_file_name_ending() -> None:
    assert Version.parse("1.0.0-lock").text == "1.0.0-lock"


def test_an_error_shows_only_the_start_of_a_long_text() -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version.parse("1" * 10_000)

    assert len(str(caught.value)) < 400


@pytest.mark.spec("version-build")
def test_build_metadata_is_refused_with_its_reason() -> None:
    with pytest.raises(InvalidVersion) as caught:
        Version.parse("1.0.0+linux")

    assert "+linux" in caught.value.why
