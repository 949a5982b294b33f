"""Foreign text cannot steer a terminal, and carries no password."""

from __future__ import annotations

import pytest

from eka.git import is_safe, safe_line, safe_text


@pytest.mark.parametrize(
    "raw",
    [
        b"\x1b]0;title\x07",
        b"\x1b[2J",
        "\u202egnp.exe".encode(),
        "a\u200bb".encode(),
        b"\x9b31m",
        "tag\U000e0041".encode(),
        b"bell\x07\x00",
        b"\xff\xfe",
    ],
)
def test_nothing_that_steers_is_left(raw: bytes) -> None:
    shown = safe_text(raw)

    assert shown.isprintable()
    assert shown != ""


def test_progress_that_redraws_becomes_lines() -> None:
    assert safe_text(b"10%\r20%\r\ndone\n") == "10%\n20%\ndone\n"


def test_long_text_is_cut_off() -> None:
    assert len(safe_text(b"x" * 10_000, limit=100)) == 100


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("fatal: 'https://me:s3cret@host/x' gone", "fatal: 'https://host/x' gone"),
        ("https://t0ken@host/x", "https://host/x"),
        ("https://me:s3@cret@host/x", "https://host/x"),
        ("ssh://git:s3cret@host/x", "ssh://git@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("see https://host/x and mail@host", "see https://host/x and mail@host"),
    ],
)
def test_credentials_are_taken_out(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


def test_a_password_at_the_cut_is_taken_out_too() -> None:
    raw = "x" * 150 + " https://me:" + "s3cret" * 20 + "@host/x"

    for limit in range(70, 160):
        assert "s3cret" not in safe_text(raw, limit=limit)


def test_a_line_has_no_line_ends() -> None:
    assert safe_line(b"fatal: one\n\thint: two\n") == "fatal: one hint: two"


def test_plain_names_are_safe() -> None:
    assert is_safe("refs/atoms/ひらがな/0.1.0")
    assert not is_safe("refs/atoms/\u2066x")
    assert not is_safe("two\nlines")
