"""One child process with pipes: byte caps, a deadline, and a certain end.

Whatever ends the ``with`` block (an error, an interrupt, the deadline) ends the child as well.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from contextlib import suppress
from time import monotonic

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.spawn import start

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from eka.git.spawn import Spawn

_CHUNK_BYTES = 64 * 1024
_PIPE_BYTES = 512 * 1024
_STDERR_BYTES = 64 * 1024
_GRACE_S = 2.0
_READABLE = select.POLLIN | select.POLLPRI
_MOST_PIECES = 64


class OutputTooLarge(EkaError):
    """A program or server sent more than eka is willing to read."""

    code = "output-too-large"
    exit_status = Exit.FAILED

    def __init__(self, where: str, limit_bytes: int) -> None:
        super().__init__(
            what="the answer is larger than allowed; it was cut off",
            where=where,
            why=f"expected at most {limit_bytes} bytes",
            fix="ask for less at once, or check who sends so much",
        )
        self.limit_bytes = limit_bytes


class TimedOut(EkaError):
    """A program or server did not finish in time."""

    code = "timed-out"
    exit_status = Exit.NETWORK

    def __init__(self, where: str, timeout_s: float) -> None:
        super().__init__(
            what="no answer in time",
            where=where,
            why=f"expected one within {timeout_s:g} seconds",
            fix="try again later; a slow network may need a longer timeout",
        )
        self.timeout_s = timeout_s


class ChildProcess:
    """A running child; a context manager that ends it."""

    def __init__(self, spawn: Spawn) -> None:
        self._title = spawn.title or spawn.argv[0]
        self._max_output_bytes = spawn.max_output_bytes
        self._timeout_s = spawn.timeout_s
        self._deadline = None if spawn.timeout_s is None else monotonic() + spawn.timeout_s
        self._own_session = spawn.own_session
        self._stderr = bytearray()
        self._on_stderr = spawn.on_stderr
        self.received_bytes = 0
        self._child = start(spawn)
        self._watched = select.poll()
        self._in, self._out, self._err = self._child.pipes
        for descriptor in self._child.pipes:
            os.set_blocking(descriptor, False)
        _widen(self._out)
        self._watched.register(self._err, _READABLE)
        self._watched.register(self._out, _READABLE)
        self._is_out_open = True
        self._is_in_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def stderr(self) -> bytes:
        """What the child complained so far; the last 64 KiB."""
        return bytes(self._stderr)

    def write(self, data: bytes) -> None:
        """Send ``data``; a child that no longer listens is no error (its status will tell).

        Use `exchange` for more than a pipe holds when the child answers before it has read all.
        """
        view = memoryview(data)
        while view and self._is_in_open:
            self._watched.register(self._in, select.POLLOUT)
            try:
                self._wait(without_output=True)
                view = self._send(view)
            finally:
                if self._is_in_open:
                    self._watched.unregister(self._in)

    def close_input(self) -> None:
        """Tell the child that no more comes."""
        if self._is_in_open:
            self._is_in_open = False
            self._child.close(self._in)

    def read(self) -> bytes:
        """Return the next bytes the child wrote, ``b""`` at the end of its output."""
        while self._is_out_open:
            if self._out not in self._wait():
                continue
            chunk = _read_some(self._out)
            if chunk is None:
                continue
            if not chunk:
                self._close_output()
                break
            self._count(len(chunk))
            return chunk
        return b""

    def has_output(self) -> bool:
        """Return whether `read` has something to return at once."""
        ready = {descriptor for descriptor, _ in self._watched.poll(0)}
        return self._is_out_open and self._out in ready

    def exchange(self, data: bytes, on_sent: Callable[[int], None] | None = None) -> bytes:
        """Send ``data``, close the input, return all output; neither side can block the other.

        ``on_sent`` is told how many bytes went out, again and again.
        """
        answer = bytearray()
        view = memoryview(data)
        if view:
            self._watched.register(self._in, select.POLLOUT)
        else:
            self.close_input()
        while self._is_out_open:
            ready = self._wait()
            if self._is_in_open and self._in in ready:
                view = self._send(view)
                if on_sent is not None:
                    on_sent(len(data) - len(view))
                if not view and self._is_in_open:
                    self._watched.unregister(self._in)
                    self.close_input()
            if self._out in ready and (chunk := _read_some(self._out)) is not None:
                self._count(len(chunk))
                answer += chunk
                if not chunk:
                    self._close_output()
        return bytes(answer)

    def finish(self) -> int:
        """Wait for the end of the child and return its exit status."""
        self.close_input()
        while self._is_out_open:
            self.read()
        status = self._child.wait(self._left_s())
        if status is None:
            raise self._timed_out()
        self._drain_stderr()
        return status

    def complaint(self) -> bytes:
        """Return all of stderr; waits for the end of a child that closed its output."""
        if not self._is_out_open:
            self._child.wait(_GRACE_S)
        self._drain_stderr()
        return self.stderr

    def kill(self) -> None:
        """End the child and what it started; nothing happens when it has ended already."""
        self._is_in_open = False
        if self._child.wait(0) is None or self._is_out_open:
            self._signal(signal.SIGTERM)
            if self._child.wait(_GRACE_S) is None:
                self._signal(signal.SIGKILL)
                self._child.wait(None)
        self._child.close(*self._child.pipes)

    def drop(self) -> None:
        """End the child at once: it was told all, said all, and has nothing to tidy up."""
        self._child.close(self._in)
        self._signal(signal.SIGKILL)

    def hang_up(self) -> None:
        """Tell the child to end while another thread talks to it."""
        if not self._child.has_ended:
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if self._own_session:
                os.killpg(self._child.pid, number)
            elif not self._child.has_ended:  # else its number may be another's by now
                os.kill(self._child.pid, number)

    def _wait(self, *, without_output: bool = False) -> set[int]:
        """Return the descriptors that are ready; what stands on stderr is taken meanwhile."""
        ready: set[int] = set()
        while not ready:
            left_s = self._left_s()
            # Rounded up: with nothing left to wait the loop would spin until the deadline.
            events = self._watched.poll(None if left_s is None else int(left_s * 1000) + 1)
            if not events and self._deadline is not None and monotonic() >= self._deadline:
                raise self._timed_out()
            ready = {descriptor for descriptor, _ in events}
            if self._err in ready:
                self._take_stderr()
                ready.discard(self._err)
            if without_output and self._in not in ready:
                if self._out in ready:
                    self._refuse_early_output()
                ready.clear()
        return ready

    def _refuse_early_output(self) -> None:
        # The output waits while the pipe to the child is full. It stays readable, so selecting on
        # it would spin: stop watching it until the write is through.
        self._watched.unregister(self._out)
        try:
            while self._in not in self._wait():
                pass
        finally:
            self._watched.register(self._out, _READABLE)

    def _send(self, view: memoryview) -> memoryview:
        try:
            return view[os.write(self._in, view[:_CHUNK_BYTES]) :]
        except BlockingIOError:
            return view
        except BrokenPipeError:
            self._watched.unregister(self._in)
            self.close_input()
            return view[:0]

    def _count(self, size: int) -> None:
        self.received_bytes += size
        if self.received_bytes > self._max_output_bytes:
            raise OutputTooLarge(self._title, self._max_output_bytes)

    def _close_output(self) -> None:
        self._is_out_open = False
        self._watched.unregister(self._out)

    def _take_stderr(self) -> None:
        chunk = _read_some(self._err)
        if chunk == b"":
            self._watched.unregister(self._err)
        elif chunk is not None:
            self._keep_stderr(chunk)

    def _drain_stderr(self) -> None:
        # Only what is there: a grandchild may hold the pipe open for ever, or write for ever.
        for _ in range(_MOST_PIECES):
            chunk = _read_some(self._err)
            if not chunk:
                return
            self._keep_stderr(chunk)

    def _keep_stderr(self, chunk: bytes) -> None:
        # The end matters: errors stand behind the progress.
        self._stderr += chunk
        del self._stderr[:-_STDERR_BYTES]
        if self._on_stderr is not None:
            self._on_stderr(chunk)

    def _left_s(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - monotonic())

    def _timed_out(self) -> TimedOut:
        return TimedOut(self._title, self._timeout_s or 0.0)


def _widen(descriptor: int) -> None:
    """Let the child write ahead while what it wrote is read (where the system can do that)."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with suppress(OSError):  # a user may have too many pipes
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _read_some(descriptor: int) -> bytes | None:
    """Return what is there, ``b""`` at the end, None when nothing is there yet."""
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        return None
