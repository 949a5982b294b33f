"""Locks and manifests become exactly the plans of the vectors (atom-spec/composition.md)."""

from __future__ import annotations

import json

import pytest

from eka.compose import compose_static
from tests.fakes.compose_vectors import CASES, request_of
from tests.vectors import FIXTURES


@pytest.mark.spec("compose-static")
@pytest.mark.spec("compose-targets")
@pytest.mark.spec("compose-output")
@pytest.mark.spec("compose-script")
@pytest.mark.spec("compose-variables")
@pytest.mark.spec("compose-text")
@pytest.mark.spec("compose-staged")
@pytest.mark.spec("compose-names")
@pytest.mark.spec("compose-selection")
@pytest.mark.spec("compose-dev")
@pytest.mark.spec("compose-fetch")
@pytest.mark.spec("compose-unpack")
@pytest.mark.spec("compose-source")
@pytest.mark.parametrize("case", CASES)
def test_a_lock_becomes_the_plan_of_the_vector(case: str) -> None:
    folder = FIXTURES / "compose" / case

    plan = compose_static(request_of(folder, CASES[case])).plan

    expected = (folder / "plan.json").read_bytes()
    assert json.loads(plan.encode()) == json.loads(expected)
    assert plan.encode() == expected
