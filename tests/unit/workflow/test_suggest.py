"""The label that somebody meant."""

from __future__ import annotations

import pytest

from eka.workflow.suggest import similar_label

LABELS = ["zlib", "zlib-ng", "bzip2", "xz", "zstd"]


@pytest.mark.spec("query-nearest")
@pytest.mark.parametrize(
    ("typed", "meant"), [("zlbi", "zlib"), ("zlib-gn", "zlib-ng"), ("bzip", "bzip2")]
)
def test_the_nearest_label_is_found(typed: str, meant: str) -> None:
    assert similar_label(typed, LABELS) == meant


@pytest.mark.parametrize("typed", ["nothing", "q", "a-label-much-longer-than-any"])
def test_what_is_like_none_is_not_guessed(typed: str) -> None:
    assert similar_label(typed, LABELS) is None


def test_the_order_in_which_labels_are_known_does_not_matter() -> None:
    assert similar_label("zli", LABELS) == similar_label("zli", reversed(LABELS))


def test_of_very_many_labels_those_that_begin_alike_are_compared() -> None:
    labels = [f"atom-{number:05}" for number in range(20_000)]

    assert similar_label("atom-199999", labels) == "atom-19999"
