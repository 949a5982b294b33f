"""Runs a real server program as an ordinary user whose end is the end of all its children.

bubblewrap gives the program a user of its own, called ``git``, who has the files of whoever runs
the tests (servers refuse to serve as root), and processes that die with it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

USER = "git"
_UID = "1000"
_STARTS_S = 20
_TRIES = 5  # somebody else may take the port before the server does


class DidNotStart(Exception):
    """The program ended, or does not listen."""


@contextmanager
def caged(
    argv: Sequence[str], port: int, home: Path, *, account: Path | None = None
) -> Generator[None]:
    """Run a server until the block ends; it listens on ``port`` when the block begins.

    Args:
        argv: The program, which must stay in the foreground.
        port: Where it listens, on 127.0.0.1.
        home: Its directory and HOME; what it says goes to ``said`` there.
        account: The home directory of its user in the list of accounts; ``home`` by default.
    """
    passwd = home / "passwd"
    passwd.write_text(f"{USER}:x:{_UID}:{_UID}::{account or home}:/bin/sh\n")
    cage = ["bwrap", "--unshare-user", "--uid", _UID, "--gid", _UID, "--unshare-pid"]
    cage += ["--die-with-parent", "--dev-bind", "/", "/", "--ro-bind", str(passwd), "/etc/passwd"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    said = home / "said"
    with (
        said.open("wb") as sink,
        subprocess.Popen(
            [*cage, "--", *argv], env=environment, stdin=subprocess.DEVNULL,
            stdout=sink, stderr=subprocess.STDOUT,
        ) as program,
    ):  # fmt: skip
        try:
            _wait(program, port, said)
            yield
        finally:
            program.kill()


@contextmanager
def caged_somewhere(
    configured: Callable[[int], Sequence[str]], home: Path, *, account: Path | None = None
) -> Generator[int]:
    """Run a server on a free port, which the block gets.

    Args:
        configured: Writes the configuration for a port and returns the program with its words.
        home: As for `caged`.
        account: The same.
    """
    for attempt in range(_TRIES):
        port = free_port()
        cage = caged(configured(port), port, home, account=account)
        try:
            cage.__enter__()
        except DidNotStart as failure:
            if attempt == _TRIES - 1 or "in use" not in str(failure):
                raise
            continue
        try:
            yield port
        finally:
            cage.__exit__(None, None, None)
        return


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as chooser:
        port: int = chooser.getsockname()[1]
        return port


def _wait(program: subprocess.Popen[bytes], port: int, said: Path) -> None:
    deadline = time.monotonic() + _STARTS_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if program.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(said.read_text(errors="replace")) from None
            time.sleep(0.01)
        else:
            if program.poll() is not None:  # another program's port
                raise DidNotStart(said.read_text(errors="replace"))
            return
