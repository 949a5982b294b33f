"""Foreign text cannot steer a terminal or deceive a reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.text import discreet, safe, safe_line

HOSTILE = [
    ("\x1b]0;owned\x07", "\\u{1b}]0;owned\\u{7}"),  # sets the window title
    ("\x1b[2Jgone", "\\u{1b}[2Jgone"),  # clears the screen
    ("\x9b31m", "\\u{9b}31m"),  # the same in one C1 character
    ("good\rbad", "good\\u{d}bad"),  # overwrites the line
    ("a\x00b", "a\\u{0}b"),
    ("\x7f", "\\u{7f}"),
    ("user\u202egnp.exe", "user\\u{202e}gnp.exe"),  # right to left override
    ("\u2066x\u2069", "\\u{2066}x\\u{2069}"),  # bidi isolates
    ("zero\u200bwidth", "zero\\u{200b}width"),
    ("\ufeffbom", "\\u{feff}bom"),
    ("soft\u00adhyphen", "soft\\u{ad}hyphen"),
    ("\ufff9a\ufffbb", "\\u{fff9}a\\u{fffb}b"),  # interlinear annotation
    ("tag\U000e0041", "tag\\u{e0041}"),
    ("raw\udcff", "raw\\u{dcff}"),  # a byte that is not UTF-8
    ("line\u2028line", "line\\u{2028}line"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_hostile_characters_are_shown_as_numbers(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_ordinary_text_of_any_script_stays() -> None:
    text = "zlib 1.3.1\tзлиб, 圧縮, ζ 🎉\nsecond line"

    assert safe(text) == text


def test_a_line_keeps_neither_line_ends_nor_tabs() -> None:
    assert safe_line("a\nb\tc") == "a\\u{a}b\\u{9}c"


@given(st.text())
def test_what_is_safe_holds_no_control_or_format_character_that_moves_the_cursor(
    text: str,
) -> None:
    shown = safe(text)

    kept = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")}
    assert kept <= {"\n", "\t"}


@given(st.text())
def test_safe_text_is_stable(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@host/x", "https://***********@host/x"),
        ("https://token@host/x::y@^1", "https://*****@host/x::y@^1"),
        ("HTTP://u:p@ss@host", "HTTP://******@host"),
        ("see 'http://u:p@h/x' and http://u:q@h", "see 'http://***@h/x' and http://***@h"),
        ("ssh://git:secret@host/x", "ssh://git:******@host/x"),
        ("git:secret@host/x", "git:******@host/x"),
    ],
)
def test_what_may_be_a_password_is_not_shown(text: str, shown: str) -> None:
    assert discreet(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://host/x::y@^1",
        "ssh://git@host/x",
        "git@host:x",
        "gh:owner/repo::zlib@^1",
        "work:pkgs::zlib@1.0",
        "error at 12:30: somebody@example.org",
        "a: b@c",
    ],
)
def test_what_is_no_password_is_shown(text: str) -> None:
    assert discreet(text) == text


@pytest.mark.parametrize("word", ["x", "x:", "x@", "x.", "https:", "://", "a://b:", "\x1b", "-"])
def test_a_word_of_megabytes_is_made_discreet_in_one_pass(word: str) -> None:
    text = word * (2_000_000 // len(word))

    assert len(discreet(text)) == len(text)
