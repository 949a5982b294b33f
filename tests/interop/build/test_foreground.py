"""A program that eka started ends, and lives, as if its shell had started it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAY = """
import os, sys
from eka.build.foreground import stay_with
os._exit(stay_with(sys.argv[1:], os.environ))
"""
# Tells that it runs, and of the signal that it was sent.
SERVER = """
for name in TERM HUP USR1 INT; do trap "echo got $name; exit 7" $name; done
echo ready
while :; do sleep 0.05; done
"""


def staying(*program: str, **how: object) -> subprocess.Popen[bytes]:
    """Start `stay_with` for a program that sees the whole machine."""
    bubblewrap = shutil.which("bwrap")
    assert bubblewrap is not None
    words = [bubblewrap, "--dev-bind", "/", "/", "--", *program]
    return subprocess.Popen([sys.executable, "-c", STAY, *words], **how)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def orphans() -> Iterator[list[int]]:
    """Processes to end whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1", "INT"])
def test_a_signal_for_eka_reaches_the_program(name: str, orphans: list[int]) -> None:
    with staying("sh", "-c", SERVER, stdout=subprocess.PIPE, start_new_session=True) as started:
        orphans.append(started.pid)
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"

        started.send_signal(getattr(signal, f"SIG{name}"))

        assert started.stdout.readline() == f"got {name}\n".encode()
    assert started.returncode == 7


def test_a_key_at_the_terminal_reaches_the_program_once(
    tmp_path: Path, orphans: list[int]
) -> None:
    script = f"""
    trap 'echo got >>{tmp_path}/told; told=yes' INT
    echo ready
    until [ "$told" ]; do sleep 0.05; done
    for _ in 1 2 3 4 5 6; do sleep 0.05; done
    echo tidied >>{tmp_path}/told
    """
    leader, terminal = pty.openpty()
    # A session of its own, whose terminal this is: keys go to its foreground group.
    take = "import os,fcntl,termios,sys; fcntl.ioctl(0, termios.TIOCSCTTY, 0);" + STAY
    bubblewrap = shutil.which("bwrap")
    assert bubblewrap is not None
    started = subprocess.Popen(
        [sys.executable, "-c", take, bubblewrap, "--dev-bind", "/", "/", "--", "sh", "-c", script],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    orphans.append(started.pid)
    told = b""
    while b"ready" not in told:
        told += os.read(leader, 1024)

    os.write(leader, b"\x03")
    status = started.wait()

    assert (tmp_path / "told").read_text().splitlines() == ["got", "tidied"]
    assert status == 130
    os.close(leader)
    os.close(terminal)


@pytest.mark.parametrize(("words", "status"), [("exit 3", 3), ("kill -9 $$", 137)])
def test_the_status_is_the_program_s(words: str, status: int) -> None:
    assert staying("sh", "-c", words).wait() == status


def test_a_program_that_cannot_start_is_told_by_bubblewrap() -> None:
    started = staying("/nowhere/program", stderr=subprocess.PIPE)

    _, told = started.communicate()

    assert started.returncode == 1
    assert b"/nowhere/program" in told
