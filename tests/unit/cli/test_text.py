"""Colours and columns, and that no way leads around `safe`."""

from __future__ import annotations

import pytest

from eka.cli.text import SGR, Line, Piece, Style, Table, bold, columns_of, paint, red, written


@pytest.mark.parametrize("style", SGR)
def test_a_piece_is_coloured_only_when_asked(style: Style) -> None:
    piece = Piece("word", style)

    assert paint(piece, colour=False) == "word"
    assert paint(piece, colour=True) == f"\x1b[{SGR[style]}mword\x1b[0m"


@pytest.mark.parametrize("line", ["\x1b[2J", red("\x1b[2J"), ("x", bold("\x1b[2J"))])
@pytest.mark.parametrize("colour", [True, False])
def test_foreign_text_is_made_safe_wherever_it_stands(line: Line, *, colour: bool) -> None:
    shown = paint(line, colour=colour)

    assert "\\u{1b}[2J" in shown
    assert "\x1b[2J" not in shown


def test_a_foreign_line_end_starts_no_new_line() -> None:
    assert list(written(["a\nerror: forged"], colour=False)) == ["a\\u{a}error: forged"]


def test_columns_line_up_whatever_the_colours_and_scripts() -> None:
    table = Table(("name", "what"), (("zlib", "x"), (red("圧縮"), "y"), ("e\u0301", "z")))

    plain = list(written([table], colour=False))
    painted = list(written([table], colour=True))

    assert plain == ["NAME  WHAT", "zlib  x", "圧縮  y", "e\u0301     z"]
    assert [line.replace("\x1b[2m", "").replace("\x1b[1;31m", "").replace("\x1b[0m", "")
            for line in painted] == plain  # fmt: skip


def test_an_empty_table_is_its_header() -> None:
    assert list(written([Table(("a", "b"), ())], colour=False)) == ["A  B"]


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("abc", 3), ("圧縮", 4), ("e\u0301", 1)])
def test_columns_are_counted_as_a_terminal_counts(text: str, columns: int) -> None:
    assert columns_of(text) == columns
