"""Nix's own base32: least significant bits first, then reversed; no ``e``, ``o``, ``u``, ``t``.

Source: atom-spec/nix.md [nix-base32].
"""

from __future__ import annotations

from eka.store.nix.errors import InvalidNixText

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def base32_length(size_bytes: int) -> int:
    """Return how many letters stand for so many bytes."""
    return -(-size_bytes * 8 // 5)


def encode(raw: bytes) -> str:
    """Return ``raw`` as Nix writes it (20 bytes: 32 letters; 32 bytes: 52)."""
    number = int.from_bytes(raw, "little")
    places = range(base32_length(len(raw)) * 5 - 5, -1, -5)
    return "".join([ALPHABET[number >> place & 31] for place in places])


def decode(text: str, size_bytes: int) -> bytes:
    """Return the ``size_bytes`` bytes that ``text`` stands for.

    Raises:
        InvalidNixText: Wrong length, a letter that is not in the alphabet, or bits beyond the
            last byte: no two texts stand for the same bytes.
    """
    kind = f"{size_bytes} bytes in Nix's base32"
    if len(text) != base32_length(size_bytes):
        raise InvalidNixText(kind, text, f"not {base32_length(size_bytes)} letters long")
    number = 0
    for letter in text:
        value = _VALUES.get(letter)
        if value is None:
            raise InvalidNixText(kind, text, f"{letter!r} is not one of {ALPHABET}")
        number = number << 5 | value
    if number >> size_bytes * 8:
        raise InvalidNixText(kind, text, f"it stands for more than {size_bytes} bytes")
    return number.to_bytes(size_bytes, "little")
