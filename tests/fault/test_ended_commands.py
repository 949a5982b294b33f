"""Ctrl-C and a polite kill end a command alike, and nothing it started stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PATIENCE_S, sleepers, wait_until
from tests.story import Person, Village

EKA = str(Path(sys.executable).with_name("eka"))
# A number that no other run of the tests on this machine sleeps.
SLEEP_S = str(1_000_000 + os.getpid())
SLEEP = f"[build]\nrootfs = 'shell'\nscript = 'sleep {SLEEP_S}'\n"


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
        wait_until(lambda: len(sleepers(SLEEP_S)) == 1)
        build.send_signal(number)
        build.communicate(timeout=PATIENCE_S)

    assert build.returncode == 130
    wait_until(lambda: not sleepers(SLEEP_S))
