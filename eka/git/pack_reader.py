"""Reads small packs of git objects in memory; pure.

To start git for a pack of two kilobytes takes longer than all the rest, and a cold lock receives
thousands of such. What is larger, or odd in any way, is left to git.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_OBJECT_BYTES = 1024 * 1024
MAX_UNFOLDED_BYTES = 16 * 1024 * 1024
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFFSET_DELTA, _ID_DELTA = 6, 7
_HEADER_BYTES, _ID_BYTES = 12, 20
_VERSION = 2
_MAX_SHIFT = 63
_MOST_DEEP = 50


class LeftToGit(Exception):
    """A pack that is too large or too odd to be read here; git says what is wrong with it."""


def read_pack(data: bytes) -> dict[ObjectId, tuple[str, bytes]]:
    """Return kind and body of the objects of a pack, by the id that is recomputed here.

    Raises:
        LeftToGit: it is damaged, or unfolds to much, or lacks what it builds on.
    """
    try:
        return _Reading(data).objects()
    except (IndexError, KeyError, struct.error, zlib.error) as error:
        raise LeftToGit from error


class _Reading:
    """One pack being read; offsets are those in its bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._known: dict[int, tuple[str, bytes, int]] = {}  # kind, body, depth by offset
        self._ids: dict[bytes, int] = {}
        self._left_bytes = MAX_UNFOLDED_BYTES

    def objects(self) -> dict[ObjectId, tuple[str, bytes]]:
        magic, version, count = struct.unpack_from(">4sII", self._data)
        if magic != b"PACK" or version != _VERSION:
            raise LeftToGit
        found: dict[ObjectId, tuple[str, bytes]] = {}
        at = _HEADER_BYTES
        for _ in range(count):
            start = at
            kind, body, depth, at = self._object(at)
            state = hashlib.sha1(b"%b %d\0" % (kind.encode(), len(body)), usedforsecurity=False)
            state.update(body)
            self._known[start] = kind, body, depth
            self._ids[state.digest()] = start
            found[ObjectId(state.hexdigest())] = kind, body
        self._check_end(at)
        return found

    def _check_end(self, at: int) -> None:
        trailer = hashlib.sha1(self._data[:at], usedforsecurity=False).digest()
        if self._data[at:] != trailer:
            raise LeftToGit

    def _object(self, start: int) -> tuple[str, bytes, int, int]:
        """Return kind, body, depth of deltas, and the offset behind the object at ``start``."""
        byte = self._data[start]
        number, size, shift, at = byte >> 4 & 7, byte & 15, 4, start + 1
        while byte & 0x80:
            byte = self._data[at]
            size |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if shift > _MAX_SHIFT:
                raise LeftToGit
        if number in _KINDS:
            body, at = self._unfolded(at, size)
            return _KINDS[number], body, 0, at
        if number == _OFFSET_DELTA:
            distance, at = self._distance(at)
            kind, base, depth = self._known[start - distance]
        elif number == _ID_DELTA:
            kind, base, depth = self._known[self._ids[self._data[at : at + _ID_BYTES]]]
            at += _ID_BYTES
        else:
            raise LeftToGit
        if depth >= _MOST_DEEP:
            raise LeftToGit
        delta, at = self._unfolded(at, size)
        return kind, self._applied(delta, base), depth + 1, at

    def _distance(self, at: int) -> tuple[int, int]:
        byte = self._data[at]
        distance = byte & 0x7F
        while byte & 0x80:
            at += 1
            byte = self._data[at]
            distance = (distance + 1 << 7) | byte & 0x7F
            if distance > len(self._data):
                raise LeftToGit
        return distance, at + 1

    def _take(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if size_bytes > MAX_OBJECT_BYTES or self._left_bytes < 0:
            raise LeftToGit

    def _unfolded(self, at: int, size_bytes: int) -> tuple[bytes, int]:
        self._take(size_bytes)
        stream = zlib.decompressobj()
        # A copy of all that follows for each object would be quadratic: pieces, as needed.
        body, piece_bytes = b"", size_bytes + 64
        while not stream.eof:
            piece = self._data[at : at + piece_bytes]
            if not piece:
                raise LeftToGit
            body += stream.decompress(piece, size_bytes - len(body) + 1)
            if len(body) > size_bytes:
                raise LeftToGit
            at += len(piece) - len(stream.unused_data) - len(stream.unconsumed_tail)
        if len(body) != size_bytes:
            raise LeftToGit
        return body, at

    def _applied(self, delta: bytes, base: bytes) -> bytes:
        """Return what a delta makes of ``base``."""
        base_bytes, at = _number(delta, 0)
        size_bytes, at = _number(delta, at)
        if base_bytes != len(base):
            raise LeftToGit
        self._take(size_bytes)
        body = b"".join(_pieces(delta, at, base, size_bytes))
        if len(body) != size_bytes:
            raise LeftToGit
        return body


def _pieces(delta: bytes, at: int, base: bytes, size_bytes: int) -> Iterator[bytes]:
    """Yield what the commands of a delta add, at most ``size_bytes`` altogether."""
    while at < len(delta):
        command = delta[at]
        at += 1
        if command & 0x80:
            offset, at = _operand(delta, at, command, 4)
            length, at = _operand(delta, at, command >> 4, 3)
            piece = base[offset : offset + (length or 0x10000)]
        else:
            piece = delta[at : at + command]
            at += command
        size_bytes -= len(piece)
        if not piece or size_bytes < 0:
            raise LeftToGit
        yield piece


def _operand(delta: bytes, at: int, flags: int, most: int) -> tuple[int, int]:
    value = 0
    for place in range(most):
        if flags >> place & 1:
            value |= delta[at] << 8 * place
            at += 1
    return value, at


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not byte & 0x80:
            return value, at
        if shift > _MAX_SHIFT:
            raise LeftToGit
