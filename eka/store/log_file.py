"""Logs on disk: gzip files that are readable up to the last flush, however their writer ended."""

from __future__ import annotations

import fcntl
import os
import zlib
from contextlib import suppress

from eka.checking import TYPE_CHECKING
from eka.store.write import write_all

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

MAX_LINE_BYTES = 1 << 14  # a longer line is read in pieces
GZIP = 31  # zlib's number for its largest window inside the format of gzip
_LEVEL = 3


class LogFile:
    """A compressed file that is written as a stream; use it as a context manager.

    It is locked until it is closed or its process ends, so that readers know whether more comes.
    """

    def __init__(self, place: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(place, flags, 0o644)
        with suppress(OSError):  # a file system without locks: nobody can tell that it is written
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP)
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
