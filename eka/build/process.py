"""One bubblewrap process: started, limited, watched, and gone with all its children at the end."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from dataclasses import dataclass

from eka.build.errors import SandboxUnavailable
from eka.build.sandbox import Ending
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from eka.build.cgroup import BuildGroup
    from eka.build.log import LogWriter
    from eka.build.sandbox import Cancellation, Limits

_GLANCE_S = 0.5  # how often the free space of the disk is looked at, and the log flushed
_READ_BYTES = 1 << 16
_DOCTOR = "run eka doctor to see what this machine lacks"


@dataclass(slots=True)
class _Pipe:
    read: int
    write: int

    @classmethod
    def open(cls) -> _Pipe:
        return cls(*os.pipe2(os.O_CLOEXEC))

    def close_read(self) -> None:
        if self.read >= 0:
            os.close(self.read)
            self.read = -1

    def close_write(self) -> None:
        if self.write >= 0:
            os.close(self.write)
            self.write = -1


class SandboxProcess:
    """A context that leaves no process behind, whatever happens inside."""

    def __init__(self, log: LogWriter, limits: Limits) -> None:
        self.status = -1  # of the command, once it ended by itself
        # Called with the process at the gate, when its sandbox is made; tells whether all is well.
        self.attach: Callable[[int, int], bool] | None = None
        self.clear: Callable[[], None] | None = None  # called when nothing of it runs any more
        self._log = log
        self._limits = limits
        self._output, self._events, self._gate = _Pipe.open(), _Pipe.open(), _Pipe.open()
        self._data: list[int] = []
        self._outer: subprocess.Popen[bytes] | None = None
        self._outer_fd = -1
        self._inner_fd = -1  # of process 1 inside
        self._gate_number = -1
        self._told = b""

    def __enter__(self) -> Self:
        """Return the process, not started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what is left, read what it said, close everything."""
        self._kill()
        self._drain()
        if self.clear is not None:
            self.clear()
        for pipe in (self._output, self._events, self._gate):
            pipe.close_read()
            pipe.close_write()
        for fd in (*self._data, self._outer_fd, self._inner_fd):
            if fd >= 0:
                os.close(fd)

    def options(self) -> list[str]:
        """Return the options that let us know the inner process, and hold it at a gate."""
        events, gate = str(self._events.write), str(self._gate.read)
        return ["--json-status-fd", events, "--block-fd", gate]

    def data(self, content: bytes) -> int:
        """Return a descriptor the new process can read ``content`` from."""
        fd = os.memfd_create("eka")
        self._data.append(fd)
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def start(self, command: Sequence[str], prepare: Callable[[], None] | None = None) -> None:
        """Start bubblewrap; it waits at the gate, its command not yet started.

        Args:
            command: bubblewrap and its options.
            prepare: Called in the new process; it may make system calls, and take no lock.

        Raises:
            subprocess.SubprocessError: ``prepare`` failed.
        """
        self._outer = subprocess.Popen(
            command,
            preexec_fn=prepare,  # noqa: PLW1509 - it takes no lock
            stdin=subprocess.DEVNULL,
            stdout=self._output.write,
            stderr=self._output.write,
            pass_fds=(*self._data, self._events.write, self._gate.read),
            env={},
            cwd="/",
            umask=0o022,
            start_new_session=True,  # a Ctrl-C in the terminal is for us, not for the build
        )
        self._outer_fd = os.pidfd_open(self._outer.pid)
        self._gate_number = self._gate.read  # in the new process, where it is still open
        self._output.close_write()
        self._events.close_write()
        self._gate.close_read()

    def release(self, group: BuildGroup | None) -> None:
        """Put limits on the waiting process and let it start its command."""
        pid = self._find_inner()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._limit(pid)
            if group is not None:
                group.add(pid)
            if self.attach is not None and not self.attach(pid, self._gate_number):
                if _has_ended(self._inner_fd):
                    return  # `watch` tells how
                raise SandboxUnavailable("inputs cannot be put into the sandbox", _DOCTOR)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._gate.write, b"!")

    def watch(self, timeout_s: int, disk: Path, cancellation: Cancellation) -> Ending:
        """Collect output until the command ends or must be stopped."""
        deadline = time.monotonic() + timeout_s
        glanced_s = time.monotonic()
        poll = select.poll()
        for fd in (self._output.read, self._outer_fd, cancellation.fileno()):
            poll.register(fd, select.POLLIN)
        while True:
            left_s = deadline - time.monotonic()
            ready = {fd for fd, _ in poll.poll(max(0, min(left_s, _GLANCE_S)) * 1000)}
            if self._output.read in ready and not self._take():
                poll.unregister(self._output.read)
            if self._outer_fd in ready:
                return self._ended()
            if cancellation.is_set:
                return Ending.INTERRUPTED
            if left_s <= 0:
                return Ending.TIMED_OUT
            if time.monotonic() - glanced_s < _GLANCE_S:
                continue
            glanced_s = time.monotonic()
            self._log.flush()
            if _free_bytes(disk) < self._limits.free_disk_bytes:
                return Ending.DISK_FULL

    def _find_inner(self) -> int | None:
        while b"\n" not in self._told and self._hear():
            pass
        pid = self._tell("child-pid")
        if pid is not None and self._inner_fd < 0:
            with contextlib.suppress(ProcessLookupError):
                self._inner_fd = os.pidfd_open(pid)
        return pid

    def _ended(self) -> Ending:
        while self._hear():
            pass
        status = self._tell("exit-code")
        if status is None:
            is_killed = self._outer is not None and self._outer.wait() < 0
            return Ending.KILLED if is_killed else Ending.NOT_STARTED
        self.status = status
        return Ending.EXITED

    def _hear(self) -> bool:
        data = os.read(self._events.read, _READ_BYTES)
        self._told += data
        return bool(data)

    def _tell(self, key: str) -> int | None:
        return number_told(self._told, key)

    def _take(self) -> bool:
        data = os.read(self._output.read, _READ_BYTES)
        self._log.write(data)
        return bool(data)

    def _limit(self, pid: int) -> None:
        wanted = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: self._limits.file_bytes,
            resource.RLIMIT_NOFILE: self._limits.open_files,
            resource.RLIMIT_NPROC: self._limits.processes,
        }
        for kind, most in wanted.items():
            _, hard = resource.prlimit(pid, kind)
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.prlimit(pid, kind, (value, value))

    def _kill(self) -> None:
        # Process 1 first: with it the kernel ends everything in its namespace, and it is not
        # gone before all of that is. Only then nothing can write to the outputs any more.
        if self._outer is not None:
            self._find_inner()
        if self._inner_fd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._inner_fd, signal.SIGKILL)
            _wait(self._inner_fd)
        if self._outer is not None:
            self._outer.kill()
            self._outer.wait()

    def _drain(self) -> None:
        self._output.close_write()
        while self._take():
            pass


def number_told(said: bytes, key: str) -> int | None:
    """Return a number from the lines of JSON that bubblewrap wrote; its last may be cut off."""
    for line in said.rpartition(b"\n")[0].splitlines():
        value: object = json.loads(line).get(key)
        if isinstance(value, int):
            return value
    return None


def _has_ended(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def _wait(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll()


def _free_bytes(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
