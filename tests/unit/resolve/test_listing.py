"""Versions as bits, requirements as masks."""

from __future__ import annotations

import pytest

from eka.atom import Requirement, Version
from eka.resolve import Listing, bucket_of

TEXTS = [
    "0.0.1", "0.0.2", "0.1.0", "0.1.5", "0.2.0-a", "0.2.0", "1.0.0-rc.1", "1.0.0", "1.2.0",
    "1.2.3-b.2", "1.2.3", "1.3.0-x", "2.0.0-alpha", "2.0.0",
]  # fmt: skip


def listing(*, single: bool = False) -> Listing:
    return Listing(map(Version.parse, reversed(TEXTS)), single=single)


def test_versions_are_sorted_and_each_there_once() -> None:
    twice = Listing([Version(1, 1, 0), Version(1, 0, 0), Version(1, 1, 0)], single=False)

    assert [version.text for version in twice.versions] == ["1.0.0", "1.1.0"]


@pytest.mark.spec("resolution-bucket")
@pytest.mark.parametrize(
    ("version", "bucket"),
    [
        ("1.2.3", "1"),
        ("12.0.0-rc.1", "12"),
        ("0.3.9", "0.3"),
        ("0.0.4", "0.0.4"),
        ("0.0.0", "0.0.0"),
    ],
)
def test_a_bucket_is_the_leftmost_number_that_is_not_zero(version: str, bucket: str) -> None:
    assert bucket_of(Version.parse(version)) == bucket


def test_slices_follow_each_other_in_version_order() -> None:
    found = listing()

    slices = found.slices(found.every)

    assert [found.bucket(each.low) for each in slices] == [
        "0.0.1",
        "0.0.2",
        "0.1",
        "0.2",
        "1",
        "2",
    ]
    assert [each.low for each in slices] == [0, 1, 2, 4, 6, 12]
    assert [each.high for each in slices] == [1, 2, 4, 6, 12, 14]


def test_a_single_atom_has_one_bucket() -> None:
    found = listing(single=True)

    assert found.slices(0b101) == ((0, len(TEXTS), 0b1010),)
    assert found.bucket(0) == "*"
    assert found.is_confined
    assert not listing().is_confined
    assert not Listing([Version(1, 0, 0), Version(1, 1, 0)], single=True).is_confined


@pytest.mark.parametrize(
    "text",
    [
        "*", "1", "^1", "^1.2", "^1.2.3", "^0.1", "^0", "^0.0", "^0.0.2", "^0.1.2", "~1", "~1.2",
        "~1.2.3-b", "~0.0.1", "=1", "=1.2", "=1.2.3", "=1.2.3-b.2", "=9.9.9", "1.*", "1.2.*", ">1",
        ">1.2", ">1.2.3-b", ">1.2.3", ">=1", ">=1.2", ">=1.2.3-b.1", "<1", "<1.2", "<1.2.3-b.3",
        "<1.2.3", "<=1", "<=1.2", "<=1.2.3-b.2", "<=1.2.3", ">=0.1, <1.2", ">1.2.3-a, <1.3.0-z",
        ">=1.3.0-a, <2", "<2, =1.2.3-b.2",
        "<=1.2, >=0.2.0-a", ">1.1, >=1.3.0-a", ">=1.2, ~1.3.0-a",
        "=1.2, >=1.2.3-a", "^1.2, >1.2.3-a", "^1, <=1.3.0-x",
        "<2.0.0", "^2.0.0-a", ">9", "<0.0.0",
    ],
)  # fmt: skip
def test_a_mask_holds_what_the_requirement_matches(text: str) -> None:
    requirement, found = Requirement(text), listing()

    mask = found.mask(requirement)

    accepted = [each for at, each in enumerate(found.versions) if mask >> at & 1]
    assert accepted == [each for each in found.versions if requirement.matches(each)]
    assert found.mask(requirement) == mask


def test_a_confined_listing_holds_the_same_versions() -> None:
    confined = listing().confined()

    requirement = Requirement(">=0.1, <2")

    assert confined.versions == listing().versions
    assert confined.every == listing().every
    assert confined.mask(requirement) == listing().mask(requirement)
    assert confined.is_confined


def test_slices_are_the_buckets_with_a_bit() -> None:
    found = listing()

    slices = found.slices(found.mask(Requirement(">=0.1, <2")))

    assert [found.bucket(each.low) for each in slices] == ["0.1", "0.2", "1"]
    assert [each.states for each in slices] == [0b110, 0b100, 0b101100]
    assert found.slices(0) == ()


def test_bits_leave_out_versions_that_are_not_listed() -> None:
    found = listing()

    bits = found.bits([Version(0, 0, 2), Version(9, 0, 0), Version(0, 0, 0), Version(2, 0, 0)])

    assert bits == 1 << 1 | 1 << 13
    assert found.at(1 << 13) == Version(2, 0, 0)
