"""The vectors of labels and tags."""

from __future__ import annotations

import pytest

from eka.atom import InvalidLabel, InvalidTag, Label, Tag, case_fold, skeleton
from tests.vectors import load

LABELS = load("label/labels.json")
SKELETONS = load("label/skeletons.json")
REASONS = {
    "empty": "empty",
    "size": "longer than 128 bytes",
    "start": "starts with",
    "character": "may not stand in it",
    "form": "NFKC",
    "unassigned": "not assigned in Unicode 14.0.0",
}


@pytest.mark.spec("label-size", "label-start", "label-continue", "label-normal-form")
@pytest.mark.parametrize("text", LABELS["valid"])
def test_a_valid_label_is_kept_as_it_is(text: str) -> None:
    assert Label(text).text == text
    assert Label.typed(text).text == text
    assert Tag(text).text == text


@pytest.mark.spec(
    *("label-size", "label-start", "label-continue", "label-normal-form", "label-unicode")
)
@pytest.mark.parametrize(("text", "reason"), LABELS["invalid"])
def test_s09_an_invalid_label_is_refused_for_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidLabel) as caught:
        Label(text)

    assert caught.value.raw == text
    assert REASONS[reason] in caught.value.why


@pytest.mark.spec("label-typed", "label-normal-form")
@pytest.mark.parametrize(("typed", "expected"), LABELS["typed"])
def test_what_is_typed_is_normalised_and_what_is_read_is_not(typed: str, expected: str) -> None:
    assert Label.typed(typed).text == expected
    if typed != expected:
        with pytest.raises(InvalidLabel):
            Label(typed)


@pytest.mark.spec("tag-characters")
@pytest.mark.parametrize("text", LABELS["valid_tags"])
def test_a_valid_tag_is_kept_as_it_is(text: str) -> None:
    assert Tag(text).text == text


@pytest.mark.spec("tag-characters", "tag-dots")
@pytest.mark.parametrize("text", LABELS["invalid_tags"])
def test_an_invalid_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidTag) as caught:
        Tag(text)

    assert caught.value.raw == text


@pytest.mark.spec("label-skeleton")
@pytest.mark.parametrize(("one", "other"), SKELETONS["alike"])
def test_s09_labels_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert one != other
    assert skeleton(Label(one)) == skeleton(Label(other))


@pytest.mark.spec("label-skeleton")
@pytest.mark.parametrize(("one", "other"), SKELETONS["unlike"])
def test_labels_that_look_different_have_two(one: str, other: str) -> None:
    assert skeleton(Label(one)) != skeleton(Label(other))


@pytest.mark.spec("label-case-fold")
@pytest.mark.parametrize(("one", "other"), SKELETONS["fold_alike"])
def test_s09_labels_that_differ_in_case_alone_fold_to_one(one: str, other: str) -> None:
    assert one != other
    assert case_fold(Label(one)) == case_fold(Label(other))


@pytest.mark.spec("label-case-fold")
@pytest.mark.parametrize(("one", "other"), SKELETONS["fold_unlike"])
def test_labels_that_differ_in_more_fold_to_two(one: str, other: str) -> None:
    assert case_fold(Label(one)) != case_fold(Label(other))
