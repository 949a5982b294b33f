"""Which atoms answer a search, and which answers better."""

from __future__ import annotations

import pytest

from eka.workflow.ranking import Entry, Match, Rank, fold, rank, words_of


@pytest.mark.spec("search-rank")
@pytest.mark.parametrize(
    ("entry", "match"),
    [
        (Entry(label="zlib"), Match.LABEL),
        (Entry(label="ZLIB"), Match.LABEL),
        (Entry(label="zlib-ng", tags=("zlib",)), Match.LABEL_START),
        (Entry(label="mini-zlib", description="zlib"), Match.LABEL_PART),
        (Entry(label="x", tags=("a", "like:zlib"), description="zlib"), Match.TAG),
        (Entry(label="x", description="A ZLib for all"), Match.DESCRIPTION),
    ],
)
def test_the_best_place_of_a_word_counts(entry: Entry, match: Match) -> None:
    assert rank(entry, words_of("zlib")) == Rank(int(match), match)


@pytest.mark.spec("search-words")
def test_every_word_must_be_found_and_each_adds_to_the_sum() -> None:
    entry = Entry(label="zlib", description="fast compression")

    assert rank(entry, words_of("zlib compression")) == Rank(4, Match.LABEL)
    assert rank(entry, words_of(" Compression\tzlib  zlib ")) == Rank(4, Match.LABEL)
    assert rank(entry, words_of("zlib slow")) is None
    assert rank(entry, words_of("")) is None


@pytest.mark.spec("search-words")
@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("\uff5a\uff4c\uff49\uff42", "zlib"),  # full width
        ("STRASSE", "stra\u00dfe"),
        ("\u03a3\u03b1\u03c2", "\u03c3\u03b1\u03c3"),  # capital and final sigma
        ("\u212aelvin", "kelvin"),
        ("\ufb01le", "file"),
        ("I\u0307x", "\u0130X"),
    ],
)
def test_what_a_reader_takes_for_the_same_word_is_the_same(typed: str, label: str) -> None:
    assert rank(Entry(label=label), words_of(typed)) == Rank(0, Match.LABEL)


def test_folding_twice_changes_nothing_more() -> None:
    for text in (
        "\u1e9e",
        "\ufb03",
        "\u0390",
        "\u1fd3",
        "\u0345\u0301",
        "\u3382",
        "K\u0323\u0307",
    ):
        assert fold(fold(text)) == fold(text)
