"""The SHA-256 of a NAR as if it did not mention its own path, as Nix computes it.

Source: atom-spec/nix.md [nix-path-content].
"""

from __future__ import annotations

import hashlib

from eka.checking import TYPE_CHECKING
from eka.store.path import DIGEST_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ZEROS = b"\0" * DIGEST_LETTERS


class NarModulo:
    """Watches the bytes of a NAR pass, and hashes them with one digest read as zeros."""

    def __init__(self, digest32: str) -> None:
        self._letters = digest32.encode()
        self._hasher = hashlib.sha256()
        self._places: list[int] = []

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass bytes on unchanged."""
        offset, tail = 0, b""
        for chunk in chunks:
            yield chunk
            data = tail + chunk if tail else chunk
            data = self._blanked(data, offset)
            # The digest may go on in the next chunk.
            keep = max(len(data) - DIGEST_LETTERS + 1, 0)
            self._hasher.update(data[:keep])
            offset, tail = offset + keep, data[keep:]
        self._hasher.update(tail)

    def sha256(self) -> bytes:
        """Return the digest of what has passed: the zeroed bytes, then where the zeros are."""
        for place in self._places:
            self._hasher.update(b"|%d" % place)
        self._places.clear()
        return self._hasher.digest()

    def _blanked(self, data: bytes, offset: int) -> bytes:
        at = data.find(self._letters)
        if at < 0:
            return data
        changed = bytearray(data)
        while at >= 0:
            changed[at : at + DIGEST_LETTERS] = _ZEROS
            self._places.append(offset + at)
            at = data.find(self._letters, at + DIGEST_LETTERS)
        return bytes(changed)
