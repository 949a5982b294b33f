"""A streaming reader of tar archives that trusts nothing.

The standard library's reader buffers extended headers of any size, which a compressed archive of a
few kilobytes can make gigabytes large; this one caps every record and knows only what source and
binary packages use: ustar, GNU long names and pax.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsafeArchive, UnsupportedArchive
from eka.build.inflate import CHUNK_BYTES
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.build.inflate import Reader

BLOCK = 512
MAX_RECORD_BYTES = 1 << 20  # one extended header or long name
MAX_ENTRIES = 1_000_000
_OWNER_EXECUTES = 0o100
_HIGH_BIT = 0x80


class Kind(StrEnum):
    """The kinds of entries a tree can hold."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive; ``target`` is set for links, ``size`` for files."""

    name: bytes
    kind: Kind
    executable: bool
    size: int
    target: bytes


_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"5": Kind.DIRECTORY,
}
_REFUSED = {b"3": "a character device", b"4": "a block device", b"6": "a named pipe"}


class TarReader:
    """Iterates over the members of a tar stream; `content` gives the bytes of the current one."""

    def __init__(self, source: Reader, archive: str) -> None:
        self._source = source
        self._archive = archive
        self._left = 0  # content bytes of the current member not read yet
        self._padding = 0
        self._entries = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield members in archive order; content not taken is skipped."""
        long_name = long_link = b""
        pax: dict[bytes, bytes] = {}
        while (header := self._header()) is not None:
            self._count()
            kind = header[156:157]
            if kind == b"L":
                long_name = self._record(header).split(b"\0", 1)[0]
            elif kind == b"K":
                long_link = self._record(header).split(b"\0", 1)[0]
            elif kind == b"x":
                pax = self._pax(self._record(header))
            elif kind == b"g":
                self._check_global(self._pax(self._record(header)))
            else:
                yield self._member(header, long_name, long_link, pax)
                self._skip()
                long_name, long_link, pax = b"", b"", {}

    def content(self) -> Iterator[bytes]:
        """Yield the bytes of the current member."""
        while self._left:
            data = self._source.read(min(self._left, CHUNK_BYTES))
            if not data:
                raise BrokenArchive(self._archive, "it ends in the middle of a file")
            self._left -= len(data)
            yield data

    def _skip(self) -> None:
        for _ in self.content():
            pass
        self._exactly(self._padding)
        self._padding = 0

    def _header(self) -> bytes | None:
        header = self._exactly(BLOCK, may_end=True)
        if not header or not header.strip(b"\0"):
            return None  # two zero blocks end an archive; what follows the first is never read
        stored = self._number(header[148:156])
        blank = header[:148] + b" " * 8 + header[156:]
        if stored != sum(blank) and stored != _signed_sum(blank):
            raise BrokenArchive(self._archive, "a header has a wrong checksum; is it a tar file?")
        return header

    def _count(self) -> None:
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise ArchiveTooLarge(self._archive, MAX_ENTRIES, "entries")

    def _member(
        self, header: bytes, long_name: bytes, long_link: bytes, pax: dict[bytes, bytes]
    ) -> Member:
        name = pax.get(b"path") or long_name or _name(header)
        target = pax.get(b"linkpath") or long_link or _text(header[157:257])
        letter = header[156:157]
        if letter in _REFUSED:
            raise UnsafeArchive(self._archive, name, f"it is {_REFUSED[letter]}")
        kind = _KINDS.get(letter)
        if kind is None or any(key.startswith(b"GNU.sparse") for key in pax):
            raise UnsupportedArchive(
                self._archive, f"an entry has type {letter!r} or is sparse", "repack it plainly"
            )
        if kind is Kind.FILE and name.endswith(b"/"):
            kind = Kind.DIRECTORY  # archives older than POSIX
        size = self._content_size(header, pax) if kind is Kind.FILE else 0
        self._left, self._padding = size, -size % BLOCK
        executable = bool(self._number(header[100:108]) & _OWNER_EXECUTES)
        links = kind in (Kind.SYMLINK, Kind.HARDLINK)
        return Member(name, kind, executable, size, target if links else b"")

    def _content_size(self, header: bytes, pax: dict[bytes, bytes]) -> int:
        if b"size" not in pax:
            return self._number(header[124:136])
        return self._decimal(pax[b"size"])

    def _record(self, header: bytes) -> bytes:
        size = self._number(header[124:136])
        if size > MAX_RECORD_BYTES:
            raise ArchiveTooLarge(self._archive, MAX_RECORD_BYTES, "bytes in one header")
        data = self._exactly(size)
        self._exactly(-size % BLOCK)
        return data

    def _pax(self, record: bytes) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        at = 0
        while at < len(record):
            space = record.find(b" ", at, at + 20)
            length = self._decimal(record[at:space]) if space > at else 0
            key, equals, value = record[space + 1 : at + length - 1].partition(b"=")
            if not equals or length <= 0 or record[at + length - 1 : at + length] != b"\n":
                raise BrokenArchive(self._archive, "an extended header makes no sense")
            found[key] = value
            at += length
        return found

    def _check_global(self, pax: dict[bytes, bytes]) -> None:
        # `git archive` writes a global comment; a global path or size would rename every entry.
        if pax.keys() & {b"path", b"linkpath", b"size"}:
            raise UnsupportedArchive(self._archive, "a global header sets a path or a size")

    def _exactly(self, size: int, *, may_end: bool = False) -> bytes:
        parts: list[bytes] = []
        left = size
        while left:
            data = self._source.read(left)
            if not data:
                if may_end and left == size:
                    return b""
                raise BrokenArchive(self._archive, "it ends too early")
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def _number(self, field: bytes) -> int:
        if field[0] & _HIGH_BIT:  # GNU: a big-endian number after the marker bit
            value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
            if field[0] == 0xFF:  # noqa: PLR2004 - all ones: a negative number
                raise BrokenArchive(self._archive, "a header holds a negative number")
            return value
        digits = field.replace(b"\0", b" ").strip() or b"0"
        if digits.strip(b"01234567"):
            raise BrokenArchive(self._archive, "a header holds a number that is none")
        return int(digits, 8)

    def _decimal(self, digits: bytes) -> int:
        if not digits.isdigit() or len(digits) > 20:  # noqa: PLR2004 - more than 64 bits
            raise BrokenArchive(self._archive, "an extended header holds a number that is none")
        return int(digits)


def _signed_sum(data: bytes) -> int:
    # Some old programs added up signed characters.
    return sum(byte - 256 if byte & _HIGH_BIT else byte for byte in data)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _name(header: bytes) -> bytes:
    name = _text(header[:100])
    # Only POSIX archives have a prefix there; GNU ones keep times in the same place.
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name
