"""Kills, races, foreign rights and full disks: the store stays whole, nothing promised is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import Store, StorePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).parents[3]
NOBODY = 65534
SOUND: dict[str, object] = {"faults": [], "left": [], "lost": [], "again": True}


def start(*words: object) -> subprocess.Popen[str]:
    """Start a process that uses a store."""
    command = [sys.executable, "-m", "tests.fault.store.lives", *map(str, words)]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)


def heard(process: subprocess.Popen[str]) -> list[Any]:
    """Wait for a process; return what it told."""
    with process:
        assert process.stdout is not None
        text = process.stdout.read()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory that any user may reach; in memory where there is such a place."""
    place = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(dir=place if place.is_dir() else None))
    yield base
    subprocess.run(["chmod", "-R", "u+rwX", str(base)], check=True)
    shutil.rmtree(base)


@pytest.mark.spec("store-ack")
@pytest.mark.spec("store-clear")
def test_a_kill_at_any_step_loses_nothing(memory: Path, rounds: Callable[[int, int], int]) -> None:
    (total,) = heard(start("steps", memory))
    assert total > 100
    stride = rounds(3, 1)

    told = heard(start("killed", memory, 1, total + 1, stride))

    assert [life["step"] for life in told] == list(range(1, total + 1, stride))
    assert {life["status"] for life in told} == {-9}
    assert [life for life in told if {key: life[key] for key in SOUND} != SOUND] == []


@pytest.mark.spec("store-ack")
@pytest.mark.spec("store-clear")
def test_kills_at_random_lose_nothing_of_what_was_acknowledged(
    memory: Path, rounds: Callable[[int, int], int]
) -> None:
    chance, told, root = random.Random(7), set[str](), memory
    for turn in range(rounds(10, 100)):
        if turn % 10 == 0:  # verifying a store that only grows takes ever longer
            told, root = set[str](), memory / f"s{turn}"
        lives = [start("adding", root, *names(turn, each)) for each in range(2)]
        for life in lives:
            assert life.stdout is not None
            told.add(json.loads(life.stdout.readline()))
        time.sleep(chance.random() * 0.05)
        for life in lives:
            life.kill()
            told.update(heard(life))
        with Store.open(root) as store:
            assert store.verify() == []
            assert {text for text in told if not store.has(StorePath.parse(text))} == set()
        assert list((root / "tmp").iterdir()) == []


def names(turn: int, each: int) -> list[str]:
    """Return names; every other tree is added by two processes at once."""
    return [f"t{turn}-{number}-{each * (number % 2)}" for number in range(300)]


@pytest.mark.spec("store-shared")
def test_many_processes_add_the_same_trees(memory: Path) -> None:
    trees = [f"tree-{number}" for number in range(40)]

    lives = [start("adding", memory / "s", *trees) for _ in range(5)]
    told = [heard(life) for life in lives]

    assert [life.returncode for life in lives] == [0] * 5
    assert {tuple(paths) for paths in told} == {tuple(told[0])}
    with Store.open(memory / "s") as store:
        assert store.info().paths == 40
        assert store.verify() == []
    assert list((memory / "s" / "sessions").iterdir()) == []


@pytest.mark.spec("store-shared")
@pytest.mark.spec("gc-roots")
def test_collecting_takes_nothing_from_those_who_add_and_build(
    memory: Path, rounds: Callable[[int, int], int]
) -> None:
    count = rounds(40, 400)
    trees = [f"tree-{number}" for number in range(count)]

    adders = [start("adding", memory / "s", *trees) for _ in range(2)]
    builders = [start("building", memory / "s", *trees[: count // 2])]
    collectors = [start("collecting", memory / "s", count) for _ in range(2)]
    told = [heard(life) for life in [*adders, *builders, *collectors]]

    assert [life.returncode for life in [*adders, *builders, *collectors]] == [0] * 5
    assert len(told[0]) == len(told[1]) == count
    assert [text for texts in told for text in texts if text.startswith("lost")] == []
    with Store.open(memory / "s") as store:
        store.gc()
        assert store.info().paths == 0
        assert store.verify() == []


@pytest.mark.spec("store-shared")
@pytest.mark.parametrize("umask", ["000", "022", "077", "777"])
def test_an_ordinary_user_needs_no_rights_and_no_umask(memory: Path, umask: str) -> None:
    user = NOBODY if os.geteuid() == 0 else os.geteuid()

    told = heard(start("rights", memory, user, umask))

    assert told == [SOUND]


@pytest.mark.spec("store-ack")
def test_a_full_disk_is_reported_and_harms_nothing(memory: Path) -> None:
    told = heard(start("filling", memory / "s", 1 << 20))

    assert told[0]["code"] == "store-unusable"
    assert told[1] == {"kept": True, "faults": [], "paths": 1}


def test_a_stopped_process_is_not_taken_for_a_dead_one(memory: Path) -> None:
    with Store.open(memory / "s") as running:
        staged = running.staging("out")

        with Store.open(memory / "s"):
            pass

        assert staged.is_dir()
