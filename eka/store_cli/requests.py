"""Lines of JSON -> requests: the arguments of an operation are those of its command.

Source: atom-spec/store-protocol.md; schema in atom-spec/schemas/store-protocol.schema.json.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
from difflib import get_close_matches
from enum import StrEnum

from eka.checking import TYPE_CHECKING, cast
from eka.store_cli.errors import InvalidRequest
from eka.store_cli.words import COMMANDS
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

MAX_LINE_BYTES = 1 << 20
MAX_ID_LETTERS = 128
MAX_TEXTS = 100_000
_NOT_SERVED = {"serve"}
_MANY = {"*", "+"}

RequestId = str | int


class FieldType(StrEnum):
    """What the value of an argument is in JSON."""

    FLAG = "flag"  # true or false
    TEXT = "text"
    NUMBER = "number"  # or its digits as a text
    TEXTS = "texts"  # an array


@dataclass(frozen=True, slots=True)
class Field:
    """One argument of an operation."""

    name: str
    type: FieldType
    required: bool
    help: str

    def to_json(self) -> dict[str, object]:
        """Return the description as JSON."""
        return {
            "name": self.name,
            "type": self.type.value,
            "required": self.required,
            "help": self.help,
        }


@dataclass(frozen=True, slots=True)
class Request:
    """One operation asked for."""

    identity: RequestId
    operation: str
    arguments: argparse.Namespace
    given: frozenset[str]  # names of the arguments that were given
    input: bytes
    streams: bool  # more input follows in lines of its own


class _Recorder(argparse.ArgumentParser):
    """Takes down which arguments a command adds; options of every command are not among them."""

    def __init__(self) -> None:
        self.known: list[argparse.Action] = []
        super().__init__(add_help=False)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:  # noqa: ANN401 - argparse's own
        """Add an argument and remember it."""
        added = super().add_argument(*names, **options)
        self.known.append(added)
        return added


def operations() -> list[str]:
    """Return the names of all operations."""
    return [name for name in COMMANDS if name not in _NOT_SERVED]


def fields(operation: str) -> list[Field]:
    """Return the arguments of an operation."""
    return [
        Field(each.dest, _type(each), _is_required(each), each.help or "")
        for each in _actions(operation)
    ]


def parse_request(line: bytes) -> Request:
    """Read a request and prove it.

    Args:
        line: One JSON object, at most `MAX_LINE_BYTES`.

    Raises:
        InvalidRequest: It breaks a rule of the protocol, or does not fit the operation.
    """
    value = read_object(line)
    identity = _identity(value.get("id"))
    try:
        return _request(identity, value)
    except InvalidRequest as error:
        error.identity = identity
        raise


def _request(identity: RequestId, value: Mapping[str, object]) -> Request:
    _no_others("", value, {"id", "op", "arguments", "input", "streams"})
    operation = _operation(value.get("op"))
    given = value.get("arguments", {})
    if not isinstance(given, dict):
        raise InvalidRequest("arguments", "it is not an object")
    streams = value.get("streams", False)
    if not isinstance(streams, bool):
        raise InvalidRequest("streams", "it is neither true nor false")
    arguments = cast("dict[str, object]", given)
    return Request(
        identity,
        operation,
        _namespace(operation, arguments),
        frozenset(arguments),
        decode_input(value.get("input", "")),
        streams,
    )


def read_object(line: bytes) -> dict[str, object]:
    """Return the JSON object of one line."""
    try:
        value = cast("object", json.loads(line))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("", f"it is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequest("", "it is not a JSON object")
    return cast("dict[str, object]", value)


def decode_input(value: object) -> bytes:
    """Return the bytes of an ``input`` field."""
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest("input", f"it is not base64: {error}") from error
    raise InvalidRequest("input", "it is not a text")


def _identity(value: object) -> RequestId:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= MAX_ID_LETTERS:
        return value
    raise InvalidRequest("id", f"it is neither a number nor a text of {MAX_ID_LETTERS} letters")


def _operation(value: object) -> str:
    known = operations()
    if not isinstance(value, str) or value not in known:
        near = get_close_matches(value, known, n=1) if isinstance(value, str) else []
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidRequest("op", f"{value!r} is not an operation{hint}")
    return value


def _actions(operation: str) -> Sequence[argparse.Action]:
    recorder = _Recorder()
    COMMANDS[operation][1](recorder)
    return recorder.known


def _is_required(action: argparse.Action) -> bool:
    # argparse calls a positional that may occur any number of times required.
    return action.required and action.nargs != "*"


def _type(action: argparse.Action) -> FieldType:
    if action.nargs == 0:
        return FieldType.FLAG
    # An option that may be given several times has no public mark of its own.
    if action.nargs in _MANY or type(action).__name__ == "_AppendAction":
        return FieldType.TEXTS
    return FieldType.TEXT if action.type is None else FieldType.NUMBER


def _namespace(operation: str, arguments: Mapping[str, object]) -> argparse.Namespace:
    actions = {action.dest: action for action in _actions(operation)}
    _no_others("arguments.", arguments, set(actions))
    found = argparse.Namespace(command=operation)
    for name, action in actions.items():
        value = arguments.get(name)
        if value is not None:
            setattr(found, name, _value(f"arguments.{name}", action, value))
        elif _is_required(action):
            raise InvalidRequest(f"arguments.{name}", "it is missing")
        else:
            setattr(found, name, [] if action.nargs == "*" else action.default)
    return found


def _value(where: str, action: argparse.Action, value: object) -> object:
    match _type(action):
        case FieldType.FLAG:
            if not isinstance(value, bool):
                raise InvalidRequest(where, "it is neither true nor false")
            return value
        case FieldType.TEXTS:
            texts = cast("list[object]", value) if isinstance(value, list) else None
            if texts is None or len(texts) > MAX_TEXTS or (action.nargs == "+" and not texts):
                raise InvalidRequest(where, f"it is not an array of 1 to {MAX_TEXTS} texts")
            return [_text(f"{where}[{at}]", action, each) for at, each in enumerate(texts)]
        case FieldType.NUMBER if isinstance(value, int) and not isinstance(value, bool):
            return _text(where, action, str(value))
        case _:
            return _text(where, action, value)


def _text(where: str, action: argparse.Action, value: object) -> object:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidRequest(where, "it is not a text, or holds a NUL")
    try:
        value.encode("utf-8", "surrogateescape")  # names of files that are no text are welcome
    except UnicodeEncodeError as error:
        raise InvalidRequest(where, "it holds half of a surrogate pair") from error
    if action.choices is not None and value not in action.choices:
        raise InvalidRequest(where, f"{value!r} is none of {', '.join(map(str, action.choices))}")
    if not callable(action.type):
        return value
    try:
        return cast("object", action.type(value))
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise InvalidRequest(where, str(error)) from error


def _no_others(where: str, value: Mapping[str, object], known: set[str]) -> None:
    for name in value:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InvalidRequest(f"{where}{name}", f"there is no such field{hint}")
