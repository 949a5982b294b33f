"""Objects of a binary cache: the nodes of one path as in a stream, plain or compressed."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.hashing import new_hasher
from eka.store.cache.documents import GZIP
from eka.store.cache.errors import CacheFalse
from eka.store.read import read_tree
from eka.store.stream import node_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.store.cache.documents import CacheEntry
    from eka.store.path import StorePath
    from eka.store.store import Store

# Much better than the next lower, nearly as fast; what readers need does not depend on it.
_LEVEL = 3
_GZIP = 31  # zlib's window of 32 KiB, with the head and tail of gzip; the head holds no time
_PIECE_BYTES = 1 << 18
_DIGEST_SCHEME = "eka-cache"


@dataclass(slots=True)
class Made:
    """What an object turned out to be, once its last chunk was taken."""

    digest: str = ""
    size_bytes: int = 0


def object_chunks(store: Store, path: StorePath, encoding: str, made: Made) -> Iterator[bytes]:
    """Yield the object of a path; ``made`` tells its digest and length at the end."""
    hasher = new_hasher()
    chunks = in_pieces(node_chunks(read_tree(store.physical(path))))
    for chunk in _packed(chunks) if encoding == GZIP else chunks:
        hasher.update(chunk)
        made.size_bytes += len(chunk)
        yield chunk
    made.digest = hasher.digest().hex()


def plain_object(store: Store, path: StorePath) -> Made:
    """Return digest and length of the object of a path that is not compressed; remembered."""
    known = store.digest(path, _DIGEST_SCHEME)
    if known is not None:
        return Made(*known)
    made = Made()
    for _ in object_chunks(store, path, "", made):
        pass
    store.set_digest(path, _DIGEST_SCHEME, made.digest, made.size_bytes)
    return made


def path_of_object(store: Store, digest: str) -> StorePath | None:
    """Return the path whose object, not compressed, has a digest that was told."""
    return store.path_with_digest(_DIGEST_SCHEME, digest)


def in_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join small chunks: a call for each line would cost more than what is done with it."""
    pending: list[bytes] = []
    size_bytes = 0
    for chunk in chunks:
        pending.append(chunk)
        size_bytes += len(chunk)
        if size_bytes >= _PIECE_BYTES:
            yield b"".join(pending)
            pending, size_bytes = [], 0
    if pending:
        yield b"".join(pending)


class ObjectReader(io.RawIOBase):
    """The nodes of an object, decompressed while its digest and length are checked.

    Args:
        entry: What is said of it.
        chunks: Its bytes as they arrive.
        where: The cache, for messages.
    """

    def __init__(self, entry: CacheEntry, chunks: Iterable[bytes], where: str) -> None:
        super().__init__()
        self._entry, self._where = entry, where
        self._chunks = iter(chunks)
        self._hasher = new_hasher()
        self._inflate = zlib.decompressobj(_GZIP) if entry.encoding == GZIP else None
        self._taken = 0
        self._packed = b""  # arrived, not yet decompressed
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed wants any buffer
        """Fill a buffer; 0 at the end."""
        while not self._ready and self._more():
            pass
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def finish(self) -> None:
        """Check that all of the object was read, and that it is the one that was told."""
        if self.read(1):
            raise self._false("something follows its last node")
        entry = self._entry
        found = self._hasher.digest().hex()
        if self._taken != entry.object_bytes:
            why = f"expected {entry.object_bytes} bytes, found {self._taken}"
            raise self._false(why)
        if found != entry.object:
            raise self._false(f"expected digest {entry.object}, found {found}")

    def _more(self) -> bool:
        """Decompress some more; False at the end of the object."""
        if self._inflate is None:
            self._ready = memoryview(self._arrived())
            return bool(self._ready)
        if not self._packed and not self._inflate.eof:
            self._packed = self._arrived()
            if not self._packed:
                raise self._false("its compressed bytes end too early")
        if self._inflate.eof:
            if self._inflate.unused_data or self._packed or self._arrived():
                raise self._false("something follows its compressed bytes")
            return False
        try:
            data = self._inflate.decompress(self._packed, _PIECE_BYTES)
        except zlib.error as error:
            raise self._false(f"it cannot be decompressed: {error}") from error
        self._packed = self._inflate.unconsumed_tail
        self._ready = memoryview(data)
        return True

    def _arrived(self) -> bytes:
        for chunk in self._chunks:
            if chunk:
                self._taken += len(chunk)
                if self._taken > self._entry.object_bytes:
                    raise self._false(f"it is longer than {self._entry.object_bytes} bytes")
                self._hasher.update(chunk)
                return chunk
        return b""

    def _false(self, why: str) -> CacheFalse:
        return CacheFalse(self._where, self._entry.path.text, why)


def _packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        if data := deflate.compress(chunk):
            yield data
    yield deflate.flush()
