"""Bytes -> plan: strict, capped, nothing guessed (atom-spec/plan.md)."""

from __future__ import annotations

import json
from collections import Counter

from eka.checking import TYPE_CHECKING, TypeVar, cast
from eka.store.errors import InvalidPlan
from eka.store.plan import (
    SCHEMA,
    Action,
    ActionInput,
    FetchAction,
    Input,
    Plan,
    RunAction,
    TreeInput,
    UnpackAction,
    action_id,
)
from eka.store.plan_layers import Layer, LayerFormat
from eka.store.plan_python import PythonTree
from eka.store.plan_rules import MAX_ITEMS, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MAX_PLAN_BYTES = 64 << 20
MAX_DEPTH = 32
MAX_ACTIONS = 100_000

_T = TypeVar("_T")


def parse_plan(data: bytes, source: str) -> Plan:
    """Read a plan and prove it: limits, fields, rules, ids, references.

    Args:
        data: A JSON document; any white space and order of keys, at most 64 MiB.
        source: Where it came from, for messages.

    Raises:
        InvalidPlan: Naming the first place that breaks a rule.

    Source: atom-spec/plan.md; vectors in fixtures/plan.
    """
    try:
        return _plan(_Fields(_load(data), ""))
    except InvalidPlan as error:
        place = f"{source}: {error.where}" if error.where else source
        raise InvalidPlan(place, error.why, fix=error.fix) from error


