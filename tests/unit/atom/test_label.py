"""Labels and tags."""

from __future__ import annotations

import unicodedata

import pytest

from eka.atom import InvalidLabel, InvalidTag, Label, Tag, case_fold, skeleton
from eka.atom import unicode_tables as tables
from eka.errors import Exit


def test_an_error_names_every_wrong_character_once() -> None:
    with pytest.raises(InvalidLabel) as caught:
        Label("a/b c/d")

    assert caught.value.code == "invalid-label"
    assert caught.value.exit_status == Exit.USAGE
    assert caught.value.why.count("U+002F") == 1
    assert "U+0020" in caught.value.why


def test_an_error_shows_only_the_start_of_a_long_text() -> None:
    with pytest.raises(InvalidLabel) as caught:
        Label("x" * 10_000_000)

    assert len(str(caught.value)) < 300


def test_a_lone_surrogate_is_refused_not_a_crash() -> None:
    with pytest.raises(InvalidLabel):
        Label.typed("a\udc80")


def test_a_typed_text_may_be_longer_than_a_label_before_it_is_normalised() -> None:
    typed = "u\u0308\u0304" * 64

    label = Label.typed(typed)

    assert len(typed) > 128
    assert label.text == "\u01d6" * 64


def test_an_endless_typed_text_is_refused_without_normalising_it() -> None:
    with pytest.raises(InvalidLabel):
        Label.typed("\u0301" * 10_000_000)


def test_labels_are_ordered_as_texts() -> None:
    assert sorted([Label("b"), Label("B"), Label("a-b")]) == [Label("B"), Label("a-b"), Label("b")]


def test_a_wrong_tag_is_an_error_of_its_own() -> None:
    with pytest.raises(InvalidTag) as caught:
        Tag("a..b")

    assert caught.value.code == "invalid-tag"
    assert caught.value.raw == "a..b"


def test_a_typed_tag_is_normalised() -> None:
    assert Tag.typed("\uff46oo.bar") == Tag("foo.bar")


@pytest.mark.spec("label-case")
def test_case_is_kept_and_tells_labels_apart() -> None:
    assert Label.typed("Foo").text == "Foo"
    assert Label("Foo") != Label("foo")


def test_the_case_fold_of_a_label_is_stable() -> None:
    label = Label("\u0130stanbul")

    folded = case_fold(label)

    assert case_fold(Label(unicodedata.normalize("NFKC", folded))) == folded


def test_the_skeleton_of_a_plain_label_is_the_label() -> None:
    assert skeleton(Label("zlib-ng")) == "zlib-ng"


@pytest.mark.spec("label-unicode")
def test_the_tables_agree_with_those_of_this_python() -> None:
    """Python's own tables are 14.0.0 or later; a later one may only add to ours."""
    exact = unicodedata.unidata_version == "14.0.0"

    for character in map(chr, [*range(0x3400), *range(0x1E000, 0x1F000)]):
        starts = character.isidentifier() and character != "_"
        goes_on = ("a" + character).isidentifier()
        assigned = unicodedata.category(character) not in {"Cn", "Co", "Cs"}
        assert tables.is_xid_start(character) <= starts, character
        assert tables.is_xid_continue(character) <= goes_on, character
        assert tables.is_assigned(character) <= assigned, character
        if exact:
            assert tables.is_xid_start(character) == starts, character
            assert tables.is_xid_continue(character) == goes_on, character
            assert tables.is_assigned(character) == assigned, character


@pytest.mark.spec("label-unicode")
@pytest.mark.parametrize(
    ("character", "assigned"),
    [
        ("\u180f", True),  # new in 14.0.0
        ("\U0001e290", True),  # new in 14.0.0
        ("\u0cf3", False),  # new in 15.0.0
        ("\U00031350", False),  # new in 15.0.0
        ("\ue000", False),
        ("\U0010ffff", False),
        ("\0", True),
    ],
)
def test_what_is_assigned_is_what_14_assigns(character: str, *, assigned: bool) -> None:
    assert tables.is_assigned(character) is assigned
