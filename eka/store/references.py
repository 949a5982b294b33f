"""Finds store paths inside bytes, and blanks those that speak of the output itself.

A reference is the logical prefix ``/eka/store/`` and 32 letters. Searching for the prefix is many
times faster than searching for each digest; what a build hides (compressed, split) is not seen.
A strict scan finds digests that stand alone too.
In the target of a link the prefix may be missing, as a link may lead there from where it lies.

Source: atom-spec/store.md [reference-scan], [path-self].
"""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING
from eka.store.path import DIGEST_LETTERS, LOGICAL_ROOT, StorePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Self

PREFIX = f"{LOGICAL_ROOT}/".encode()
_LENGTH = len(PREFIX) + DIGEST_LETTERS
_ZEROS = b"0" * DIGEST_LETTERS
_LETTERS = re.compile(rb"[0-9a-v]{%d,}" % DIGEST_LETTERS)


class Candidates(dict[bytes, "StorePath"]):
    """Paths that may be found, by the letters of their digests; many scanners can share them.

    Attributes:
        is_strict: Digests that stand alone count as well, in bytes and in names: slower by far.
    """

    is_strict = False

    @classmethod
    def of(cls, paths: Iterable[StorePath], *, strict: bool = False) -> Self:
        """Return the candidates for one scan."""
        made = cls((path.digest32.encode(), path) for path in paths)
        made.is_strict = strict
        return made

    def add(self, path: StorePath) -> None:
        """Let a path be found."""
        self[path.digest32.encode()] = path


class ReferenceScanner:
    """Remembers which of the candidates were seen in all bytes that passed."""

    def __init__(self, own: StorePath, candidates: Candidates | Iterable[StorePath]) -> None:
        self._own = own.digest32.encode()
        if not isinstance(candidates, Candidates):
            candidates = Candidates.of(candidates)
        self._wanted: Mapping[bytes, StorePath] = candidates
        self._is_strict = candidates.is_strict
        self.hides_itself = False  # in a strict scan: the own digest stands alone
        self._found: set[StorePath] = set()

    @property
    def found(self) -> tuple[StorePath, ...]:
        """The candidates seen, in order of their names; the output itself is not among them."""
        return tuple(sorted(self._found))

    def blank(self, chunks: Iterable[bytes], positions: list[int]) -> Iterator[bytes]:
        """Pass bytes on with the own digest zeroed, noting where it was.

        Args:
            chunks: The bytes of one file, cut anywhere.
            positions: Receives the offsets of the own digests.
        """
        offset, tail = 0, b""
        for chunk in self._strictly(chunks) if self._is_strict else chunks:
            data = tail + chunk if tail else chunk
            mentions, end = self._scan(data)
            # Nearly always nothing begins at the end, and the chunk passes without a copy.
            keep = _open_end(data, end)
            positions.extend(offset + at for at in mentions)
            ready = _patched(data, mentions, _ZEROS)
            if keep:
                yield ready[:keep] if keep < len(ready) else ready
            offset, tail = offset + keep, data[keep:]
        if tail:
            yield tail

    def look_at(self, name: bytes) -> None:
        """Look at the name of a file, if the scan is strict."""
        if self._is_strict:
            self._find_alone(name)

    def blank_link(self, target: bytes, positions: list[int]) -> bytes:
        """Return the target of a link as `blank` does the bytes of a file.

        A link may lead to a path without naming the store: ``../<digest>-name``.
        """
        self.look_at(target)
        mentions: list[int] = []
        at = 0
        while at + DIGEST_LETTERS <= len(target):
            letters = target[at : at + DIGEST_LETTERS]
            if letters == self._own:
                mentions.append(at)
            elif letters in self._wanted:
                self._found.add(self._wanted[letters])
            at = target.find(b"/", at) + 1
            if not at:
                break
        positions.extend(mentions)
        return _patched(target, mentions, _ZEROS)

    def _strictly(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass bytes on and find the digests in them that stand alone."""
        tail = b""
        for chunk in chunks:
            data = tail + chunk
            self._find_alone(data, PREFIX, len(tail))
            tail = data[-_LENGTH + 1 :]
            yield chunk

    def _find_alone(self, data: bytes, before: bytes = b"", seen: int = 0) -> None:
        """Find digests in ``data`` that do not end within what was ``seen``.

        The own one may only stand after ``before``.
        """
        first = seen - DIGEST_LETTERS + 1
        for run in _LETTERS.finditer(data):
            for at in range(max(run.start(), first), run.end() - DIGEST_LETTERS + 1):
                letters = data[at : at + DIGEST_LETTERS]
                if letters in self._wanted and letters != self._own:
                    self._found.add(self._wanted[letters])
                elif letters == self._own and before and not data.endswith(before, 0, at):
                    self.hides_itself = True

    def _scan(self, data: bytes) -> tuple[list[int], int]:
        """Return offsets of own digests in ``data`` and the end of the last full reference."""
        mentions: list[int] = []
        end, at = 0, data.find(PREFIX)
        while at >= 0 and at + _LENGTH <= len(data):
            start = at + len(PREFIX)
            letters = data[start : at + _LENGTH]
            if letters == self._own:
                mentions.append(start)
                end = at + _LENGTH
            elif letters in self._wanted:
                self._found.add(self._wanted[letters])
                end = at + _LENGTH
            at = data.find(PREFIX, at + 1)
        return mentions, end


def _open_end(data: bytes, start: int) -> int:
    """Return where a reference begins that ``data`` does not hold to its end; else its length."""
    at = data.find(b"/", max(start, len(data) - _LENGTH + 1))
    while at >= 0:
        if PREFIX.startswith(data[at : at + len(PREFIX)]):
            return at
        at = data.find(b"/", at + 1)
    return len(data)


def rewrite(chunks: Iterable[bytes], positions: Sequence[int], digest32: str) -> Iterator[bytes]:
    """Pass bytes on with ``digest32`` written at each offset of ``positions``, in order."""
    letters, offset, done = digest32.encode(), 0, 0
    for chunk in chunks:
        data, end = bytearray(chunk), offset + len(chunk)
        for at in positions[done:]:
            if at >= end:
                break
            # The letters may begin in the chunk before, or end in the next one.
            first, last = max(at, offset), min(at + DIGEST_LETTERS, end)
            data[first - offset : last - offset] = letters[first - at : last - at]
            if last == at + DIGEST_LETTERS:
                done += 1
        offset = end
        yield bytes(data)


def _patched(data: bytes, offsets: list[int], letters: bytes) -> bytes:
    if not offsets:
        return data
    changed = bytearray(data)
    for at in offsets:
        changed[at : at + len(letters)] = letters
    return bytes(changed)
