"""Ages in words, and the notes about what a source does not list any more."""

from __future__ import annotations

import pytest

from eka.atom import Genesis, Label, ObjectId, SourceUrl, Version
from eka.workflow.ages import ago
from eka.workflow.answers import Answer, Answers, Gone, Moved
from eka.workflow.first_seen import Sighting
from eka.workflow.seen_check import SHOWN, Said, notes

SOURCE = SourceUrl("https", "git.example.org", "/core")
MIRROR = SourceUrl("https", "mirror.example.org", "/core")
NOW_S = 1_000_000
SIGHTING = Sighting("1" * 40, NOW_S - 7200, SOURCE.public)
SAID = Said(source=SOURCE, by=MIRROR, genesis=Genesis(ObjectId("2" * 40)), versions={})


@pytest.mark.parametrize(
    ("age_s", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (3 * 3600 + 59, "3 hours ago"),
        (86_400, "1 day ago"),
        (400 * 86_400, "400 days ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(age_s: int, words: str) -> None:
    assert ago(NOW_S - age_s, NOW_S) == words


@pytest.mark.spec("seen-withdrawn")
def test_what_went_away_is_named_with_its_age_and_who_leaves_it_out() -> None:
    gone = [
        Gone("zlib", "1.4.0", SIGHTING, is_newest=True),
        Gone("zlib", "1.2.0", SIGHTING, is_newest=False),
    ]

    newest, older = notes(SAID, [], gone, NOW_S)

    assert newest.startswith("the newest version went away")
    assert "zlib 1.4.0 (first seen 2 hours ago)" in newest
    assert older == f"{MIRROR.public} does not list zlib 1.2.0 (first seen 2 hours ago) any more"


@pytest.mark.spec("seen-query")
def test_many_changes_are_counted_not_listed() -> None:
    moved = [Moved("zlib", f"1.{number}.0", SIGHTING, "3" * 40) for number in range(SHOWN + 3)]
    gone = [Gone("lua", f"1.{number}.0", SIGHTING, is_newest=False) for number in range(SHOWN + 2)]

    *told, counted, away = notes(SAID, moved, gone, NOW_S)

    assert len(told) == SHOWN
    assert "3 more versions" in counted
    assert away.count("lua") == SHOWN
    assert "and 2 more" in away


def test_answers_of_one_kind_become_one_with_the_older_time() -> None:
    answers = Answers()

    first = answers.add(Answer("a", "a", 10, is_remembered=True))
    second = answers.add(Answer("a", "a", 5, is_remembered=True))
    third = answers.add(Answer("a", "b", 7, is_remembered=False))

    assert (first, second, third) == (True, False, True)
    assert [(each.by, each.at_s) for each in answers.all] == [("a", 5), ("b", 7)]


@pytest.mark.spec("mirror-order")
def test_who_does_not_answer_is_asked_last() -> None:
    answers = Answers()

    answers.mark_down(SOURCE)

    assert answers.in_order([SOURCE, MIRROR]) == [MIRROR, SOURCE]
    assert answers.is_down(SOURCE)
    assert not answers.is_down(MIRROR)


def test_said_is_a_value() -> None:
    label, version = Label("zlib"), Version.parse("1.0.0")
    versions = {label: {version: ObjectId("1" * 40)}}

    said = Said(source=SOURCE, by=SOURCE, genesis=SAID.genesis, versions=versions)

    assert said.fingerprint == ""
    assert said.versions[label][version].hex == "1" * 40
