"""Starts a child process with three pipes, and learns how it ended.

`os.posix_spawn` does all that eka needs of `subprocess`, which takes as long to load as git takes
to answer.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

# What Python ignores, and a child expects to end by.
_IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
_ERRORS = 2  # the descriptor of standard error
_LOOK_S = 0.005  # between two looks at a child, where its end cannot be waited for


class ProgramMissing(EkaError):
    """A program eka needs cannot be started."""

    code = "program-missing"
    exit_status = Exit.FAILED

    def __init__(self, program: str, why: str) -> None:
        super().__init__(
            what=f"cannot start {program}",
            where=program,
            why=why,
            fix=f"install {os.path.basename(program)} and put it on PATH",  # noqa: PTH119 - a name, not a path
        )
        self.program = program


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """How to start a child process."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None = None
    title: str = ""
    max_output_bytes: int = 64 * 1024 * 1024
    timeout_s: float | None = None
    own_session: bool = True
    """Run in a session of its own: its children end with it, and none can ask at the terminal.
    False where the person may be asked for a password."""
    inherited: Sequence[int] = ()
    max_file_bytes: int | None = None
    """Largest file the child and its children may write (where the system can limit that)."""
    on_stderr: Callable[[bytes], None] | None = None
    """Called with each piece of stderr as it arrives."""


class Child:
    """A process that was started: its number, its pipes, its end."""

    def __init__(self, pid: int, pipes: tuple[int, int, int]) -> None:
        """Take over a child; ``pipes`` are our ends of its input, output and errors."""
        self.pid = pid
        self.pipes = pipes
        self._open = set(pipes)
        self._status: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its status was taken: before that, its number cannot become another's."""
        return self._status is not None

    def close(self, *descriptors: int) -> None:
        """Close our ends of pipes; those closed before are left alone."""
        for descriptor in self._open.intersection(descriptors):
            os.close(descriptor)
        self._open.difference_update(descriptors)

    def wait(self, within_s: float | None) -> int | None:
        """Return the exit status, minus the signal that ended the child; None: it still runs.

        Args:
            within_s: Seconds to wait for its end; None waits for ever.
        """
        if self._status is None and within_s is not None and not self._has_ended(os.WNOHANG):
            self._await_end(within_s)
        if self._status is None:
            self._has_ended(0 if within_s is None else os.WNOHANG)
        return self._status

    def _has_ended(self, flags: int) -> bool:
        try:
            pid, status = os.waitpid(self.pid, flags)
        except ChildProcessError:  # somebody else took its status
            pid, status = self.pid, 0
        if pid and self._status is None:
            self._status = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def _await_end(self, within_s: float) -> None:
        waiting = select.poll()
        try:
            handle = os.pidfd_open(self.pid)
        except (AttributeError, OSError):  # not Linux, or an old kernel
            handle = -1  # which `poll` passes over
        step_s = within_s if handle >= 0 else min(within_s, _LOOK_S)
        if handle >= 0:
            waiting.register(handle, select.POLLIN)
        while within_s > 0 and not waiting.poll(step_s * 1000) and not self._has_ended(os.WNOHANG):
            within_s -= step_s
        if handle >= 0:
            os.close(handle)


def start(spawn: Spawn) -> Child:
    """Start a child; raises ProgramMissing."""
    argv, environment = list(spawn.argv), dict(spawn.env)
    program = _found(argv[0], environment)
    if spawn.cwd is not None:
        if not os.path.isdir(spawn.cwd):  # noqa: PTH112 - this module loads no pathlib
            raise ProgramMissing(argv[0], f"no directory {spawn.cwd}")
        # There is no other way to say so to `posix_spawn`.
        argv = ["sh", "-c", 'cd "$0" && exec "$@"', os.fspath(spawn.cwd), *argv]
        program = "/bin/sh"
    ours, theirs = _pipes()
    kept = set(spawn.inherited)
    actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_CLOSE, each) for each in _foreign(kept)]
    actions += [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(theirs)]
    actions += [(os.POSIX_SPAWN_DUP2, each, each) for each in kept]
    try:
        pid = os.posix_spawn(
            program,
            argv,
            environment,
            file_actions=actions,
            setsid=spawn.own_session,
            setsigdef=_IGNORED,
        )
    except OSError as error:
        for descriptor in ours:
            os.close(descriptor)
        raise ProgramMissing(argv[0], error.strerror or str(error)) from error
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    if spawn.max_file_bytes is not None:
        _limit_files(pid, spawn.max_file_bytes)
    return Child(pid, ours)


def _found(program: str, environment: Mapping[str, str]) -> str:
    """Return the path of a program, looked for as the child's own environment says."""
    if "/" in program:
        return program
    for directory in os.get_exec_path(environment):
        path = os.path.join(directory, program)  # noqa: PTH118 - this module loads no pathlib
        if os.access(path, os.X_OK) and os.path.isfile(path):  # noqa: PTH113 - the same
            return path
    raise ProgramMissing(program, "no such file on PATH")


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return our ends and the child's of its input, output and errors."""
    child_in, our_in = os.pipe()
    our_out, child_out = os.pipe()
    our_err, child_err = os.pipe()
    return (our_in, our_out, our_err), (child_in, child_out, child_err)


def _foreign(kept: Collection[int]) -> list[int]:
    """Return the descriptors that we were started with and a child has no business with."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 - the same
    except OSError:
        return []
    return [each for each in numbers if each > _ERRORS and each not in kept and _is_passed(each)]


def _is_passed(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # the one the directory was read through
        return False


def _limit_files(pid: int, size_bytes: int) -> None:
    import resource  # noqa: PLC0415 - only fetches need it

    if hasattr(resource, "prlimit"):  # Linux
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, size_bytes))
