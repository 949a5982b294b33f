"""A file of JSON lines that several processes append to, and that survives being killed.

A line starts with a known key, so that it is found by its first bytes and nothing else is
parsed: a file of a hundred thousand facts answers in a few milliseconds.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager, suppress

from eka.checking import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

READ_CAP = 512 * 1024 * 1024  # bytes of one file
LINE_CAP = 16 * 1024 * 1024  # bytes of one line; longer ones are not ours
_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK
_NEW_LINE = b"\n"


def encode(document: object) -> bytes:
    """Return a JSON document as one line, without its end; keys stay in their order."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode(line: bytes) -> dict[str, object]:
    """Return the table in a line; an empty one for a line that is damaged."""
    if len(line) > LINE_CAP:
        return {}
    try:
        return table(json.loads(line))
    except (ValueError, RecursionError):
        return {}


def table(value: object) -> dict[str, object]:
    """Return a JSON value if it is a table, else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


class LineFile:
    """Appends lines, and finds them by how they begin."""

    def __init__(self, path: str | Path) -> None:
        self._path = os.fspath(path)

    def lines(
        self, starts: Iterable[bytes], holding: Iterable[bytes] | None = None
    ) -> list[bytes]:
        """Return the lines that begin with one of ``starts``, oldest first.

        Args:
            starts: How lines begin.
            holding: Only lines that hold one of these; few are found sooner than all.

        Returns:
            Lines without their ends; none of a file that is absent.

        Raises:
            OSError: it cannot be read, or is a link.
        """
        try:
            handle = os.open(self._path, os.O_RDONLY | _OPEN)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            return _find(_read(handle), starts, holding)
        finally:
            os.close(handle)

    @contextmanager
    def locked(self) -> Generator[HeldFile]:
        """Hold the file, made if it is absent, against every other process that writes it."""
        directory = self._path.rpartition("/")[0]
        os.makedirs(directory or ".", exist_ok=True)  # noqa: PTH103
        handle = self._open_current()
        try:
            yield HeldFile(self._path, handle)
        finally:
            os.close(handle)

    def _open_current(self) -> int:
        """Return the locked file; another process may put a new one in its place meanwhile."""
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _OPEN, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(handle), os.lstat(self._path)):
                        return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)


class HeldFile:
    """A file of lines that nobody else writes now."""

    def __init__(self, path: str, handle: int) -> None:
        self._path = path
        self._handle = handle

    @property
    def size_bytes(self) -> int:
        """How large the file is."""
        return os.fstat(self._handle).st_size

    def lines(
        self, starts: Iterable[bytes], holding: Iterable[bytes] | None = None
    ) -> list[bytes]:
        """Return the lines that begin with one of ``starts``; as `LineFile.lines`."""
        return _find(_read(self._handle), starts, holding)

    @property
    def first_line(self) -> bytes:
        """The line at the top, of at most 4 KiB."""
        return os.pread(self._handle, 4096, 0).partition(_NEW_LINE)[0]

    def last_with(self, *starts: bytes) -> bytes:
        """Return the last line that begins with one of ``starts``; empty when there is none."""
        data = _read(self._handle)
        at = max((_last(data, start) for start in starts), default=-1)
        return b"" if at < 0 else _line_at(data, at)

    def append(self, lines: Iterable[bytes], *, durable: bool = False) -> None:
        """Write lines at the end, all in one piece; what a killed writer left is closed first.

        Args:
            lines: Without their ends.
            durable: Whether they must be on disk before this returns.
        """
        data = b"".join(line + _NEW_LINE for line in lines)
        size = self.size_bytes
        if size and os.pread(self._handle, 1, size - 1) != _NEW_LINE:
            data = _NEW_LINE + data
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        if durable:
            os.fsync(self._handle)
            if not size:
                from pathlib import Path  # noqa: PLC0415 - the same

                from eka.workflow.durable import sync_directory  # noqa: PLC0415 - once a file

                sync_directory(Path(self._path).parent)

    def replace(self, lines: Iterable[bytes]) -> None:
        """Put a new file in the place of this one; readers see the old or the new, whole."""
        directory, slash, name = self._path.rpartition("/")
        half = f"{directory}{slash}.{name}.new"
        with suppress(FileNotFoundError):
            os.unlink(half)  # noqa: PTH108
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o644)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(line + _NEW_LINE for line in lines)
        os.replace(half, self._path)  # noqa: PTH105


def _read(handle: int) -> bytes:
    """Return the bytes of a regular file; nothing of one that is too large."""
    status = os.fstat(handle)
    if not 0 < status.st_size <= READ_CAP or not stat.S_ISREG(status.st_mode):
        return b""
    pieces: list[bytes] = []
    at = 0
    while piece := os.pread(handle, status.st_size - at, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _find(data: bytes, starts: Iterable[bytes], holding: Iterable[bytes] | None) -> list[bytes]:
    wanted = tuple(starts)
    if holding is None:
        return [line for line in data.split(_NEW_LINE) if line.startswith(wanted)]
    places: set[int] = set()
    for part in holding:
        at = data.find(part)
        while at >= 0:
            places.add(data.rfind(_NEW_LINE, 0, at) + 1)
            at = data.find(part, at + 1)
    lines = (_line_at(data, at) for at in sorted(places))
    return [line for line in lines if line.startswith(wanted)]


def _last(data: bytes, start: bytes) -> int:
    at = data.rfind(_NEW_LINE + start)
    return at + 1 if at >= 0 else 0 if data.startswith(start) else -1


def _line_at(data: bytes, at: int) -> bytes:
    end = data.find(_NEW_LINE, at)
    return data[at : end if end >= 0 else len(data)]
