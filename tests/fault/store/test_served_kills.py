"""A server and its clients, killed in the middle of a request: the other side goes on."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import Store
from tests.fakes.workbench import Workbench, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from io import RawIOBase

EKA_STORE = Path(sys.executable).with_name("eka-store")
PATIENCE_S = 60


@contextmanager
def served(home: Path) -> Generator[subprocess.Popen[bytes]]:
    """Run a server of its own process group; yield it once it listens."""
    process = subprocess.Popen(
        [str(EKA_STORE), "serve", "--socket", str(home / "sock"), "--json"],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "EKA_STORE_DIR": str(home / "s")},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def connected(home: Path) -> Generator[RawIOBase]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(home / "sock"))
        with connection.makefile("rwb", buffering=0) as lines:
            assert lines.readline()
            yield lines


def send(lines: RawIOBase, op: str, **request: object) -> None:
    lines.write(json.dumps({"id": 1, "op": op, **request}).encode() + b"\n")


def answer(lines: RawIOBase) -> Any:  # noqa: ANN401 - JSON
    """Return the last message to a request; None when the connection ends before."""
    while line := lines.readline():
        told = json.loads(line)
        if "event" not in told:
            return told
    return None


def plan(home: Path, script: str) -> str:
    """Return a plan for a request; its trees are in the store and kept."""
    with Store.open(home / "s", durable=False) as store:
        action = Workbench(store).script(script)
        for number, tree in enumerate(action.inputs.values()):
            store.keep(f"tree-{number}", tree.path)  # type: ignore[union-attr] # they are trees
    return base64.b64encode(plan_of(action).encode()).decode()


def sleepers(mark: str) -> list[str]:
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes() == f"sleep\0{mark}\0".encode():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sessions(home: Path) -> int:
    return len(list((home / "s" / "sessions").iterdir()))


@pytest.mark.spec("protocol-session")
@pytest.mark.spec("build-interrupt")
def test_a_client_that_dies_takes_its_build_along_and_nothing_else(tmp_path: Path) -> None:
    mark = f"82{os.getpid()}"
    talking = f"sleep {mark} & while :; do echo said; sleep 0.05; done"
    wanted = plan(tmp_path, talking)
    with served(tmp_path) as server, connected(tmp_path) as other:
        with connected(tmp_path) as lines:
            send(lines, "realise", arguments={"plan": "-"}, input=wanted)
            wait_until(lambda: len(sleepers(mark)) == 1)
        # The kernel closes the connection of a process that is killed just like this.

        wait_until(lambda: not sleepers(mark))
        wait_until(lambda: sessions(tmp_path) <= 1)
        send(other, "gc", arguments={})
        collected = answer(other)
        assert server.poll() is None

    assert collected["exit_status"] == 0
    assert collected["answer"]["kept"] == 1  # what the plan needs
    with Store.open(tmp_path / "s") as store:
        assert store.verify() == []
        assert list((store.root / "tmp").iterdir()) == []


@pytest.mark.spec("protocol-session")
@pytest.mark.spec("build-interrupt")
@pytest.mark.spec("store-clear")
def test_a_server_that_is_killed_leaves_nothing_and_the_next_one_goes_on(tmp_path: Path) -> None:
    mark = f"83{os.getpid()}"
    once = f'[ -e "$out" ] || echo half > "$out"; sleep {mark} & wait'
    slow, fine = plan(tmp_path, once), plan(tmp_path, "echo fine > $out")
    with served(tmp_path) as server, connected(tmp_path) as lines:
        send(lines, "realise", arguments={"plan": "-"}, input=slow)
        wait_until(lambda: len(sleepers(mark)) == 1)

        server.send_signal(signal.SIGKILL)

        assert answer(lines) is None
        wait_until(lambda: not sleepers(mark))
    with served(tmp_path), connected(tmp_path) as lines:
        send(lines, "realise", arguments={"plan": "-", "root": str(tmp_path / "r")}, input=fine)
        made = answer(lines)
        send(lines, "verify", arguments={})
        verified = answer(lines)

    assert made["exit_status"] == verified["exit_status"] == 0
    assert (tmp_path / "r").read_text() == "fine\n"
    with Store.open(tmp_path / "s") as store:
        assert {path.name for path in store.physical_root.iterdir()} == {
            each.base for each in store.closure([*store.roots().values(), *store.kept().values()])
        }
        assert [
            entry for area in ("tmp", "trash") for entry in (store.root / area).iterdir()
        ] == []
