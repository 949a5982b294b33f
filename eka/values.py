"""Dataclasses that cost little to declare, for what every command loads.

The standard decorator compiles up to ten methods for each class, about half a millisecond, and
loads ``inspect`` to do so; a command that declares forty values before it starts to work would
spend half of its time on that. Here the methods are shared, and a class gets a constructor of its
own only when it is used more than a few times. Type checkers see the standard decorator;
``dataclasses.replace`` and ``dataclasses.fields`` see no difference.

Supported is what eka uses: ``frozen``, ``slots``, ``order``, ``kw_only`` and ``repr``; fields with
``default``, ``default_factory``, ``init``, ``repr`` and ``compare``; no inherited fields.

Source: docs/adr/0015-values-cheap-to-declare.md, with measurements.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False  # as typing's, without loading it: this is the bottom of every command
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field
    from typing import Any

_MISSING = object()
_FEW = 16  # instances for which compiling a constructor takes longer than doing without
_OF_THE_OLD_CLASS = frozenset({"__dict__", "__weakref__"})
# A keyword of the decorator; what it leaves out is False, but `repr`.
_OPTIONS = frozenset({"frozen", "slots", "order", "kw_only", "repr"})
_STARTS = frozenset({"default", "default_factory"})
_FIELD_OPTIONS = _STARTS | {"init", "repr", "compare"}


class _Field:
    """How one field of a value behaves."""

    __slots__ = ("name", "options", "type")

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - a default may be anything
        if not options.keys() <= _FIELD_OPTIONS:
            raise TypeError(f"unknown options of a field: {', '.join(options)}")
        if not options.get("init", True) and not options.keys().isdisjoint(_STARTS):
            raise TypeError("a default that no constructor would set")
        self.options: dict[str, Any] = options
        self.name = self.type = ""

    def has(self, option: str) -> bool:
        return bool(self.options.get(option, True))


def _dataclass(found: type | None = None, **options: bool) -> object:
    """Make a class a value; as ``dataclasses.dataclass``."""
    if not options.keys() <= _OPTIONS:
        raise TypeError(f"unknown options of a value: {', '.join(options)}")

    def made(cls: type) -> type:
        return _made(cls, options)

    return made if found is None else made(found)


def _made(cls: type, options: dict[str, bool]) -> type:
    """Return the class anew, with the methods of a value."""
    body = dict(vars(cls))
    fields = _fields(cls, body)
    names = tuple(each.name for each in fields)
    key = attrgetter(*(each.name for each in fields if each.has("compare")))
    body.setdefault("__eq__", _equality(key))
    matched = [] if options.get("kw_only") else [e.name for e in fields if e.has("init")]
    body.setdefault("__match_args__", tuple(matched))
    if options.get("repr", True):
        body.setdefault("__repr__", _representation([e.name for e in fields if e.has("repr")]))
    if options.get("order"):
        body.update(_orders(key))
    if options.get("frozen"):
        body.update(__setattr__=_refuse_set, __delattr__=_refuse_delete)
    if body.get("__hash__") is None:  # what Python writes into a class that defines `__eq__`
        body["__hash__"] = _hashing(key) if options.get("frozen") else None
    if options.get("slots"):
        body.update(__slots__=names, __getstate__=_state(names), __setstate__=_restore(names))
    body = {name: value for name, value in body.items() if name not in _OF_THE_OLD_CLASS}
    body["__dataclass_fields__"] = _StandardFields(fields, options)
    body["__init__"] = _first_constructor(fields, options)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _fields(cls: type, body: dict[str, object]) -> list[_Field]:
    """Return the fields of a class; their defaults are taken out of its ``body``."""
    if any("__dataclass_fields__" in vars(base) for base in cls.__mro__[1:]):
        raise TypeError(f"{cls.__name__} would inherit fields")
    found: list[_Field] = []
    annotations: dict[str, str] = vars(cls).get("__annotations__", {})
    for name, kind in annotations.items():
        if kind.startswith("ClassVar["):
            continue
        given = body.pop(name, _MISSING)
        if not isinstance(given, _Field):
            given = _Field() if given is _MISSING else _Field(default=given)
        given.name, given.type = name, kind
        found.append(given)
    return found


def _first_constructor(fields: list[_Field], options: dict[str, bool]) -> object:
    """Return a constructor that makes a few instances, then compiles the real one in its place."""
    filled = [each for each in fields if each.has("init")]
    most = 0 if options.get("kw_only") else len(filled)
    made = 0

    def first(self: object, *args: object, **named: object) -> None:
        nonlocal made
        made += 1
        if made <= _FEW and len(args) <= most and _is_filled(self, filled, args, named):
            return
        owner = next(each for each in type(self).__mro__ if vars(each).get("__init__") is first)
        real = _constructor(owner, fields, options)
        type.__setattr__(owner, "__init__", real)
        real(self, *args, **named)

    return first


def _is_filled(
    self: object, fields: list[_Field], args: tuple[object, ...], named: dict[str, object]
) -> bool:
    """Make ``self`` a value; False when the arguments do not fit, which the real one explains."""
    left = len(args) + len(named)
    for at, each in enumerate(fields):
        if at < len(args):
            value = args[at]
            left -= 1
        elif each.name in named:
            value = named[each.name]
            left -= 1
        elif "default" in each.options:
            value = each.options["default"]
        elif "default_factory" in each.options:
            value = each.options["default_factory"]()
        else:
            return False
        object.__setattr__(self, each.name, value)
    if left:
        return False
    if (check := getattr(self, "__post_init__", None)) is not None:
        check()
    return True


def _constructor(
    owner: type, fields: list[_Field], options: dict[str, bool]
) -> Callable[..., object]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_missing": _MISSING}
    head, lines = ["self", "*"] if options.get("kw_only") else ["self"], list[str]()
    for at, each in enumerate(fields):
        if not each.has("init"):
            continue
        parameter = value = each.name
        if "default_factory" in each.options:
            known[f"_new{at}"] = each.options["default_factory"]
            parameter = f"{each.name}=_missing"
            value = f"_new{at}() if {each.name} is _missing else {each.name}"
        elif "default" in each.options:
            known[f"_default{at}"] = each.options["default"]
            parameter = f"{each.name}=_default{at}"
        head.append(parameter)
        lines.append(f" _set(self, {each.name!r}, {value})")
    if hasattr(owner, "__post_init__"):
        lines.append(" self.__post_init__()")
    text = f"def __init__({', '.join(head)}):\n" + "\n".join(lines or [" pass"])
    exec(text, known)  # noqa: S102 - names of fields, nothing from outside
    made: Callable[..., object] = known["__init__"]
    return made


def _equality(key: Callable[[object], object]) -> object:
    def equals(self: object, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return equals


def _hashing(key: Callable[[object], object]) -> object:
    def hashed(self: object) -> int:
        return hash(key(self))

    return hashed


def _orders(key: Callable[[object], tuple[str, ...]]) -> dict[str, object]:
    def is_before(self: object, other: object) -> bool:
        return key(self) < key(other) if other.__class__ is self.__class__ else NotImplemented

    def is_not_after(self: object, other: object) -> bool:
        return key(self) <= key(other) if other.__class__ is self.__class__ else NotImplemented

    def is_after(self: object, other: object) -> bool:
        return key(self) > key(other) if other.__class__ is self.__class__ else NotImplemented

    def is_not_before(self: object, other: object) -> bool:
        return key(self) >= key(other) if other.__class__ is self.__class__ else NotImplemented

    return {
        "__lt__": is_before,
        "__le__": is_not_after,
        "__gt__": is_after,
        "__ge__": is_not_before,
    }


def _representation(names: list[str]) -> object:
    def shown_as(self: object) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return shown_as


def _state(names: tuple[str, ...]) -> object:
    def state_of(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    return state_of


def _restore(names: tuple[str, ...]) -> object:
    def restore(self: object, state: list[object]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return restore


def _refuse_set(_: object, name: str, __: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - only after a mistake

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    _refuse_set(self, name, None)


class _StandardFields:
    """What the standard library knows a dataclass by; made when it asks."""

    def __init__(self, fields: list[_Field], options: dict[str, bool]) -> None:
        self._fields = fields
        self._is_kw_only = options.get("kw_only", False)
        self._found: object = None

    def __get__(self, instance: object, owner: type) -> object:
        if self._found is None:
            import dataclasses  # noqa: PLC0415 - few ask

            rows: list[tuple[str, str, Any]] = [
                (each.name, each.type, dataclasses.field(**each.options)) for each in self._fields
            ]
            made = dataclasses.make_dataclass(owner.__name__, rows, kw_only=self._is_kw_only)
            self._found = vars(made)["__dataclass_fields__"]
        return self._found


if not TYPE_CHECKING:
    dataclass = _dataclass
    field = _Field

__all__ = ["dataclass", "field"]
