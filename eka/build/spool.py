"""Files to unpack, and where the bytes of a tree wait until it is finished."""

from __future__ import annotations

from dataclasses import dataclass

from eka.build.inflate import CHUNK_BYTES
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from eka.store import Node


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A file of the store that is to be unpacked; ``nodes`` gives what is in a directory."""

    name: str
    open: Callable[[], IO[bytes]]
    nodes: Callable[[], Iterator[Node]] = lambda: iter(())


class Spool:
    """The bytes of all files of a tree, one after another in a nameless file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0

    def append(self, chunks: Iterator[bytes]) -> tuple[int, int]:
        """Write ``chunks``; returns where they start and how many bytes they are."""
        start = self._end
        self._file.seek(start)  # somebody may have read in between
        for chunk in chunks:
            self._file.write(chunk)
            self._end += len(chunk)
        return start, self._end - start

    def read(self, start: int, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes from ``start``."""
        self._file.seek(start)
        while size:
            data = self._file.read(min(size, CHUNK_BYTES))
            if not data:
                msg = "the spool of a tree lost bytes"
                raise OSError(msg)
            size -= len(data)
            yield data
