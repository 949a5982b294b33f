"""Downloads whose process is killed, told to stop, or fills the disk: the next one goes on."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import ActionInput, FetchAction, Plan, Store, StorePath, action_id
from tests.processes import PATIENCE_S, wait_until
from tests.servers.ranged import RangedServer, ranged_server

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

EKA_STORE = Path(sys.executable).with_name("eka-store")
CHECKOUT = Path(__file__).parents[3]
BODY = random.Random(3).randbytes(3 << 20)


@contextmanager
def slow_server() -> Generator[RangedServer]:
    with ranged_server(BODY) as server:
        server.slice_bytes = 1 << 16
        server.pause = lambda: time.sleep(0.004)
        yield server


def planned(home: Path, url: str, *names: str) -> str:
    """Write a plan that fetches the file under each of the names; return where it is."""
    sha256 = hashlib.sha256(BODY).hexdigest()
    actions = [
        FetchAction(name=name, urls=(url,), size=len(BODY), sha256=sha256) for name in names
    ]
    roots = tuple(ActionInput(action_id(each)) for each in actions)
    place = home / "plan.json"
    place.write_bytes(Plan.of(actions, roots).encode())
    return str(place)


def start(home: Path, plan: str, *under: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*under, str(EKA_STORE), "realise", plan, "--json", "--store", str(home / "s")],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, list[Any]]:
    """Wait for a run; return its exit status and all that it told."""
    told, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, [json.loads(line) for line in told.splitlines()]


def unfinished(home: Path) -> int:
    """Return how many bytes of the file a run left, or has."""
    return sum(file.stat().st_size for file in (home / "s" / "unfinished").glob("*"))


def wait_until_more(home: Path, there: int) -> None:
    """Wait until more than ``there`` bytes of the file are there."""
    wait_until(lambda: unfinished(home) > there)


def examine(home: Path, told: list[Any]) -> None:
    """The file is there, whole and alone."""
    path = StorePath.parse(told[-1]["outputs"][0]["path"])
    with Store.open(home / "s") as store:
        assert store.physical(path).read_bytes() == BODY
        assert store.verify() == []
        assert list((store.root / "unfinished").iterdir()) == []
        assert list((store.root / "tmp").iterdir()) == []


@pytest.mark.spec("fetch-unfinished")
@pytest.mark.spec("build-interrupt")
def test_killed_again_and_again_a_download_comes_to_its_end(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    chance = random.Random(os.environ.get("KILL_SEED", "eka"))
    for number in range(rounds(1, 30)):
        home = tmp_path / str(number)
        home.mkdir()
        with slow_server() as server:
            plan = planned(home, server.url, "file")
            there = 0
            for _ in range(3):
                process = start(home, plan)
                wait_until_more(home, there + chance.randrange(len(BODY) // 4))
                process.kill()
                process.communicate()
                there = unfinished(home)
                with Store.open(home / "s") as store:
                    assert store.info().paths == 0
                    assert list(store.physical_root.iterdir()) == []

            status, told = finished(start(home, plan))

            assert status == 0
            assert server.asked[-1][0] == there
            starts = [start for start, _ in server.asked]
            assert starts == sorted(starts)
            progress = [each for each in told if each.get("event") == "fetch-progress"]
            assert progress[0]["resumed_bytes"] == there
        examine(home, told)


@pytest.mark.spec("fetch-unfinished")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_download_that_was_told_to_stop_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    with slow_server() as server:
        plan = planned(tmp_path, server.url, "file")
        process = start(tmp_path, plan)
        wait_until(lambda: server.sent_bytes > 1 << 20)

        process.send_signal(number)
        stopped, _ = finished(process)
        status, told = finished(start(tmp_path, plan))

        assert (stopped, status) == (130, 0)
        assert server.asked[1][0] >= 1 << 19
        assert server.sent_bytes < len(BODY) + (1 << 20)
    examine(tmp_path, told)


@pytest.mark.spec("fetch-unfinished")
def test_two_processes_fetch_one_file_under_two_names(tmp_path: Path) -> None:
    with slow_server() as server:
        (tmp_path / "other").mkdir()
        plans = [
            planned(tmp_path, server.url, "one", "two"),
            planned(tmp_path / "other", server.url, "two", "three"),
        ]

        processes = [start(tmp_path, plan) for plan in plans]
        ended = [finished(process) for process in processes]

    assert [status for status, _ in ended] == [0, 0]
    for _, told in ended:
        examine(tmp_path, told)


@pytest.mark.spec("fetch-unfinished")
@pytest.mark.spec("fetch-retry")
def test_a_disk_that_is_full_is_told_as_such_and_nothing_stays(tmp_path: Path) -> None:
    mounted = (
        'mount -t tmpfs -o size=2m,mode=700 eka "$1" && shift && "$@"; s=$?; ls "$0"; exit $s'
    )
    (tmp_path / "s").mkdir()
    with ranged_server(BODY) as server:
        plan = planned(tmp_path, server.url, "file")
        place = tmp_path / "s"
        inside = ("unshare", "-rm", "sh", "-c", mounted, str(place / "unfinished"), str(place))

        process = start(tmp_path, plan, *inside)
        told, _ = process.communicate(timeout=PATIENCE_S)

    *lines, last = [line for line in told.splitlines() if line.startswith("{")]
    assert process.returncode == 1, lines
    assert json.loads(last)["error"]["code"] == "store-unusable"
    assert told.splitlines()[-1] == last  # there is no unfinished file
    assert len(server.asked) == 1