def _load(data: bytes) -> object:
    require(len(data) <= MAX_PLAN_BYTES, "", f"more than {MAX_PLAN_BYTES} bytes")
    try:
        value = cast(
            "object",
            json.loads(
                data.decode("utf-8"),
                object_pairs_hook=_unique,
                parse_float=_no_float,
                parse_constant=_no_float,
            ),
        )
    except UnicodeDecodeError as error:
        raise InvalidPlan("", f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InvalidPlan(place, f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise InvalidPlan("", f"nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidPlan("", "a number has too many digits") from error
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise InvalidPlan("", f"the key {twice!r} is written twice in one object")
    return found


def _no_float(text: str) -> object:
    raise InvalidPlan("", f"{text} is not an integer; a plan holds no other numbers")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise InvalidPlan("", f"nested deeper than {MAX_DEPTH}")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


class _Fields:
    """One JSON object, read field by field; what is left over is unknown and refused."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise InvalidPlan(where, f"expected an object, found {_kind(value)}")
        self._values = cast("dict[str, object]", value)
        self._where = where
        self._asked: set[str] = set()

    def place(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def holds(self, key: str) -> bool:
        return key in self._values

    def raw(self, key: str) -> object:
        self._asked.add(key)
        if key not in self._values:
            near = [other for other in self._values if other not in self._asked]
            raise InvalidPlan(self._where, f"the field {key!r} is missing{_hint(key, near)}")
        return self._values[key]

    def text(self, key: str) -> str:
        return _text(self.raw(key), self.place(key))

    def text_or_none(self, key: str) -> str | None:
        return None if self.raw(key) is None else self.text(key)

    def integer(self, key: str) -> int:
        value = self.raw(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidPlan(self.place(key), f"expected an integer, found {_kind(value)}")
        return value

    def set_flag(self, key: str) -> bool:
        """Return whether a field is there; it is only ever written when it is true."""
        if not self.holds(key):
            return False
        require(self.raw(key) is True, self.place(key), "expected true, or no such field")
        return True

    def items(self, key: str, limit: int = MAX_ITEMS) -> list[tuple[str, object]]:
        """Return the elements of an array, each with its place."""
        value, place = self.raw(key), self.place(key)
        if not isinstance(value, list):
            raise InvalidPlan(place, f"expected an array, found {_kind(value)}")
        elements = cast("list[object]", value)
        require(len(elements) <= limit, place, f"more than {limit} elements")
        return [(f"{place}[{index}]", element) for index, element in enumerate(elements)]

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(_text(value, place) for place, value in self.items(key))

    def mapping(
        self, key: str, read: Callable[[object, str], _T], limit: int = MAX_ITEMS
    ) -> dict[str, _T]:
        value, place = self.raw(key), self.place(key)
        if not isinstance(value, dict):
            raise InvalidPlan(place, f"expected an object, found {_kind(value)}")
        members = cast("dict[str, object]", value)
        require(len(members) <= limit, place, f"more than {limit} entries")
        return {name: read(member, f"{place}.{name}") for name, member in members.items()}

    def end(self) -> None:
        """Refuse every field nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                hint = _hint(key, sorted(self._asked))
                raise InvalidPlan(self._where, f"unknown field {key!r}{hint}")


def _plan(fields: _Fields) -> Plan:
    schema = fields.text("schema")
    require(schema == SCHEMA, "schema", f"expected {SCHEMA!r}, found {schema!r}")
    actions = fields.mapping("actions", _action, MAX_ACTIONS)
    roots = tuple(_output(value, place) for place, value in fields.items("roots", MAX_ACTIONS))
    trees = fields.mapping("trees", _names, MAX_ACTIONS)
    fields.end()
    for identity, action in actions.items():
        found = action_id(action)
        why = f"the action's content has the id {found}"
        require(identity == found, f"actions.{identity}", why)
    plan = Plan(actions, roots)
    expected = plan.trees()
    require(trees == expected, "trees", f"expected the trees of the inputs: {_shown(expected)}")
    return plan


def _action(value: object, where: str) -> Action:
    fields = _Fields(value, where)
    kind = fields.text("kind")
    read = _READERS.get(kind)
    if read is None:
        hint = _hint(kind, list(_READERS))
        raise InvalidPlan(fields.place("kind"), f"unknown kind {kind!r}{hint}")
    try:
        action = read(fields)
    except InvalidPlan as error:
        # What the values refuse names its place from the action down.
        raise (error if error.where.startswith(where) else error.inside(where)) from error
    fields.end()
    return action


def _run(fields: _Fields) -> Action:
    return RunAction(
        name=fields.text("name"),
        system=fields.text("system"),
        builder=fields.text("builder"),
        args=fields.texts("args"),
        env=fields.mapping("env", _text),
        inputs=fields.mapping("inputs", _input),
        stage=fields.mapping("stage", _text),
        rootfs=fields.text_or_none("rootfs"),
        cwd=fields.text("cwd"),
        outputs=fields.texts("outputs"),
        timeout_s=fields.integer("timeout_s"),
        requires=_requires(fields),
        strict_references=fields.set_flag("strict_references"),
    )


def _requires(fields: _Fields) -> tuple[str, ...]:
    if not fields.holds("requires"):
        return ()
    found = fields.texts("requires")
    require(len(found) > 0, fields.place("requires"), "it is empty; leave it out")
    return found


def _fetch(fields: _Fields) -> Action:
    return FetchAction(
        name=fields.text("name"),
        urls=fields.texts("urls"),
        size=fields.integer("size"),
        sha256=fields.text("sha256"),
        executable=fields.set_flag("executable"),
    )


def _unpack(fields: _Fields) -> Action:
    return UnpackAction(
        name=fields.text("name"),
        layers=tuple(_layer(value, place) for place, value in fields.items("layers")),
        inputs=fields.mapping("inputs", _input),
        strip=fields.integer("strip"),
        links=fields.mapping("links", _text),
        python=_python(fields) if fields.holds("python") else None,
    )


def _python(fields: _Fields) -> PythonTree:
    inner = _Fields(fields.raw("python"), fields.place("python"))
    interpreter = inner.text("interpreter") if inner.holds("interpreter") else ""
    require(
        interpreter != "" or not inner.holds("interpreter"),
        inner.place("interpreter"),
        "it is empty",
    )
    tree = PythonTree(inner.text("version"), interpreter)
    inner.end()
    return tree


_READERS: Mapping[str, Callable[[_Fields], Action]] = {
    RunAction.kind: _run,
    FetchAction.kind: _fetch,
    UnpackAction.kind: _unpack,
}


def _layer(value: object, where: str) -> Layer:
    fields = _Fields(value, where)
    written = fields.text("format")
    known = [each.value for each in LayerFormat]
    hint = _hint(written, known)
    require(written in known, fields.place("format"), f"unknown format {written!r}{hint}")
    name = fields.text("input")
    strip = fields.integer("strip") if fields.holds("strip") else None
    subdir = fields.text("subdir") if fields.holds("subdir") else ""
    require(subdir != "" or not fields.holds("subdir"), fields.place("subdir"), "it is empty")
    layer = Layer(name, LayerFormat(written), strip, subdir)
    fields.end()
    return layer


def _input(value: object, where: str) -> Input:
    fields = _Fields(value, where)
    if fields.holds("tree"):
        tree, name = fields.text("tree"), fields.text("name")
        fields.end()
        return _placed(lambda: TreeInput(tree, name), where)
    return _output(value, where)


def _output(value: object, where: str) -> ActionInput:
    fields = _Fields(value, where)
    action, output = fields.text("action"), fields.text("output")
    fields.end()
    return _placed(lambda: ActionInput(action, output), where)


def _placed(make: Callable[[], _T], where: str) -> _T:
    try:
        return make()
    except InvalidPlan as error:
        raise error.inside(where) from error


def _names(value: object, where: str) -> tuple[str, ...]:
    fields = _Fields({"names": value}, "")
    try:
        return fields.texts("names")
    except InvalidPlan as error:
        raise InvalidPlan(where, error.why) from error


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidPlan(where, f"expected a string, found {_kind(value)}")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {"dict": "an object", "list": "an array", "str": "a string", "bool": "true or false"}
    return names.get(type(value).__name__, "a number")


def _hint(word: str, known: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415 - only what is wrong needs it

    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _shown(trees: Mapping[str, Sequence[str]]) -> str:
    return json.dumps({tree: list(names) for tree, names in trees.items()})[:400]
