"""How labels begin that could be taken for another one."""

from __future__ import annotations

import sys

import pytest

from eka.atom import InvalidLabel, Label, case_fold, lookalike_starts, skeleton

CLOSE = {
    "paypal": ["PAYPAL", "раураl", "pаypаl"],
    "modern": ["rnodern", "moderm", "MODERN"],
    "rnodern": ["modern"],
    "lib": ["Iib", "llb", "ǀib", "LIB"],
    "strasse": ["stra\u00dfe", "STRASSE"],
    "sse": ["\u00dfe"],
    "aero": ["\u00e6ro", "Aero"],
    "x": ["\u115fx", "х"],
}


@pytest.mark.spec("publish-confusable")
@pytest.mark.parametrize("text", CLOSE)
def test_labels_that_are_too_close_begin_with_one_of_the_starts(text: str) -> None:
    label = Label(text)
    keys = skeleton(label), case_fold(label)
    close = [Label(other) for other in CLOSE[text]]
    close = [each for each in close if skeleton(each) == keys[0] or case_fold(each) == keys[1]]

    starts = lookalike_starts(label)

    assert close
    assert {text[0], *(each.text[0] for each in close)} <= (starts or set())


@pytest.mark.untraced  # a million characters
@pytest.mark.spec("publish-confusable")
def test_no_character_that_looks_or_folds_like_ascii_is_forgotten() -> None:
    forgotten: list[str] = []

    for character in filter(str.isidentifier, map(chr, range(0x80, sys.maxunicode))):
        try:
            one = Label(character)
        except InvalidLabel:
            continue
        for key in {skeleton(one), case_fold(one)}:
            if key.isascii() and key[:1].isalpha() and key.isidentifier():
                starts = lookalike_starts(Label(f"{key.lower()}x")) or frozenset()
                if case_fold(one) == key and character not in starts:
                    forgotten.append(character)
                same = lookalike_starts(Label(f"{key}x")) or frozenset()
                if skeleton(Label(key)) == key and character not in same:
                    forgotten.append(character)

    assert forgotten == []


def test_other_scripts_are_looked_for_everywhere() -> None:
    assert lookalike_starts(Label("λόγος")) is None


def test_few_starts_are_asked_for() -> None:
    counts = [len(lookalike_starts(Label(f"{chr(c)}x")) or ()) for c in range(97, 123)]

    assert max(counts) < 30
