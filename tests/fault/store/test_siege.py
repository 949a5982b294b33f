"""Users, builders, a server, its client and collectors, each killed at random: nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).parents[3]
SEED = os.environ.get("KILL_SEED", "eka")  # a failed round is played again with its seed
# What a builder says when something it started was killed.
STRUCK = {"build-failed", "sandbox-unavailable"}
CLEAN: dict[str, Any] = {"ends": [], "lost": [], "faults": [], "left": [], "seen": []}


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory, where there is such a place."""
    place = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(prefix="eka-siege-", dir=place if place.is_dir() else None))
    yield base
    subprocess.run(["chmod", "-R", "u+rwX", str(base)], check=True)
    shutil.rmtree(base)


@pytest.mark.spec("gc-together")
@pytest.mark.spec("gc-roots")
@pytest.mark.spec("gc-kept")
@pytest.mark.spec("store-ack")
@pytest.mark.spec("store-clear")
@pytest.mark.spec("store-shared")
def test_kills_of_all_at_once_lose_nothing_and_show_nothing_half_done(
    memory: Path, rounds: Callable[[int, int], int]
) -> None:
    count = rounds(4, 220)
    command = [sys.executable, "-m", "tests.fault.store.siege", str(memory), str(count), SEED]

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    played = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["round"] for each in played] == list(range(count))
    assert [each for each in played if {key: each[key] for key in CLEAN} != CLEAN] == []
    assert played[-1]["held"] > 0
    if count > 100:  # lives are short, and a few rounds may be too few on a busy machine
        assert all(sum(each[what] for each in played) for what in ("built", "asked", "struck"))
    assert {code for each in played for code in each["codes"]} <= STRUCK
