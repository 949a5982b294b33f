"""What is a request of the store protocol, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eka.store_cli.errors import InvalidRequest
from eka.store_cli.requests import FieldType, fields, operations, parse_request
from eka.store_cli.words import COMMANDS, parser

OPTIONS = {"key"}  # required, and yet not told by their place


def line(**value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.spec("protocol-request")
def test_a_request_means_what_the_command_line_means() -> None:
    typed = parser().parse_args(["path-info", "a", "b", "--closure"])

    asked = parse_request(
        line(id=7, op="path-info", arguments={"paths": ["a", "b"], "closure": True})
    )

    assert (asked.identity, asked.operation) == (7, "path-info")
    assert vars(asked.arguments) == vars(typed)


@pytest.mark.spec("protocol-request")
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_what_is_left_out_is_as_if_not_typed(name: str) -> None:
    if name == "serve":
        assert name not in operations()
        return
    needed = {each.name: "1" for each in fields(name) if each.required}
    many = {each.name for each in fields(name) if each.type is FieldType.TEXTS}
    words = [name]
    for each, value in needed.items():
        words += [f"--{each}", value] if each in OPTIONS else [value]

    asked = parse_request(
        line(id="x", op=name, arguments={k: [v] if k in many else v for k, v in needed.items()})
    )

    assert vars(asked.arguments) == vars(parser().parse_args(words))


@pytest.mark.spec("protocol-request")
@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"id": 1, "op": "gc", "arguments": {"dry_run": "yes"}}, "arguments.dry_run"),
        ({"id": 1, "op": "gc", "arguments": {"dryrun": True}}, "arguments.dryrun"),
        ({"id": 1, "op": "gc", "arguments": []}, "arguments"),
        ({"id": 1, "op": "gc", "extra": 1}, "extra"),
        ({"id": 1, "op": "gcc"}, "op"),
        ({"id": 1, "op": "serve"}, "op"),
        ({"id": 1}, "op"),
        ({"op": "gc"}, "id"),
        ({"id": True, "op": "gc"}, "id"),
        ({"id": "x" * 129, "op": "gc"}, "id"),
        ({"id": 1, "op": "closure"}, "arguments.paths"),
        ({"id": 1, "op": "closure", "arguments": {"paths": []}}, "arguments.paths"),
        ({"id": 1, "op": "closure", "arguments": {"paths": "a"}}, "arguments.paths"),
        ({"id": 1, "op": "closure", "arguments": {"paths": ["a", 1]}}, "arguments.paths[1]"),
        ({"id": 1, "op": "closure", "arguments": {"paths": ["a\0"]}}, "arguments.paths[0]"),
        ({"id": 1, "op": "log", "arguments": {"last": "many"}}, "arguments.last"),
        ({"id": 1, "op": "log", "arguments": {"last": 1.5}}, "arguments.last"),
        ({"id": 1, "op": "gc", "input": "%"}, "input"),
        ({"id": 1, "op": "gc", "input": 5}, "input"),
        ({"id": 1, "op": "gc", "streams": 1}, "streams"),
    ],
)
def test_what_does_not_fit_is_refused(value: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_request(json.dumps(value).encode())

    assert caught.value.where == where
    assert caught.value.identity == (value.get("id") if where != "id" else None)


@pytest.mark.spec("protocol-lines")
@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"1", b'{"id":NaN'])
def test_what_is_not_an_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_request(raw)


def test_a_number_may_be_a_number_or_its_digits() -> None:
    asked = [parse_request(line(id=1, op="log", arguments={"last": n})) for n in (3, "3")]

    assert [each.arguments.last for each in asked] == [3, 3]
