"""What a hostile document says is not repeated without end."""

from __future__ import annotations

import json

import pytest

from eka.store import InvalidPlan, InvalidStorePath, StorePath, parse_plan

LONG = "x" * 1_000_000
MOST = 1000  # letters that a person may have to read


@pytest.mark.parametrize(
    "document",
    [
        {"schema": LONG},
        {"schema": "eka.plan/1", "actions": {}, "roots": [], "trees": {}, LONG: 1},
        {"schema": "eka.plan/1", "actions": {LONG: {"kind": LONG}}, "roots": [], "trees": {}},
    ],
)
def test_an_error_of_a_plan_is_short(document: dict[str, object]) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(json.dumps(document).encode(), "plan")

    assert len(caught.value.where) < MOST
    assert len(caught.value.why) < MOST


def test_an_error_of_a_path_is_short() -> None:
    with pytest.raises(InvalidStorePath) as caught:
        StorePath.parse(LONG)

    assert len(caught.value.where) < MOST
    assert caught.value.raw == LONG
