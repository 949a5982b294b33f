"""Which atoms answer a search, and in which order; pure.

Source: atom-spec/queries.md [search-words], [search-rank].
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Match(IntEnum):
    """Where a word was found; the smaller, the better."""

    LABEL = 0
    """It is the label."""
    LABEL_START = 1
    LABEL_PART = 2
    TAG = 3
    """It is a part of a tag."""
    DESCRIPTION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of an atom that may be searched for."""

    label: str
    tags: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Rank:
    """How well an atom answers: the sum over all words, and the best place one was found."""

    total: int
    best: Match


def fold(text: str) -> str:
    """Return the form in which texts that a reader takes for the same word are equal."""
    if text.isascii():
        return text.lower()
    from unicodedata import normalize  # noqa: PLC0415 - ASCII never needs the tables

    # Folding can leave NFKC, and normalising can bring capitals back.
    return normalize("NFKC", normalize("NFKC", text).casefold())


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of what a person searches for, folded."""
    return tuple(dict.fromkeys(fold(text).split()))


def rank(entry: Entry, words: Sequence[str]) -> Rank | None:
    """Return how well ``entry`` answers folded ``words``; None when one of them is not found."""
    found: list[Match] = []
    for word in words:
        match = _match(entry, word)
        if match is None:
            return None
        found.append(match)
    return Rank(sum(found), min(found)) if found else None


def _match(entry: Entry, word: str) -> Match | None:
    label = fold(entry.label)
    if word in label:
        if word == label:
            return Match.LABEL
        return Match.LABEL_START if label.startswith(word) else Match.LABEL_PART
    if any(word in fold(tag) for tag in entry.tags):
        return Match.TAG
    return Match.DESCRIPTION if word in fold(entry.description) else None
