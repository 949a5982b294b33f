"""The known word a mistyped one is nearest to."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPARED_CHARACTERS = 80


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word of ``known`` that ``word`` may stand for, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    found = get_close_matches(word[:_COMPARED_CHARACTERS], sorted(known), n=1)
    return found[0] if found else None
