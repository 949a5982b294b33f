"""Writes packs of git objects in memory; pure."""

from __future__ import annotations

import hashlib
import struct
import zlib

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACK_VERSION = 2
_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}


def build_pack(
    objects: Sequence[tuple[str, bytes]], algorithm: str, *, is_compressed: bool = True
) -> bytes:
    """Return a pack that holds ``objects`` whole (no deltas), ready for ``git index-pack``.

    Args:
        objects: (kind, body) of each: ``commit``, ``tree``, ``blob`` or ``tag``, without git's
            header. The same objects in the same order give the same bytes.
        algorithm: ``sha1`` or ``sha256``, the object format of the repository.
        is_compressed: False for a pack that stays on this machine: to compress very many small
            objects takes longer than all the rest, and git does it when it packs anew.
    """
    level = zlib.Z_DEFAULT_COMPRESSION if is_compressed else zlib.Z_NO_COMPRESSION
    parts = [struct.pack(">4sII", b"PACK", _PACK_VERSION, len(objects))]
    for kind, body in objects:
        parts.append(_entry_header(_KINDS[kind], len(body)))
        parts.append(zlib.compress(body, level))
    # Not a security use of SHA-1: the trailer tells a torn pack from a whole one.
    trailer = hashlib.new(algorithm, usedforsecurity=False)
    data = b"".join(parts)
    trailer.update(data)
    return data + trailer.digest()


def _entry_header(kind: int, size_bytes: int) -> bytes:
    """Return the type and size of one entry: 4 bits of size, then 7 at a time, lowest first."""
    byte = kind << 4 | size_bytes & 0x0F
    size_bytes >>= 4
    header = bytearray()
    while size_bytes:
        header.append(byte | 0x80)
        byte = size_bytes & 0x7F
        size_bytes >>= 7
    header.append(byte)
    return bytes(header)
