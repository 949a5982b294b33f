"""Logs on disk: gzip files that are readable up to the last flush, however their writer ended."""

from __future__ import annotations

import os
import zlib
from collections import deque

from eka.checking import TYPE_CHECKING
from eka.store.write import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

MAX_LINE_BYTES = 1 << 14  # a longer line is read in pieces
_GZIP = 31  # zlib's number for its largest window inside the format of gzip
_LEVEL = 3
_READ_BYTES = 1 << 16


class LogFile:
    """A compressed file that is written as a stream; use it as a context manager."""

    def __init__(self, place: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(place, flags, 0o644)
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._is_flushed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Take bytes; they reach the file by and by."""
        self._is_flushed = False
        write_all(self._descriptor, self._packer.compress(data))

    def flush(self) -> None:
        """Let everything taken so far be readable, even if this process is killed now."""
        if not self._is_flushed:
            write_all(self._descriptor, self._packer.flush(zlib.Z_SYNC_FLUSH))
            self._is_flushed = True

    def close(self) -> None:
        """Finish the file."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                write_all(descriptor, self._packer.flush())
            finally:
                os.close(descriptor)


def log_chunks(place: Path) -> Iterator[bytes]:
    """Yield the bytes of a log; one that was cut off, or is damaged, ends where it does.

    Raises:
        OSError: The file cannot be read.
    """
    unpacker = zlib.decompressobj(_GZIP)
    with place.open("rb") as file:
        while data := file.read(_READ_BYTES):
            try:
                while data:
                    yield unpacker.decompress(data, _READ_BYTES)
                    data = unpacker.unconsumed_tail
            except zlib.error:
                return


def log_lines(place: Path, *, last: int | None = None) -> Iterator[bytes]:
    """Yield the lines of a log without their ends, or only the ``last`` of them."""
    lines = _lines(place)
    if last is None:
        return lines
    return iter(deque(lines, maxlen=last))


def _lines(place: Path) -> Iterator[bytes]:
    partial = b""
    for chunk in log_chunks(place):
        *lines, partial = (partial + chunk).split(b"\n")
        for line in lines:
            yield from _pieces(line)
        while len(partial) > MAX_LINE_BYTES:
            yield partial[:MAX_LINE_BYTES]
            partial = partial[MAX_LINE_BYTES:]
    if partial:
        yield partial


def _pieces(line: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(line), 1), MAX_LINE_BYTES):
        yield line[start : start + MAX_LINE_BYTES]
