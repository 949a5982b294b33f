"""Logs read: whole, or while they are written, each line once as soon as it is there."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections import deque

from eka.checking import TYPE_CHECKING
from eka.store.log_file import GZIP, MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_READ_BYTES = 1 << 16


class GrowingLog:
    """The log of a run that may go on; use it as a context manager.

    Args:
        place: The gzip file that `LogFile` writes.

    Raises:
        OSError: It cannot be read.

    Source: atom-spec/build.md [run-follow].
    """

    def __init__(self, place: Path) -> None:
        self._descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._unpacker = zlib.decompressobj(GZIP)
        self._partial = b""
        self._is_damaged = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    @property
    def is_written(self) -> bool:
        """Whether a process has it open for writing: its lock goes however that process ends."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return False

    def lines(self) -> Iterator[bytes]:
        """Yield the whole lines written since this was asked last, without their ends."""
        for chunk in self.chunks():
            *lines, self._partial = (self._partial + chunk).split(b"\n")
            for line in lines:
                yield from _pieces(line)
            while len(self._partial) > MAX_LINE_BYTES:
                yield self._partial[:MAX_LINE_BYTES]
                self._partial = self._partial[MAX_LINE_BYTES:]

    def rest(self) -> Iterator[bytes]:
        """Yield what is left once nobody writes any more: lines, and a last one without an end."""
        yield from self.lines()
        if self._partial:
            yield self._partial
            self._partial = b""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes that came since; a log that is cut off or damaged ends where it does."""
        while not self._is_damaged and (data := os.read(self._descriptor, _READ_BYTES)):
            while data and not self._is_damaged:
                try:
                    yield self._unpacker.decompress(data, _READ_BYTES)
                except zlib.error:
                    self._is_damaged = True
                data = self._unpacker.unconsumed_tail


def log_chunks(place: Path) -> Iterator[bytes]:
    """Yield the bytes of a log as it is now; raises `OSError`."""
    with GrowingLog(place) as log:
        yield from log.chunks()


def log_lines(place: Path, *, last: int | None = None) -> Iterator[bytes]:
    """Yield the lines of a log without their ends, or only the ``last`` of them."""
    lines = _lines(place)
    return lines if last is None else iter(deque(lines, maxlen=last))


def _lines(place: Path) -> Iterator[bytes]:
    with GrowingLog(place) as log:
        yield from log.rest()


def _pieces(line: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(line), 1), MAX_LINE_BYTES):
        yield line[start : start + MAX_LINE_BYTES]
