"""The skeleton of UTS #39: two names that look alike have the same one."""

from __future__ import annotations

from functools import cache
from unicodedata import normalize

from eka.atom import confusables_table

_table = cache(confusables_table.load)


def skeleton_of(text: str) -> str:
    """Return the skeleton of ``text``; it serves comparison only, never display."""
    return normalize("NFD", normalize("NFD", text).translate(_table()))
