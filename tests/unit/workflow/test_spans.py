"""Spans of time as people write and read them."""

from __future__ import annotations

import pytest

from eka.workflow.ages import MAX_SPAN_S, InvalidSpan, in_time, parse_span, span

NOW_S = 1_000_000


@pytest.mark.spec("seen-cooldown")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("0d", 0),
        ("90m", 5400),
        ("36h", 36 * 3600),
        ("7d", 7 * 86_400),
        ("2w", 14 * 86_400),
        ("1d12h", 36 * 3600),
        ("1w1d1h1m", 8 * 86_400 + 3660),
        ("3650d", MAX_SPAN_S),
    ],
)
def test_a_span_is_read(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.spec("seen-cooldown")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "d",
        "7 d",
        "7D",
        "-1d",
        "1.5d",
        "07d",
        "1y",
        "1d1d1d1d1d",
        "3651d",
        "1000000m",
        "٧d",
    ],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpan) as caught:
        parse_span(text)

    assert caught.value.code == "invalid-span"
    assert "7d" in caught.value.fix


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidSpan) as caught:
        parse_span("7" * 100_000)

    assert len(caught.value.where) < 100


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "nothing"),
        (1, "1 second"),
        (7 * 86_400, "7 days"),
        (36 * 3600, "1 day 12 hours"),
        (90 * 60, "1 hour 30 minutes"),
    ],
)
def test_a_span_is_told_whole(seconds: int, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (-5, "now"),
        (0, "now"),
        (1, "in 1 second"),
        (59, "in 59 seconds"),
        (60, "in 1 minute"),
        (3601, "in 61 minutes"),
        (36 * 3600, "in 36 hours"),
        (86_400, "in 1 day"),
        (86_401, "in 25 hours"),
        (3 * 86_400 + 1, "in 4 days"),
    ],
)
def test_the_time_that_is_left_is_rounded_up_a_little(left_s: int, words: str) -> None:
    assert in_time(NOW_S + left_s, NOW_S) == words
