"""The output of one build: raw bytes on disk up to a limit, lines to whoever listens."""

from __future__ import annotations

from collections import deque

from eka.checking import TYPE_CHECKING, Protocol
from eka.store import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL_LINES = 25


class Sink(Protocol):
    """Where the bytes of a log go."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""
        ...

    def flush(self) -> object:
        """Let what was taken outlive this process."""
        ...


class LogWriter:
    """Splits what a build says into lines.

    Beyond ``limit`` bytes nothing more is written or reported, only the tail is kept up to date.
    """

    def __init__(self, file: Sink, limit: int, on_line: Callable[[bytes], None]) -> None:
        self._file = file
        self._left = limit
        self._limit = limit
        self._on_line = on_line
        self._partial = b""
        self._tail: deque[bytes] = deque(maxlen=TAIL_LINES)

    def write(self, data: bytes) -> None:
        """Take bytes as they arrive."""
        self._store(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._line(line)
        while len(self._partial) > MAX_LINE_BYTES:
            self._line(self._partial[:MAX_LINE_BYTES])
            self._partial = self._partial[MAX_LINE_BYTES:]

    def finish(self) -> None:
        """Report a last line without an end."""
        if self._partial:
            self._line(self._partial)
            self._partial = b""
        self._file.flush()

    def flush(self) -> None:
        """Let what was said so far be readable, even if this process is killed."""
        self._file.flush()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines; bytes that are not UTF-8 are escaped, nothing else is."""
        return tuple(line.decode("utf-8", "backslashreplace") for line in self._tail)

    def _store(self, data: bytes) -> None:
        if not self._left:
            return
        kept = data[: self._left]
        self._file.write(kept)
        self._left -= len(kept)
        if not self._left:
            notice = f"[the log was cut here, at {self._limit} bytes]"
            self._file.write(b"\n" + notice.encode() + b"\n")
            self._on_line(notice.encode())

    def _line(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), MAX_LINE_BYTES):
            part = line[start : start + MAX_LINE_BYTES]
            self._tail.append(part)
            if self._left:
                self._on_line(part)
