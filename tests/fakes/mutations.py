"""Damaged documents: real ones, changed at random by byte, token, line and structure.

The same seed gives the same documents on every machine, and a million of them cost seconds.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_BYTES = 4096  # but for floods, and real documents that are larger
FLOOD_BYTES = 48 * 1024
_FLOOD_EACH = 2000  # one in so many is a flood, which takes as long as a hundred
_ODD = (
    b"\x00", b"\x1b", b"\x7f", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r",
    "\u202e".encode(), "\u00e9".encode(), "e\u0301".encode(), "\u212b".encode(), "\ufb03".encode(),
    "\ufdfa".encode(), "\u0130".encode(), "\u0f73\u0f73".encode(), "\U0001f600".encode(),
    b"0", b"-0", b"00", b"18446744073709551615", b"18446744073709551616", b"9" * 40, b"1e999",
)  # fmt: skip


class Mutator:
    """Makes one damaged document after another."""

    def __init__(self, documents: Sequence[bytes], tokens: Sequence[bytes], seed: int) -> None:
        """Prepare a mutator.

        Args:
            documents: Real ones to begin with.
            tokens: What their language is made of.
            seed: Of the only source of randomness.
        """
        self._documents = documents
        self._tokens = (*tokens, *_ODD)
        self._rng = random.Random(seed)
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._byte, self._cut, self._insert, self._insert, self._replace, self._repeat,
            self._swap_lines, self._copy_line, self._splice, self._nest,
        )  # fmt: skip

    def next(self) -> bytes:
        """Return a document that nobody would have written."""
        rng = self._rng
        data = rng.choice(self._documents)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            data = rng.choice(self._ways)(data)
        if rng.randrange(_FLOOD_EACH) == 0:
            return self._flood(data)
        return data[: max(MOST_BYTES, len(self._documents[0]))]

    def _place(self, data: bytes) -> int:
        return self._rng.randrange(len(data) + 1)

    def _stretch(self, data: bytes) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + self._rng.choice((1, 2, 4, 16, 64)))

    def _byte(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + bytes((self._rng.randrange(256),)) + data[at + 1 :]

    def _cut(self, data: bytes) -> bytes:
        start, end = self._stretch(data)
        return data[:start] + data[end:]

    def _insert(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + self._rng.choice(self._tokens) + data[at:]

    def _replace(self, data: bytes) -> bytes:
        """Put a token in the place of another that stands there."""
        token = self._rng.choice(self._tokens)
        at = data.find(token, self._place(data))
        if at < 0:
            return self._insert(data)
        return data[:at] + self._rng.choice(self._tokens) + data[at + len(token) :]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._stretch(data)
        return data[:start] + data[start:end] * self._rng.choice((2, 3, 40)) + data[end:]

    def _lines(self, data: bytes) -> tuple[list[bytes], int, int]:
        lines = data.split(b"\n")
        return lines, self._rng.randrange(len(lines)), self._rng.randrange(len(lines))

    def _swap_lines(self, data: bytes) -> bytes:
        lines, one, other = self._lines(data)
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)

    def _copy_line(self, data: bytes) -> bytes:
        lines, one, other = self._lines(data)
        lines.insert(one, lines[other])
        return b"\n".join(lines)

    def _splice(self, data: bytes) -> bytes:
        other = self._rng.choice(self._documents)
        return data[: self._place(data)] + other[self._place(other) :]

    def _nest(self, data: bytes) -> bytes:
        """Put the value of a line into arrays or tables, or its key into a longer one."""
        lines, at, _ = self._lines(data)
        key, equals, value = lines[at].partition(b" = ")
        if not equals:
            return self._insert(data)
        depth = self._rng.choice((1, 2, 9, 200))
        match self._rng.randrange(4):
            case 0:
                value = b"[" * depth + value + b"]" * depth
            case 1:
                value = b"{ x = " * depth + value + b" }" * depth
            case 2:
                key = (key + b".") * depth + key
            case _:
                key, value = value, key
        lines[at] = key + equals + value
        return b"\n".join(lines)

    def _flood(self, data: bytes) -> bytes:
        """Return much of the same: what takes longer than in proportion shows here."""
        token = self._rng.choice((*self._tokens, data[slice(*self._stretch(data))] or b"x"))
        if self._rng.randrange(2):
            token += self._rng.choice((b"\n", b",", b".", b"=", b'"', b" "))
        at = self._place(data)
        return data[:at] + token * (FLOOD_BYTES // len(token)) + data[at:]
