"""Amounts as people write and read them: sizes, spans of time."""

from __future__ import annotations

import argparse
import re

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,3}))?([KMGT]?)(?:i?B)?", re.IGNORECASE)
_SPAN_S = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(0|[1-9][0-9]{0,4})([mhdw])")
_NUMBER = re.compile(r"[0-9]{1,9}")
_STEP = 1024
_LEAST_MEMORY = 1 << 20


def size_bytes(text: str) -> int:
    """Return the bytes that ``10G``, ``1.5GiB`` or ``4096`` stand for; units are of 1024.

    Raises:
        argparse.ArgumentTypeError: It is not a size.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size, such as 500M or 10G")
    whole, part, unit = found[1], found[2] or "", _UNITS[found[3].upper()]
    thousandths = int(part.ljust(3, "0"))
    return int(whole) * unit + thousandths * unit // 1000


def memory_bytes(text: str) -> int:
    """Return the bytes that ``4G`` or ``512M`` stand for, at least one MiB.

    Raises:
        argparse.ArgumentTypeError: It is not such a size.
    """
    found = size_bytes(text)
    if found < _LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"{text!r} is too little; no program runs in that")
    return found


def whole_number(text: str) -> int:
    """Return a number of at most nine digits.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not _NUMBER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def up_to(most: int) -> Callable[[str], int]:
    """Return what reads a number from 1 to ``most``; raises `argparse.ArgumentTypeError`."""

    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
        return int(text)

    return read


def span_s(text: str) -> int:
    """Return the seconds that ``7d``, ``36h``, ``30m`` or ``2w`` stand for.

    Raises:
        argparse.ArgumentTypeError: It is not a span of time.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span of time, such as 7d or 36h")
    return int(found[1]) * _SPAN_S[found[2]]


def in_words(number_bytes: int) -> str:
    """Return a size for people, such as ``1.5 GiB``; exact below 1024 bytes."""
    if number_bytes < _STEP:
        return f"{number_bytes} byte" if number_bytes == 1 else f"{number_bytes} bytes"
    amount = float(number_bytes)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= _STEP
        if amount < _STEP or unit == "TiB":
            break
    return f"{amount:.1f} {unit}"
