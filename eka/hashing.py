"""BLAKE3 and base32hex; the only importer of the blake3 library."""

from __future__ import annotations

from blake3 import blake3

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGEST_BYTES = 32
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class Hasher(Protocol):
    """An incremental BLAKE3 state."""

    def update(self, data: bytes, /) -> Hasher:
        """Feed more bytes."""
        ...

    def digest(self) -> bytes:
        """Return the 32 bytes digest of all bytes fed."""
        ...


def new_hasher() -> Hasher:
    """Return an empty incremental BLAKE3 state."""
    return blake3()


def digest(data: bytes) -> bytes:
    """Return the 32 bytes BLAKE3 digest of ``data``."""
    return blake3(data).digest()


def derive_key(context: str, material: bytes) -> bytes:
    """Return a 32 bytes key from ``material`` in BLAKE3's key derivation mode."""
    return blake3(material, derive_key_context=context).digest()


def keyed_digest(key: bytes, data: bytes) -> bytes:
    """Return the 32 bytes BLAKE3 digest of ``data`` under a 32 bytes ``key``."""
    return blake3(data, key=key).digest()


def base32hex(raw: bytes) -> str:
    """Return RFC 4648 base32hex of ``raw``, lower case, without padding (32 bytes: 52 letters)."""
    # The standard library's takes a millisecond to load, and is no faster.
    size = -(-len(raw) * 8 // 5)
    number = int.from_bytes(raw, "big") << (size * 5 - len(raw) * 8)
    return "".join([_DIGITS[number >> at & 31] for at in range(size * 5 - 5, -1, -5)])


def directory_digest(entries: Iterable[tuple[str, bytes, bytes]]) -> bytes:
    """Return the content digest of one directory.

    Args:
        entries: (mode, name, digest32) of each child in git tree order; directories have mode
            ``40000``.

    Source: atom-spec/content.md [content-directory].
    """
    return digest(
        b"".join(mode.encode() + b" " + name + b"\0" + child for mode, name, child in entries)
    )
