"""A log is followed while its build runs, whoever runs it and however that ends."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from eka.store import GrowingLog, LogFile, RunOutcome, Store, log_lines
from tests.fakes.store_program import StoreProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ACTION = "12" * 32
NOT_FOUND = 3
PATIENCE_S = 20


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Callable[[Callable[[LogFile], None], RunOutcome], None]]:
    """Somebody who builds: notes a run, writes its log, and says how it ended."""
    threads: list[threading.Thread] = []

    def start(speak: Callable[[LogFile], None], outcome: RunOutcome) -> None:
        def work() -> None:
            with Store.open(tmp_path / "s", durable=False) as store:
                run = store.runs.begin(ACTION, "slow", "run", has_log=True)
                begun.set()
                assert run.log is not None
                time.sleep(0.2)  # the log comes later than the run
                with LogFile(run.log) as file:
                    speak(file)
                time.sleep(0.2)  # and the outcome later than the end of the log
                store.runs.end(run, outcome, 1.0)

        begun = threading.Event()
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        assert begun.wait(PATIENCE_S)

    yield start
    for thread in threads:
        thread.join()


def count_slowly(file: LogFile) -> None:
    for number in range(4):
        file.write(b"line %d\n" % number)
        file.flush()
        time.sleep(0.15)
    file.write(b"no end")


@pytest.mark.spec("run-follow")
def test_a_log_is_followed_to_the_end_of_its_run(
    eka_store: StoreProgram, builder: Callable[..., None]
) -> None:
    builder(count_slowly, RunOutcome.BUILT)

    ran = eka_store("log", "--follow", "slow")

    assert ran.stdout.splitlines() == ["line 0", "line 1", "line 2", "line 3", "no end"]
    assert ran.stderr.splitlines() == ["slow has not begun to speak", "slow: built"]


def test_the_last_lines_come_first_and_then_the_new_ones(
    eka_store: StoreProgram, builder: Callable[..., None]
) -> None:
    spoken, read = threading.Event(), threading.Event()

    def speak(file: LogFile) -> None:
        file.write(b"a\nb\nc\n")
        file.flush()
        spoken.set()
        read.wait(PATIENCE_S)
        file.write(b"d\ne\n")

    builder(speak, RunOutcome.FAILED)
    assert spoken.wait(PATIENCE_S)
    threading.Timer(0.5, read.set).start()
    documents = eka_store("log", "-f", "-n", "1", ACTION[:8], "--json").documents

    assert [each["line"] for each in documents[:-1]] == ["c", "d", "e"]
    assert documents[-1]["run"]["outcome"] == "failed"
    assert documents[-1]["lines"] == 3


@pytest.mark.spec("run-follow")
def test_a_builder_that_is_killed_leaves_nobody_waiting(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        run = store.runs.begin(ACTION, "slow", "run", has_log=True)
        assert run.log is not None
    child = os.fork()
    if not child:
        file = LogFile(run.log)
        file.write(b"said\nhalf")
        file.flush()
        signal.pause()
    with_lines = time.monotonic() + PATIENCE_S
    while not (run.log.exists() and list(log_lines(run.log))):
        assert time.monotonic() < with_lines
    threading.Timer(0.4, os.kill, (child, signal.SIGKILL)).start()

    ran = eka_store("log", "-f", "slow")

    os.waitpid(child, 0)
    assert ran.stdout.splitlines() == ["said", "half"]
    assert ran.stderr.splitlines() == ["slow: its log has ended"]


def test_a_run_that_is_over_is_shown_at_once_and_one_that_never_was_is_an_error(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        run = store.runs.begin(ACTION, "quick", "run", has_log=True)
        assert run.log is not None
        with LogFile(run.log) as file:
            file.write(b"all\n")
        store.runs.end(run, RunOutcome.BUILT, 0.1)

    over = eka_store("log", "-f", "quick")
    absent = eka_store("log", "-f", "absent", "--json")

    assert (over.stdout, over.stderr) == ("all\n", "quick: built\n")
    assert absent.status == NOT_FOUND
    assert absent.document["error"]["code"] == "log-not-found"


@pytest.mark.spec("run-follow")
def test_however_a_log_arrives_its_lines_are_those_of_the_whole(tmp_path: Path) -> None:
    chance = random.Random(7)
    for round_number in range(40):
        place = tmp_path / f"log-{round_number}"
        file = LogFile(place)
        found: list[bytes] = []
        with GrowingLog(place) as log:
            before = log.is_written
            for _ in range(chance.randrange(8)):
                letters = chance.choices(b"ab\n", k=chance.choice((3, 40, 70_000)))
                file.write(bytes(letters) if chance.random() < 0.8 else b"x" * 50_000)
                if chance.random() < 0.6:
                    file.flush()
                found += log.lines()
            file.close()
            after = log.is_written
            found += log.rest()

        assert (before, after) == (True, False)
        assert found == list(log_lines(place))


def test_what_is_damaged_ends_where_it_is_damaged(tmp_path: Path) -> None:
    place = tmp_path / "log"
    file = LogFile(place)
    file.write(b"good\n")
    file.flush()

    with GrowingLog(place) as log:
        good = list(log.lines())
        with place.open("ab") as raw:
            raw.write(b"\xff" * 100)
        bad = list(log.rest())

    file.close()
    assert (good, bad) == ([b"good"], [])
