"""Ctrl-C and a polite kill end a command alike, and nothing it started stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.story import Person, Village

EKA = str(Path(sys.executable).with_name("eka"))
# A number that no other run of the tests on this machine sleeps.
SLEEP_S = 1_000_000 + os.getpid()
SLEEP = f"[build]\nrootfs = 'shell'\nscript = 'sleep {SLEEP_S}'\n"
WAIT_S = 30


def sleepers() -> int:
    """Return how many processes of the recipe are alive."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes() == b"sleep\0%d\0" % SLEEP_S
        except OSError:
            continue
    return found


def wait_for(count: int) -> None:
    """Wait until so many sleepers are alive."""
    ends = time.monotonic() + WAIT_S
    while sleepers() != count:
        assert time.monotonic() < ends, "the recipe neither started nor ended in time"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_r09_a_stopped_build_ends_at_once_with_all_it_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    person, village = Person(tmp_path / "home"), Village(tmp_path / "village")
    village.atom(
        "sleeper", '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n' + SLEEP
    )
    village.commit()
    person.does(village.mono, "init")
    person.does(village.mono / "sleeper", "lock")
    with subprocess.Popen(
        [EKA, "build", "--json"],
        cwd=village.mono / "sleeper",
        env=person.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as build:
        wait_for(1)
        build.send_signal(number)
        build.communicate(timeout=WAIT_S)

    assert build.returncode == 130
    wait_for(0)
