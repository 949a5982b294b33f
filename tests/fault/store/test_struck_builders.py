"""What runs in the sandbox of a build is killed from outside: it failed, and nothing is left."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed
from eka.store import RunOutcome, Store
from tests.fakes.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "s", durable=False) as store:
        yield store


def line_of(pid: int) -> list[int]:
    """Return the processes from ``pid`` up to this one, that one first."""
    found: list[int] = []
    while pid != os.getpid():
        found.append(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def sleepers(mark: str) -> list[int]:
    wanted = f"sleep\0{mark}\0".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == wanted:
                found.append(int(entry.name))
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.spec("build-outputs")
@pytest.mark.spec("sandbox-end")
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_whoever_is_killed_the_build_has_failed_and_the_next_one_works(
    store: Store, number: int
) -> None:
    """0 is what the shell started, 1 the shell, then process 1 inside, then bubblewrap."""
    mark = f"81{number}{os.getpid()}"
    bench = Workbench(store)

    def strike() -> None:
        wait_until(lambda: len(sleepers(mark)) == 1)
        line = line_of(sleepers(mark)[0])
        os.kill(line[number], signal.SIGKILL)

    thread = threading.Thread(target=strike)
    thread.start()
    with pytest.raises(BuildFailed) as caught:
        bench.build(f"mkdir $out; echo begun; sleep {mark}; echo never")
    thread.join()

    wait_until(lambda: not sleepers(mark))
    assert caught.value.exit_status == 100
    assert "begun" in caught.value.details
    assert "never" not in caught.value.details
    assert {run.outcome for run in store.runs.recent()} == {RunOutcome.FAILED}
    assert store.verify() == []
    assert bench.read(bench.build("echo fine > $out")) == "fine\n"
