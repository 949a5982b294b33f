"""A reader of zip archives that trusts nothing.

The standard library's reader takes a directory of any size into memory and believes what it says
of sizes; this one caps the directory, reads entry after entry, and knows only what packages use:
stored and deflated entries, and the 64-bit forms of sizes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsafeArchive, UnsupportedArchive
from eka.build.inflate import CHUNK_BYTES
from eka.build.tar import MAX_ENTRIES, Kind, Member
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from eka.build.inflate import Budget

MAX_DIRECTORY_BYTES = 256 << 20
MAX_TARGET_BYTES = 4096
_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT_BYTES = 65535
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF8 = 0x0001, 0x0800
_UNIX = 3
_LINK, _FILE, _DIRECTORY, _KIND_BITS = 0o120000, 0o100000, 0o040000, 0o170000
_OWNER_EXECUTES = 0o100
_ALL_ONES = 0xFFFFFFFF
_ZIP64 = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry as the directory of the archive has it."""

    name: bytes
    kind: Kind
    executable: bool
    method: int
    checksum: int
    packed_bytes: int
    size_bytes: int
    start: int  # of its local header


class ZipReader:
    """Iterates over the members of a zip file; `content` gives the bytes of the current one."""

    def __init__(self, file: IO[bytes], archive: str, budget: Budget) -> None:
        self._file = file
        self._archive = archive
        self._budget = budget
        self._current: _Entry | None = None

    def __iter__(self) -> Iterator[Member]:
        """Yield members in the order of the archive's directory."""
        names: set[bytes] = set()
        for entry in self._entries():
            if entry.name in names:
                raise UnsafeArchive(self._archive, entry.name, "it is there twice")
            names.add(entry.name)
            self._current = entry
            target = self._target() if entry.kind is Kind.SYMLINK else b""
            yield Member(entry.name, entry.kind, entry.executable, entry.size_bytes, target)

    def content(self) -> Iterator[bytes]:
        """Yield the bytes of the current member; what is there must be what the archive says."""
        entry = self._current
        if entry is None or entry.kind is Kind.DIRECTORY:
            return
        checksum = size = 0
        packed = self._packed(entry)
        for chunk in self._inflated(packed) if entry.method == _DEFLATED else packed:
            size += len(chunk)
            if size > entry.size_bytes:
                raise BrokenArchive(self._archive, "an entry is longer than the directory says")
            self._budget.spend(len(chunk), self._archive)
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        if size != entry.size_bytes or checksum != entry.checksum:
            raise BrokenArchive(self._archive, "an entry has a wrong checksum or size")

    def _target(self) -> bytes:
        if self._current is not None and self._current.size_bytes > MAX_TARGET_BYTES:
            raise ArchiveTooLarge(self._archive, MAX_TARGET_BYTES, "bytes in the target of a link")
        return b"".join(self.content())

    def _packed(self, entry: _Entry) -> Iterator[bytes]:
        local = self._fields(_LOCAL, entry.start, b"PK\3\4")
        self._file.seek(entry.start + _LOCAL.size + local[-2] + local[-1])
        left = entry.packed_bytes
        while left:
            data = self._file.read(min(left, CHUNK_BYTES))
            if not data:
                raise BrokenArchive(self._archive, "it ends in the middle of an entry")
            left -= len(data)
            yield data

    def _inflated(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for chunk in chunks:
            data = chunk
            while not inflater.eof:
                try:
                    plain = inflater.decompress(data, CHUNK_BYTES)
                except zlib.error as error:
                    raise BrokenArchive(self._archive, f"bad compressed data: {error}") from error
                yield plain
                data = inflater.unconsumed_tail
                # A full chunk may leave more behind, though all that came in was taken.
                if not data and len(plain) < CHUNK_BYTES:
                    break

    def _entries(self) -> Iterator[_Entry]:
        count, size, start = self._directory()
        if size > MAX_DIRECTORY_BYTES:
            raise ArchiveTooLarge(self._archive, MAX_DIRECTORY_BYTES, "bytes in its directory")
        if count > MAX_ENTRIES:
            raise ArchiveTooLarge(self._archive, MAX_ENTRIES, "entries")
        directory = self._at(start, size)
        at = 0
        for _ in range(count):
            if directory[at : at + 4] != b"PK\1\2" or at + _ENTRY.size > len(directory):
                raise BrokenArchive(self._archive, "its directory makes no sense")
            fields = _ENTRY.unpack_from(directory, at)
            at += _ENTRY.size
            lengths = fields[10:13]
            if at + sum(lengths) > len(directory):
                raise BrokenArchive(self._archive, "its directory ends too early")
            name = directory[at : at + lengths[0]]
            extra = directory[at + lengths[0] : at + lengths[0] + lengths[1]]
            at += sum(lengths)
            yield self._entry(fields, name, extra)

    def _entry(self, fields: tuple[int, ...], name: bytes, extra: bytes) -> _Entry:
        flags, method = fields[3], fields[4]
        if flags & _ENCRYPTED:
            raise UnsupportedArchive(self._archive, "an entry is encrypted", "repack it plainly")
        if method not in (_STORED, _DEFLATED):
            why = f"an entry is compressed by method {method}"
            raise UnsupportedArchive(self._archive, why, "repack it with `zip`")
        if not flags & _UTF8 and not name.isascii():
            name = name.decode("cp437").encode()
        size, packed, start = self._sizes(fields[9], fields[8], fields[16], extra)
        mode = fields[15] >> 16 if fields[1] >> 8 == _UNIX else 0
        return _Entry(
            name=name,
            kind=self._kind(name, mode),
            executable=bool(mode & _OWNER_EXECUTES),
            method=method,
            checksum=fields[7],
            packed_bytes=packed,
            size_bytes=size,
            start=start,
        )

    def _kind(self, name: bytes, mode: int) -> Kind:
        kind = mode & _KIND_BITS
        if name.endswith(b"/") or kind == _DIRECTORY:
            return Kind.DIRECTORY
        if kind == _LINK:
            return Kind.SYMLINK
        if kind not in (0, _FILE):
            raise UnsafeArchive(self._archive, name, "it is a device or a pipe")
        return Kind.FILE

    def _sizes(self, size: int, packed: int, start: int, extra: bytes) -> tuple[int, int, int]:
        """Return sizes and place; where 32 bits are too few, they stand in an extra field."""
        values = [size, packed, start]
        if _ALL_ONES not in values:
            return size, packed, start
        at = 0
        while at + 4 <= len(extra):
            kind, length = struct.unpack_from("<2H", extra, at)
            if kind == _ZIP64:
                field, taken = extra[at + 4 : at + 4 + length], 0
                for index, value in enumerate(values):
                    if value == _ALL_ONES and taken + 8 <= len(field):
                        values[index] = int.from_bytes(field[taken : taken + 8], "little")
                        taken += 8
                return values[0], values[1], values[2]
            at += 4 + length
        raise BrokenArchive(self._archive, "the size of an entry is missing")

    def _directory(self) -> tuple[int, int, int]:
        """Return how many entries the directory has, its size and where it starts."""
        self._file.seek(0, 2)
        total = self._file.tell()
        tail_at = max(0, total - _END.size - _MAX_COMMENT_BYTES)
        tail = self._at(tail_at, total - tail_at)
        found = tail.rfind(b"PK\5\6")
        if found < 0 or len(tail) - found < _END.size:
            raise BrokenArchive(self._archive, "it has no directory; is it a zip file?")
        fields = _END.unpack_from(tail, found)
        count, size, start = fields[4], fields[5], fields[6]
        place = tail_at + found - _END64_PLACE.size
        if place >= 0 and self._at(place, 4) == b"PK\6\7":
            larger = self._fields(_END64_PLACE, place, b"PK\6\7")
            end = self._fields(_END64, larger[2], b"PK\6\6")
            count, size, start = end[7], end[8], end[9]
        return count, size, start

    def _fields(self, form: struct.Struct, at: int, magic: bytes) -> tuple[int, ...]:
        data = self._at(at, form.size)
        if data[:4] != magic:
            raise BrokenArchive(self._archive, "a header is not where it should be")
        return form.unpack(data)

    def _at(self, start: int, size: int) -> bytes:
        try:
            self._file.seek(start)
        except (OSError, OverflowError, ValueError) as error:
            raise BrokenArchive(self._archive, "it points behind its own end") from error
        data = self._file.read(size)
        if len(data) != size:
            raise BrokenArchive(self._archive, "it ends too early")
        return data
