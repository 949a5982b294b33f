"""What people are shown while a plan is realised."""

from __future__ import annotations

import pytest

from eka.build.board import MOST_LINES, Board, spoken_size, spoken_time
from eka.store import (
    ActionFailed,
    ActionFinished,
    ActionLog,
    ActionSkipped,
    ActionStarted,
    FetchProgress,
    Outcome,
    WorkLeft,
)


class Shown:
    """A board and the clock it looks at."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.board = Board(lambda: self.now_s)

    def begin(self, name: str, kind: str = "run") -> None:
        self.board.take(ActionStarted(f"id of {name}", name, kind))

    def finish(self, name: str, outcome: Outcome = Outcome.BUILT) -> None:
        self.board.take(ActionFinished(f"id of {name}", name, outcome, ()))


def test_what_runs_is_shown_with_its_time_and_what_is_left() -> None:
    shown = Shown()
    shown.board.take(WorkLeft(5, 90.0))
    shown.begin("old")
    shown.now_s += 12
    shown.begin("file", "fetch")
    shown.board.take(FetchProgress("id of file", "http://127.0.0.1/", 1_500_000, 9_000_000))
    shown.board.take(ActionLog("id of old", b"said"))
    shown.now_s += 3

    assert shown.board.lines() == [
        "      15 s  old",
        "       3 s  file  1.5 MB of 9.0 MB",
        "  5 left, about 1 min 15 s",
    ]


def test_what_ended_is_counted_and_gone() -> None:
    shown = Shown()
    shown.board.take(WorkLeft(5, None))
    for name in ("good", "bad"):
        shown.begin(name)
    shown.finish("there", Outcome.CACHED)
    shown.finish("good")
    shown.board.take(ActionFailed("id of bad", "bad", "build-failed", "why"))
    shown.board.take(ActionSkipped("id of lost", "lost", "id of bad"))

    assert shown.board.lines() == ["  2 left, 1 failed"]
    assert (shown.board.built, shown.board.cached, shown.board.failed) == (1, 1, 1)


def test_a_guess_that_was_too_short_is_not_told_as_negative() -> None:
    shown = Shown()
    shown.board.take(WorkLeft(1, 5.0))
    shown.now_s += 60

    assert shown.board.lines() == ["  1 left, done any moment"]


def test_of_very_many_only_the_oldest_are_shown() -> None:
    shown = Shown()
    for number in range(MOST_LINES + 3):
        shown.begin(f"n{number}")
        shown.now_s += 1

    lines = shown.board.lines()

    assert len(lines) == MOST_LINES + 1
    assert lines[0].endswith("n0")
    assert lines[-1].strip() == "and 3 more"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (-4, "0 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_times_are_spoken(seconds: float, text: str) -> None:
    assert spoken_time(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (2_000_000, "2.0 MB"),
        (71_000_000_000, "71.0 GB"),
    ],
)
def test_sizes_are_spoken(size: int, text: str) -> None:
    assert spoken_size(size) == text
