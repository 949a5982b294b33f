"""The skeleton of UTS #39: two names that look alike have the same one."""

from __future__ import annotations

from functools import cache
from unicodedata import normalize

from eka.atom import confusables_table

# Default_Ignorable_Code_Point, as far as a label may hold it: nothing is drawn for these.
_INVISIBLE = (
    0x034F,
    *range(0x115F, 0x1161),
    *range(0x17B4, 0x17B6),
    *range(0x180B, 0x180E),
    0x180F,
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
)


def skeleton_of(text: str) -> str:
    """Return the skeleton of ``text``; it serves comparison only, never display."""
    return normalize("NFD", normalize("NFD", text).translate(_table()))


@cache
def _table() -> dict[int, str]:
    return confusables_table.load() | dict.fromkeys(_INVISIBLE, "")
