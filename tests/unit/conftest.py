"""Unit tests do no I/O: an audit hook fails one that writes, starts a program or connects."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FORBIDDEN = frozenset({
    "http.client.connect", "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty",
    "os.link", "os.mkdir", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir",
    "os.setxattr", "os.symlink", "os.system", "os.truncate", "os.utime",
    "pty.spawn", "shutil.rmtree", "socket.bind",
    "socket.connect", "socket.getaddrinfo", "socket.sendto", "sqlite3.connect",
    "subprocess.Popen", "tempfile.mkdtemp", "tempfile.mkstemp", "urllib.Request",
})  # fmt: skip
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Bytecode and Hypothesis's tables are written by the tools, not by the code under test.
TOOL_PATHS = ("__pycache__", ".hypothesis", "/dev/null")


class _Guard:
    """State of the hook, which Python can never remove again."""

    armed = False
    seen: list[str]

    def __init__(self) -> None:
        self.seen = []

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Refuse ``event`` when it does I/O while a unit test runs."""
        if not self.armed or not _does_io(event, args):
            return
        told = f"a unit test does I/O: {event}{args!r:.200}"
        self.seen.append(told)
        raise AssertionError(told)


def _does_io(event: str, args: tuple[object, ...]) -> bool:
    if event == "open":
        path, mode, flags = args
        writes = isinstance(flags, int) and bool(flags & WRITE_FLAGS)
        writes = writes or (isinstance(mode, str) and bool(set(mode) & set("wax+")))
        return writes and not isinstance(path, int) and not _is_tool_path(path)
    return event in FORBIDDEN and not (args and _is_tool_path(args[0]))


def _is_tool_path(path: object) -> bool:
    text = os.fsdecode(path) if isinstance(path, str | bytes) else str(path)
    return any(part in text for part in TOOL_PATHS)


GUARD = _Guard()
sys.addaudithook(GUARD)


@pytest.fixture(autouse=True)
def no_io() -> Iterator[list[str]]:
    """Arm the guard for one test; I/O that the code under test swallowed fails it as well.

    Yields what was refused so far.
    """
    GUARD.seen.clear()
    GUARD.armed = True
    yield GUARD.seen
    GUARD.armed = False
    assert not GUARD.seen, GUARD.seen
