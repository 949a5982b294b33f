"""Names in a stream of bytes -> names of the same length: how a tree moves between two stores.

``/eka/store/`` and ``/nix/store/`` are equally long, and so are the digests after them, so a
program with paths inside still works after a replacement, and no size changes.

Source: atom-spec/nix.md [nix-translate].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.path import NIX_STORE
from eka.store.path import DIGEST_LETTERS, LOGICAL_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EKA_PREFIX = f"{LOGICAL_ROOT}/".encode()
NIX_PREFIX = f"{NIX_STORE}/".encode()


class Translator:
    """Replaces a prefix and one of the known digests after it, wherever they stand.

    Args:
        before: The prefix to look for.
        after: What to write for it, equally long.
        digests: 32 letters -> 32 letters; a prefix with other letters after it stays.
    """

    def __init__(self, before: bytes, after: bytes, digests: Mapping[bytes, bytes]) -> None:
        if len(before) != len(after) or any(
            len(letters) != DIGEST_LETTERS for pair in digests.items() for letters in pair
        ):
            msg = "a replacement must be as long as what it replaces"
            raise ValueError(msg)
        self._before, self._after = before, after
        self._digests = digests
        self._length = len(before) + DIGEST_LETTERS

    def stream(self, chunks: Iterable[bytes], places: list[int] | None = None) -> Iterator[bytes]:
        """Pass bytes on, translated.

        Args:
            chunks: The bytes, cut anywhere.
            places: Receives the offset of each digest that was replaced.
        """
        offset, tail = 0, b""
        for chunk in chunks:
            data = tail + chunk if tail else chunk
            found, end = self._find(data)
            keep = self._open_end(data, end)
            if places is not None:
                places.extend(offset + at for at in found)
            ready = self._replaced(data, found) if found else data
            if keep:
                yield ready[:keep] if keep < len(ready) else ready
            offset, tail = offset + keep, data[keep:]
        if tail:
            yield tail

    def _find(self, data: bytes) -> tuple[list[int], int]:
        """Return offsets of known digests, and the end of the last one."""
        found: list[int] = []
        end, at = 0, data.find(self._before)
        while at >= 0 and at + self._length <= len(data):
            start = at + len(self._before)
            if data[start : at + self._length] in self._digests:
                found.append(start)
                end = at + self._length
            at = data.find(self._before, at + 1)
        return found, end

    def _open_end(self, data: bytes, start: int) -> int:
        """Return where a name begins that ``data`` does not hold to its end; else its length."""
        first = self._before[:1]
        at = data.find(first, max(start, len(data) - self._length + 1))
        while at >= 0:
            if self._before.startswith(data[at : at + len(self._before)]):
                return at
            at = data.find(first, at + 1)
        return len(data)

    def _replaced(self, data: bytes, found: list[int]) -> bytes:
        changed = bytearray(data)
        for start in found:
            letters = data[start : start + DIGEST_LETTERS]
            changed[start - len(self._before) : start + DIGEST_LETTERS] = (
                self._after + self._digests[letters]
            )
        return bytes(changed)
