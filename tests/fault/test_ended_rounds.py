"""Whoever stops waiting for many repositories leaves no conversation behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.big_world import BigWorld, Shape
from tests.servers.apache import serve
from tests.servers.relay import relay
from tests.story import Person

EKA = str(Path(sys.executable).with_name("eka"))
WAIT_S = 60
INTERRUPTED = 130
WAYS = {"plain requests": "", "git's helpers": "[http]\n\textraHeader = X-Odd: 1\n"}


def programs(port: int) -> list[str]:
    """Return the commands that speak of an address."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found += [command] if f"127.0.0.1:{port}/" in command else []
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", WAYS)
def test_a_stopped_lock_hangs_up_everywhere(
    way: str, number: signal.Signals, tmp_path: Path
) -> None:
    world = BigWorld(tmp_path / "server", Shape(repositories=12, atoms=24, layers=2))
    app, home = world.project(tmp_path / "app"), tmp_path / "home"
    home.mkdir()
    with serve(world.root) as apache, relay(apache.port) as line:
        line.drips = True  # no conversation ends by itself
        settings = BigWorld.settings(f"http://127.0.0.1:{line.port}")
        (home / "gitconfig").write_text(settings + WAYS[way])
        person = Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))
        with subprocess.Popen(
            # At a terminal everything that was started hears Ctrl-C by itself.
            [EKA, "lock", "--json"],
            cwd=app,
            env=person.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as lock:
            ends = time.monotonic() + WAIT_S
            while len(line.connections) < 4:
                assert time.monotonic() < ends, "nobody was asked"
                time.sleep(0.02)
            lock.send_signal(number)
            _, said = lock.communicate(timeout=WAIT_S)

        assert lock.returncode == INTERRUPTED, said
        assert b"Traceback" not in said
        assert programs(line.port) == []
    assert not (app / "atom.lock").exists()
