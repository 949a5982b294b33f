"""The vectors of the store and the plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import ValidationError

from eka.store import InvalidPlan, NodeKind, parse_plan, store_path
from eka.store.scan import positions_digest
from tests.schemas import check
from tests.vectors import FIXTURES, load

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN = sorted((FIXTURES / "plan" / "golden").glob("*.json"))
VIOLATIONS = sorted((FIXTURES / "plan" / "violations").glob("*.json"))
PLACES: dict[str, str] = load("plan/places.json")
SCHEMA = "plan.schema.json"
# Rules that a schema cannot say, broken by documents that have the right form.
BEYOND_THE_SCHEMA = {
    "a-float", "byte-order-mark", "deep", "half-a-pair", "input-dangles", "key-twice",
    "layer-unknown", "link-in-link", "python-interpreter", "python-missing", "python-of-nothing",
    "many-digits", "not-a-number", "not-json", "not-utf-8",
    "placeholder-input", "placeholder-open", "placeholder-output", "placeholder-stage",
    "root-output-unknown", "root-unknown", "rootfs-unknown", "stage-in-stage", "stage-unknown",
    "trees-missing",
    "requires-out-of-order", "trees-too-many", "url-with-line-end", "wrong-id", "cwd-escapes",
}  # fmt: skip


@pytest.mark.spec("path-id")
@pytest.mark.spec("path-self")
def test_store_paths_are_those_of_the_vectors() -> None:
    cases: list[dict[str, Any]] = load("store/paths.json")
    assert len(cases) == 32

    for case in cases:
        mentions = {
            tuple(part.encode() for part in path.split("/") if part): offsets
            for path, offsets in case["mentions"]
        }
        positions = positions_digest(mentions)
        content = bytes.fromhex(case["content"])

        found = store_path(NodeKind(case["kind"]), content, case["name"], self_positions=positions)

        assert (positions.hex(), found.text) == (case["positions"], case["path"])


@pytest.mark.spec("plan-canonical")
@pytest.mark.spec("plan-id")
@pytest.mark.spec("plan-input")
@pytest.mark.spec("plan-run")
@pytest.mark.spec("plan-fetch")
@pytest.mark.spec("plan-unpack")
@pytest.mark.spec("plan-python")
@pytest.mark.spec("plan-open")
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_a_golden_plan_is_accepted_and_written_back_to_the_byte(file: Path) -> None:
    data = file.read_bytes()

    plan = parse_plan(data, file.name)

    assert plan.encode() == data
    check(json.loads(data), SCHEMA)


@pytest.mark.spec("plan-canonical")
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_white_space_and_the_order_of_keys_are_free(file: Path) -> None:
    value: Any = json.loads(file.read_bytes())
    loose = json.dumps(dict(reversed(value.items())), indent=3)

    assert parse_plan(loose.encode(), file.name).encode() == file.read_bytes()


@pytest.mark.spec("plan-strict")
@pytest.mark.spec("plan-id")
@pytest.mark.spec("plan-whole")
@pytest.mark.spec("plan-trees")
@pytest.mark.spec("plan-input")
@pytest.mark.spec("plan-run")
@pytest.mark.spec("plan-requires")
@pytest.mark.spec("plan-stage")
@pytest.mark.spec("plan-rootfs")
@pytest.mark.spec("plan-placeholders")
@pytest.mark.spec("plan-fetch")
@pytest.mark.spec("plan-unpack")
@pytest.mark.parametrize("file", VIOLATIONS, ids=lambda file: file.stem)
def test_a_violation_is_refused_at_its_place(file: Path) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(file.read_bytes(), "plan")

    place = PLACES[file.stem]
    assert caught.value.where == (f"plan: {place}" if place else "plan")


def test_every_violation_has_a_place() -> None:
    assert PLACES.keys() == {file.stem for file in VIOLATIONS}


@pytest.mark.parametrize(
    "file",
    [file for file in VIOLATIONS if file.stem not in BEYOND_THE_SCHEMA],
    ids=lambda file: file.stem,
)
def test_the_schema_refuses_what_it_can_say(file: Path) -> None:
    with pytest.raises(ValidationError):
        check(json.loads(file.read_bytes()), SCHEMA)
