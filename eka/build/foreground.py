"""Stays with a program that bubblewrap started, as a shell stays with its foreground job.

bubblewrap waits beside the program it starts, and what ends bubblewrap does not end the program: a
server would go on after whoever started it was told to stop. So signals are passed on.
"""

from __future__ import annotations

import json
import os
import select
import signal
from contextlib import suppress

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # which programs expect to end by
_MOST_INFO_BYTES = 4096
_BY_SIGNAL = 128  # what a shell adds to a signal's number
_TERMINAL = 0  # standard input


def stay_with(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a bubblewrap command, pass signals on to its program, and return the exit status.

    What the terminal sends to everybody (Ctrl-C) is not sent twice. Signal handlers are taken
    over for good: the caller has nothing left to do but to end.

    Args:
        command: bubblewrap's path, its options, and the program, which must share the process
            namespace.
        environment: Of the program.

    Returns:
        The program's own status, or bubblewrap's where that cannot start it; 128 and the number
        of the signal that ended one of them.

    Source: bwrap(1), ``--info-fd``.
    """
    job = _Job()
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # noqa: FBT003 - as the standard library has it
    argv = [command[0], "--info-fd", str(writing), *command[1:]]
    bubblewrap = os.posix_spawn(argv[0], argv, environment, setsigdef=_IGNORED_BY_PYTHON)
    os.close(writing)
    program = _told_pid(reading)
    watched = -1
    if program is not None:
        with suppress(ProcessLookupError):  # it has ended already
            watched = os.pidfd_open(program)
        job.begin(program)
    _, status = os.waitpid(bubblewrap, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended >= 0:
        return ended
    if watched >= 0:  # a key ended bubblewrap; the program may still be putting things in order
        waiting = select.poll()
        waiting.register(watched, select.POLLIN)
        waiting.poll()
    return _BY_SIGNAL - ended


class _Job:
    """Passes signals on to a program, those that came before it was known as well."""

    def __init__(self) -> None:
        self._program: int | None = None
        self._early: list[int] = []
        for number in (*_PASSED_ON, *_FROM_KEYS):
            signal.signal(number, self._take)

    def begin(self, program: int) -> None:
        self._program = program
        for number in self._early:
            self._send(number)

    def _take(self, number: int, _: FrameType | None) -> None:
        if number in _FROM_KEYS and _is_in_foreground():
            return  # the program got it too
        if self._program is None:
            self._early.append(number)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        if self._program is not None:
            with suppress(ProcessLookupError):
                os.kill(self._program, number)


def _is_in_foreground() -> bool:
    """Whether the terminal's keys reach this process and all that it started."""
    try:
        return os.tcgetpgrp(_TERMINAL) == os.getpgrp()
    except OSError:  # no terminal
        return False


def _told_pid(reading: int) -> int | None:
    """Return the process number that bubblewrap tells; None when it starts nothing."""
    told = b""
    while not told.rstrip().endswith(b"}") and len(told) < _MOST_INFO_BYTES:
        piece = os.read(reading, _MOST_INFO_BYTES)
        if not piece:
            return None
        told += piece
    os.close(reading)
    try:
        pid = json.loads(told)["child-pid"]
    except (ValueError, KeyError, TypeError):
        return None
    return pid if isinstance(pid, int) else None
