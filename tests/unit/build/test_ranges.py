from __future__ import annotations

import pytest

from eka.build.ranges import PartSent, part_sent, pause_asked_s, validator

SENT = "Sat, 21 Nov 2026 12:00:00 GMT"
BEFORE = "Sat, 21 Nov 2026 11:59:59 GMT"


@pytest.mark.spec("fetch-resume")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bytes 0-9/10", PartSent(0, 10, 10)),
        ("Bytes  5-9/*", PartSent(5, 10, None)),
        ("bytes 9-5/10", None),
        ("bytes */10", None),
        ("bytes 0-9", None),
        ("bytes=0-9/10", None),
        ("bytes ٣-9/10", None),
        ("", None),
    ],
)
def test_what_a_part_says_of_itself(text: str, found: PartSent | None) -> None:
    assert part_sent({"Content-Range": text}) == found


@pytest.mark.spec("fetch-resume")
@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"ETag": '"a"'}, '"a"'),
        ({"ETag": 'W/"a"'}, ""),
        ({"ETag": 'W/"a"', "Last-Modified": BEFORE, "Date": SENT}, ""),
        ({"ETag": '"a"\r\nHost: b'}, ""),
        ({"ETag": "a"}, ""),
        ({"Last-Modified": BEFORE, "Date": SENT}, BEFORE),
        ({"Last-Modified": SENT, "Date": SENT}, ""),
        ({"Last-Modified": BEFORE}, ""),
        ({"Last-Modified": "yesterday", "Date": SENT}, ""),
        ({"Last-Modified": "21 Nov 2026 11:59:59 -0000", "Date": SENT}, ""),
        ({}, ""),
    ],
)
def test_only_what_is_sure_to_change_with_the_file_is_a_condition(
    headers: dict[str, str], found: str
) -> None:
    assert validator(headers) == found


@pytest.mark.spec("fetch-pause")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": SENT, "Date": BEFORE}, 1),
        ({"Retry-After": BEFORE, "Date": SENT}, 0),
        ({"Retry-After": SENT}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "-7"}, 0),
        ({"Retry-After": "9999999999999"}, 0),
        ({}, 0),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], seconds: float) -> None:
    assert pause_asked_s(headers) == seconds
