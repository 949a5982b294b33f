"""Several builds at once, and somebody ends the program: nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eka.store import ActionInput, Plan, RunOutcome, Store, action_id, log_lines
from tests.fakes.workbench import Workbench
from tests.processes import PATIENCE_S, sleepers, wait_until

EKA_STORE = Path(sys.executable).with_name("eka-store")


def begin(root: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start three builds that sleep for long, after they said something and made a part."""
    with Store.open(root, durable=False) as store:
        bench = Workbench(store)
        actions = [
            bench.script(f"echo begun {name}; mkdir $out; sleep {mark} & sleep {mark}", name=name)
            for name in ("one", "two", "three")
        ]
        for number, wanted in enumerate(actions[0].inputs.values()):
            store.add_root(root.parent / f"input-{number}", wanted.path)  # type: ignore[union-attr]
        roots = tuple(ActionInput(action_id(each)) for each in actions)
        (root.parent / "plan.json").write_bytes(Plan.of(actions, roots).encode())
    process = subprocess.Popen(
        [str(EKA_STORE), "realise", str(root.parent / "plan.json"), "-j", "3"],
        env={"PATH": os.environ["PATH"], "HOME": str(root.parent), "EKA_STORE_DIR": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(sleepers(mark)) == 6)
    return process


@pytest.mark.spec("build-interrupt")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_build_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    mark = f"75{os.getpid()}"
    process = begin(tmp_path / "s", mark)

    process.send_signal(number)
    _, told = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 130
    assert b"store-interrupted" in told
    assert sleepers(mark) == []
    left = [path for area in ("tmp", "sessions") for path in (tmp_path / "s" / area).iterdir()]
    assert left == []
    with Store.open(tmp_path / "s", durable=False) as store:
        assert {run.outcome for run in store.runs.recent()} == {RunOutcome.STOPPED}
        assert store.info().paths == 1  # the root file system
        assert store.verify() == []


@pytest.mark.spec("run-log")
def test_what_a_build_said_can_be_read_after_a_kill(tmp_path: Path) -> None:
    mark = f"76{os.getpid()}"
    process = begin(tmp_path / "s", mark)
    time.sleep(1.2)  # within that it is in the file

    process.kill()
    process.communicate()
    wait_until(lambda: not sleepers(mark))

    with Store.open(tmp_path / "s", durable=False) as store:
        for name in ("one", "two", "three"):
            (run,) = store.runs.find(name)
            assert run.log is not None
            assert list(log_lines(run.log)) == [f"begun {name}".encode()]
            assert run.outcome is RunOutcome.RUNNING
