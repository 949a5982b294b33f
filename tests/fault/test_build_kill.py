"""Builds that are killed: the next one finds a whole store and the same result."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from eka.build import BuildFailed
from eka.store import Store
from tests.fakes.workbench import Workbench
from tests.processes import PATIENCE_S, sleepers, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.store import Action, StorePath

PROJECT = Path(__file__).parents[2]


def start(store: Path, script: str = "sleep 0.1") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.lone_build", str(store), script],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> dict[str, object]:
    out, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, complaint.decode()
    return cast("dict[str, object]", json.loads(out))


@pytest.mark.spec("build-interrupt")
def test_whenever_a_build_is_killed_the_next_one_gets_the_same(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    chance = random.Random(20)
    begun = time.monotonic()
    expected = finish(start(tmp_path / "whole"))
    takes_s = time.monotonic() - begun

    for number in range(rounds(10, 100)):
        store = tmp_path / f"s{number % 3}"  # some are killed again and again
        process = start(store)
        time.sleep(chance.uniform(0, takes_s))
        process.kill()
        process.communicate()
        if number % 3 == 2:
            continue
        again = finish(start(store))
        assert again["path"] == expected["path"]
        assert again["content"] == expected["content"]
        assert again["faults"] == []

    last = finish(start(tmp_path / "s2"))
    assert last["path"] == expected["path"]
    assert last["faults"] == []


@pytest.mark.spec("sandbox-end")
def test_a_killed_build_leaves_no_process_and_no_scratch(tmp_path: Path) -> None:
    mark = f"73{os.getpid()}"
    process = start(tmp_path / "s", f"sleep {mark} & setsid sleep {mark} & sleep {mark}")
    wait_until(lambda: len(sleepers(mark)) == 3)

    process.kill()
    process.communicate()
    wait_until(lambda: not sleepers(mark))
    with Store.open(tmp_path / "s", durable=False) as store:
        left = list((store.root / "tmp").iterdir())
        paths = store.info().paths

    assert left == []
    assert paths == 2  # the source and the root file system


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_build_soon(tmp_path: Path, number: signal.Signals) -> None:
    mark = f"74{os.getpid()}"
    process = start(tmp_path / "s", f"sleep {mark}")
    wait_until(lambda: len(sleepers(mark)) == 1)

    process.send_signal(number)
    process.communicate(timeout=20)

    assert process.returncode != 0
    wait_until(lambda: not sleepers(mark))


@pytest.mark.spec("build-once")
def test_one_who_waited_for_a_build_that_was_killed_builds_it(tmp_path: Path) -> None:
    mark = f"2.{os.getpid()}"
    first = start(tmp_path / "s", f"sleep {mark}")
    wait_until(lambda: bool(sleepers(mark)))
    second = start(tmp_path / "s", f"sleep {mark}")
    time.sleep(0.5)

    first.kill()
    first.communicate()
    told = finish(second)

    assert told["built"] == ["library", "program"]
    assert told["faults"] == []


def test_a_failed_build_can_be_tried_again_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        bench = Workbench(store)
        fails_half_the_time = bench.script(
            "n=$(head -c 1 /dev/urandom | od -An -tu1); [ $n -lt 128 ]; echo lucky > $out"
        )

        path = _until_it_works(bench, fails_half_the_time)

        assert bench.read(path) == "lucky\n"
        assert store.verify() == []


def _until_it_works(bench: Workbench, action: Action) -> StorePath:
    for _ in range(60):
        with suppress(BuildFailed):
            return bench.realise(action)
    raise AssertionError
