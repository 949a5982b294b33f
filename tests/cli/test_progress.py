"""Progress moves on terminals, stays as lines in logs, and is silent where nobody reads it."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

from eka.cli.progress import LINE_INTERVAL_S, Lines, Nothing, open_progress
from eka.moving import Moving
from tests.fakes.terminal import Terminal

if TYPE_CHECKING:
    import pytest


def test_the_display_fits_the_place() -> None:
    shown = open_progress(io.StringIO(), shown=True, moving=False)
    moving = open_progress(io.StringIO(), shown=True, moving=True)
    moving.close()

    assert isinstance(shown, Lines)
    assert isinstance(moving, Moving)
    assert isinstance(open_progress(io.StringIO(), shown=False, moving=True), Nothing)


def test_lines_tell_steps_notes_and_now_and_then_a_count() -> None:
    now = [0.0]
    stream = io.StringIO()
    lines = Lines(stream, clock=lambda: now[0])

    lines.step("fetching \x1b[2J")
    lines.count("objects", 1, 9)
    now[0] = LINE_INTERVAL_S
    lines.count("objects", 5, 9)
    lines.count("objects", 6, 9)
    now[0] *= 2
    lines.count("bytes", 700, None)
    lines.note("the mirror answered")
    lines.close()

    assert stream.getvalue().splitlines() == [
        "fetching \\u{1b}[2J",
        "objects: 5 of 9",
        "bytes: 700",
        "note: the mirror answered",
    ]


def test_quick_work_leaves_a_terminal_untouched() -> None:
    stream = Terminal()
    moving = Moving(stream, colour=False, delay_s=60)

    moving.step("resolving")
    moving.count("atoms", 1, 2)
    moving.close()

    assert stream.getvalue() == ""


def test_a_note_is_told_at_once() -> None:
    stream = Terminal()
    moving = Moving(stream, colour=False, delay_s=60)

    moving.note("a mirror lists \x1b[2J")
    moving.close()

    assert stream.getvalue() == "note: a mirror lists \\u{1b}[2J\n"


def test_lasting_work_is_shown_and_its_display_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # rich looks for itself
    stream = Terminal()
    moving = Moving(stream, colour=False, delay_s=0)
    deadline = time.monotonic() + 20

    moving.step("fetching [red]\x1b[2J")
    while "fetching" not in stream.getvalue() and time.monotonic() < deadline:
        moving.count("fetching [red]\x1b[2J", 3, 10)
        time.sleep(0.02)
    moving.note("half way")
    moving.close()

    told = stream.getvalue()
    assert "fetching [red]\\u{1b}[2J" in told  # neither markup nor escapes of strangers
    assert "3 of 10" in told
    assert "note: half way" in told
    assert told.rstrip().endswith("\x1b[2K")  # the line is cleared


def test_a_board_is_shown_below_the_count_and_made_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    moving = Moving(stream, colour=False, delay_s=0)
    deadline = time.monotonic() + 20

    shown = moving.board(lambda: ["      12 s  zlib [b]\x1b[2J"])
    moving.count("actions", 3, 10)
    while "zlib" not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.02)
    moving.close()

    assert shown
    assert "12 s  zlib [b]\\u{1b}[2J" in stream.getvalue()


def test_lines_show_no_board() -> None:
    stream = io.StringIO()

    assert not Lines(stream).board(lambda: ["line"])
    assert not Nothing().board(None)
    assert stream.getvalue() == ""
