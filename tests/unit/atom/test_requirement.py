"""Requirements."""

from __future__ import annotations

import pytest

from eka.atom import ANY, Comparator, InvalidRequirement, Operator, Requirement, Version
from eka.errors import Exit


@pytest.mark.spec("requirement-text")
def test_a_requirement_is_kept_as_it_was_written() -> None:
    written = ">= 1.2 ,<3"

    requirement = Requirement.parse(written)

    assert requirement.text == written
    assert requirement != Requirement(">=1.2, <3")


def test_a_requirement_is_a_list_of_comparators() -> None:
    requirement = Requirement(">=1.2.3-rc.1, 2.*")

    assert requirement.comparators == (
        Comparator(Operator.GREATER_EQUAL, 1, 2, 3, ("rc", "1")),
        Comparator(Operator.WILDCARD, 2),
    )
    assert [each.given for each in requirement.comparators] == [(1, 2, 3), (2,)]


@pytest.mark.spec("requirement-wildcard")
def test_a_wildcard_after_an_operator_is_as_good_as_not_written() -> None:
    assert Requirement(">=1.*").comparators == Requirement(">=1").comparators


def test_any_has_no_comparators() -> None:
    assert ANY.comparators == ()
    assert ANY.matches(Version(0, 0, 0))


@pytest.mark.spec("requirement-limits")
def test_thirty_two_comparators_are_the_most() -> None:
    most = ", ".join([">=1"] * 32)

    assert len(Requirement(most).comparators) == 32
    with pytest.raises(InvalidRequirement):
        Requirement(most + ", >=1")


@pytest.mark.spec("requirement-limits")
@pytest.mark.parametrize("text", ["18446744073709551616", "9" * 4000, "1" + " " * 4096])
def test_large_numbers_and_long_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        Requirement(text)

    assert caught.value.code == "invalid-requirement"
    assert caught.value.exit_status == Exit.USAGE
    assert caught.value.raw == text
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,", "comma"),
        ("1, *", "alone"),
        ("1.*.3", "number after a wildcard"),
        ("1.2.*-a", "more after a wildcard"),
        ("1.2.3+a..b", "empty build identifier"),
        ("1.2.3-01", "pre-release identifier"),
        ("latest", "not a comparator"),
        (" ", "empty"),
    ],
)
def test_an_error_says_which_part_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        Requirement(text)

    assert reason in caught.value.why
