"""Dates, sizes and long lines as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.cli.text import columns_of
from eka.cli.wording import by, date, moment, shortened, size


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "1970-01-01"),
        (1_763_424_000, "2025-11-18"),
        (-1, "1969-12-31"),
        (None, "unknown"),
        (10**17, "unknown"),
        (-(10**17), "unknown"),
    ],
)
def test_a_day_is_that_of_utc(time_s: int | None, text: str) -> None:
    assert date(time_s) == text
    assert moment(time_s).startswith(text)


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 * 1024**2, "5.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (2048 * 1024**3, "2048.0 GiB"),
    ],
)
def test_sizes_have_the_unit_that_fits(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@given(st.text("ab \n\u3042\u0301", max_size=60), st.integers(4, 40))
def test_a_shortened_line_fits(text: str, columns: int) -> None:
    line = shortened(text, columns)

    assert columns_of(line) <= columns
    assert "\n" not in line
    assert line.endswith("...") or line == " ".join(text.split())


def test_names_are_told_once_and_not_too_many() -> None:
    assert by([]) == by([""]) == ""
    assert by(["Ada"]) == "by Ada"
    assert by(["Ada", "Bob", "Ada"]) == "by Ada and Bob"
    assert by(["A", "B", "C"]) == "by A, B and C"
    assert by("ABCD") == "by A, B, C and 1 other"
    assert by("ABCDE") == "by A, B, C and 2 others"
