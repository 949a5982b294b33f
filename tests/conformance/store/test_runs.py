"""Runs and their logs: found again by action, output and name; readable after a kill; pruned."""

from __future__ import annotations

import gzip
import os
import random
import signal
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, LogFile, RunOutcome, Store, log_chunks, log_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, OTHER = "1" * 64, "12" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "s", durable=False) as store:
        yield store


def written(place: Path, data: bytes) -> None:
    with LogFile(place) as file:
        file.write(data)


@pytest.mark.spec("run-find")
def test_a_run_is_found_by_action_first_digits_output_and_name(store: Store) -> None:
    made = store.add_tree("thing", [DirNode(())])
    run = store.runs.begin(ONE, "thing", "run", has_log=True)
    store.runs.end(run, RunOutcome.BUILT, 1.5, [made])
    store.runs.begin(OTHER, "other", "run", has_log=True)

    found = [store.runs.find(text) for text in (ONE, ONE[:6], made.text, made.base, "thing")]

    assert [[each.number for each in runs] for runs in found] == [[run.number]] * 5
    assert store.runs.find(ONE[:5]) == []
    assert store.runs.find("absent") == []
    assert (found[0][0].outcome, found[0][0].duration_ms) == (RunOutcome.BUILT, 1500)
    assert store.runs.outputs(run) == [made.base]


@pytest.mark.spec("run-find")
def test_the_newest_run_comes_first(store: Store) -> None:
    numbers = [store.runs.begin(ONE, "thing", "run", has_log=False).number for _ in range(3)]

    assert [each.number for each in store.runs.find("thing")] == numbers[::-1]
    assert [each.number for each in store.runs.recent(limit=2)] == numbers[:0:-1]


def test_a_store_without_runs_knows_none(store: Store) -> None:
    assert store.runs.recent() == store.runs.find("thing") == []
    assert store.runs.expected_s(["thing"]) == {}
    assert store.runs.prune() == 0


@pytest.mark.spec("run-durations")
def test_what_is_expected_is_the_median_of_the_last_successes(store: Store) -> None:
    ends = [(100.0, "BUILT"), (2.0, "BUILT"), (9.0, "BUILT"), (0.1, "FAILED"), (3.0, "BUILT")]
    for duration_s, outcome in ends:
        run = store.runs.begin(ONE, "thing", "run", has_log=False)
        store.runs.end(run, RunOutcome[outcome], duration_s)

    assert store.runs.expected_s(["thing", "never"]) == {"thing": 3.0}


@pytest.mark.spec("run-log")
def test_a_log_is_a_gzip_file_and_comes_back_byte_for_byte(tmp_path: Path) -> None:
    data = random.Random(5).randbytes(200_000) + b"\x1b]0;evil\x07\n" + b"y" * 500_000

    written(tmp_path / "log", data)

    assert gzip.decompress((tmp_path / "log").read_bytes()) == data
    assert b"".join(log_chunks(tmp_path / "log")) == data


@pytest.mark.spec("run-log")
def test_what_was_flushed_is_there_after_a_kill(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        file = LogFile(tmp_path / "log")
        file.write(b"one\ntwo\nthr")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert list(log_lines(tmp_path / "log")) == [b"one", b"two", b"thr"]


def test_the_last_lines_of_a_log_are_read_and_long_ones_in_pieces(tmp_path: Path) -> None:
    written(tmp_path / "log", b"".join(b"line %d\n" % number for number in range(1000)))
    written(tmp_path / "long", b"x" * 40_000 + b"\nend")

    assert list(log_lines(tmp_path / "log", last=2)) == [b"line 998", b"line 999"]
    assert list(log_lines(tmp_path / "log", last=0)) == []
    assert [len(line) for line in log_lines(tmp_path / "long")] == [16384, 16384, 7232, 3]


def test_a_damaged_log_ends_where_the_damage_is(tmp_path: Path) -> None:
    written(tmp_path / "log", b"line\n")
    damaged = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(b"not gzip" + damaged)

    assert list(log_lines(tmp_path / "log")) == []


@pytest.mark.spec("run-prune")
def test_the_oldest_logs_go_when_there_are_too_many_or_too_much(store: Store) -> None:
    for number in range(6):
        run = store.runs.begin(f"{number}" * 64, f"n{number}", "run", has_log=True)
        assert run.log is not None
        written(run.log, random.Random(number).randbytes(1000))
        store.runs.end(run, RunOutcome.BUILT, 1)

    by_number = store.runs.prune(max_runs=5)
    by_size = store.runs.prune(max_bytes=3500)

    assert (by_number, by_size) == (1, 2)
    assert [each.name for each in store.runs.recent()] == ["n5", "n4", "n3"]
    assert len(list((store.root / "log").iterdir())) == 3
    assert store.verify() == []
