"""Streaming decompression of hostile bytes: the kind is found by magic, all sizes are capped."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from dataclasses import dataclass

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsupportedArchive
from eka.checking import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK_BYTES = 1 << 18
MAX_XZ_MEMORY_BYTES = 1 << 29  # `xz -9` needs 65 MiB; a header may ask for 4 GiB
_MAGIC_BYTES = 6


class Reader(Protocol):
    """Something that gives bytes in order."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        ...


class _Decompressor(Protocol):
    """What `bz2`, `lzma` and (from Python 3.14) zstd decompressors have in common."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Gunzip:
    """`zlib` in the shape of the other decompressors."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.eof and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


@dataclass(slots=True)
class Budget:
    """How many unpacked bytes are still allowed, over all layers of one tree."""

    limit: int
    spent: int = 0

    def spend(self, size: int, archive: str) -> None:
        """Count ``size`` more bytes; raises `ArchiveTooLarge` beyond the limit."""
        self.spent += size
        if self.spent > self.limit:
            raise ArchiveTooLarge(archive, self.limit, "bytes")


class Inflated:
    """Reads the plain bytes of a gzip, bzip2, xz, lzma, zstd or plain stream.

    Several compressed members one after another are read as one, as the command line tools do;
    zero bytes after the last member are padding.
    """

    def __init__(self, source: Reader, archive: str, budget: Budget) -> None:
        self._source = source
        self._archive = archive
        self._budget = budget
        self._pending = _read_up_to(source, _MAGIC_BYTES)
        self._make = _decompressor_for(self._pending, archive)
        self._current = self._make() if self._make else None

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` plain bytes; none at the end."""
        data = self._plain(size) if self._current is None else self._inflate(size)
        self._budget.spend(len(data), self._archive)
        return data

    def _plain(self, size: int) -> bytes:
        if self._pending:
            head, self._pending = self._pending[:size], self._pending[size:]
            return head
        return self._source.read(size)

    def _inflate(self, size: int) -> bytes:
        while self._current is not None:
            data = b""
            if self._current.needs_input:
                data = self._pending or self._source.read(CHUNK_BYTES)
                self._pending = b""
                if not data:
                    raise BrokenArchive(self._archive, "its compressed data end too early")
            try:
                plain = self._current.decompress(data, size)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
                raise BrokenArchive(self._archive, f"bad compressed data: {error}") from error
            if self._current.eof:
                self._next_member()
            if plain:
                return plain
        return b""

    def _next_member(self) -> None:
        if self._current is None or self._make is None:
            return
        rest = self._current.unused_data or self._source.read(CHUNK_BYTES)
        while rest and not rest.strip(b"\0"):
            rest = self._source.read(CHUNK_BYTES)
        self._pending = rest.lstrip(b"\0")
        self._current = self._make() if rest else None


def _read_up_to(source: Reader, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = source.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _decompressor_for(magic: bytes, archive: str) -> Callable[[], _Decompressor] | None:
    if magic.startswith(b"\x1f\x8b"):
        return _Gunzip
    if magic.startswith(b"BZh"):
        return bz2.BZ2Decompressor
    if magic.startswith((b"\xfd7zXZ\0", b"]\0\0")):
        return lambda: lzma.LZMADecompressor(memlimit=MAX_XZ_MEMORY_BYTES)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd(archive)
    return None


def _zstd(archive: str) -> Callable[[], _Decompressor]:
    # In the standard library from Python 3.14 on; the backport has the same interface.
    for module in ("compression.zstd", "backports.zstd"):
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        return cast("Callable[[], _Decompressor]", found.ZstdDecompressor)
    raise UnsupportedArchive(
        archive,
        "it is compressed with zstd, which this Python cannot read",
        "run eka with Python 3.14 or later, or install the package backports.zstd",
    )
