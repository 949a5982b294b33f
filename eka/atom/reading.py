"""Reading a TOML table key by key, so that all problems of a file come out in one pass."""

from __future__ import annotations

from eka.atom.suggestion import nearest
from eka.checking import TYPE_CHECKING, TypeVar
from eka.errors import EkaError, Span, raise_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from eka.atom.toml import TomlDocument, TomlValue
    from eka.atom.toml_places import KeyPath

Value = TypeVar("Value")
MAX_PROBLEMS = 200
"""More are not collected: only a hostile file has as many."""
_SHOWN_CHARACTERS = 80


class UnknownKey(EkaError):
    """A key that no format describes at this place."""

    code = "unknown-key"

    def __init__(self, key: str, where: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        suggestion = nearest(key, choices)
        listed = ", ".join(f"`{choice}`" for choice in choices) or "no keys"
        super().__init__(
            what=f"unknown key `{key[:_SHOWN_CHARACTERS]}`",
            where=where,
            why=f"this table knows {listed}",
            fix=f"did you mean `{suggestion}`?" if suggestion else "remove it",
        )
        self.key, self.suggestion = key, suggestion


class MissingKey(EkaError):
    """A key that must be there is not."""

    code = "missing-key"

    def __init__(self, key: str, where: str, example: str) -> None:
        super().__init__(
            what=f"the key `{key}` is missing", where=where, fix=f"add for example `{example}`"
        )
        self.key = key


class WrongType(EkaError):
    """A value of another type than the key takes."""

    code = "wrong-type"

    def __init__(self, key: str, where: str, *, expected: str, found: str, fix: str = "") -> None:
        super().__init__(
            what=f"`{key}` has a value of the wrong type",
            where=where,
            why=f"expected {expected}, found {found}",
            fix=fix or f"write {expected}",
        )
        self.key, self.expected, self.found = key, expected, found


class InvalidValue(EkaError):
    """A value of the right type that the key does not take."""

    code = "invalid-value"

    def __init__(self, key: str, where: str, why: str, fix: str) -> None:
        super().__init__(what=f"`{key}` has an invalid value", where=where, why=why, fix=fix)
        self.key = key


class Reader:
    """One document being read, and the problems found in it so far."""

    def __init__(self, document: TomlDocument) -> None:
        self.document = document
        self.problems: list[EkaError] = []

    @property
    def root(self) -> Table:
        """The top-level table."""
        return Table(self, (), self.document.data)

    @property
    def is_full(self) -> bool:
        """Whether further problems need not be looked for."""
        return len(self.problems) >= MAX_PROBLEMS

    def add(self, error: EkaError, *path: str | int, at_value: bool = False) -> None:
        """Record a problem of the key at ``path``."""
        if not self.is_full:
            span = self.document.value_span(*path) if at_value else self.document.span(*path)
            self.problems.append(error.at(span))

    def place(self, *path: str | int) -> str:
        """Return ``file:line:column`` of the key at ``path``."""
        return place_of(self.document.span(*path))

    def finish(self, what: str) -> None:
        """Raise what was found, if anything was."""
        self.problems.sort(key=_position)
        raise_problems(self.problems, what=what)


class Table:
    """One table of a document; reading a key makes it known."""

    def __init__(self, reader: Reader, path: KeyPath, data: Mapping[str, TomlValue]) -> None:
        self.reader = reader
        self.path = path
        self.data = data
        self._known: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether the key is there; makes it known."""
        self._known.add(key)
        return key in self.data

    def get(self, key: str) -> TomlValue | None:
        """Return the value of a key as TOML has it, or None."""
        self._known.add(key)
        return self.data.get(key)

    def text(self, key: str) -> str | None:
        """Return the string at ``key``; None where it is absent or was reported."""
        value = self.get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong_type(key, "a string")
        return None

    def flag(self, key: str) -> bool | None:
        """Return the boolean at ``key``; None where it is absent or was reported."""
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.wrong_type(key, "true or false")
        return None

    def number(self, key: str) -> int | None:
        """Return the integer at ``key``; None where it is absent or was reported."""
        value = self.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.wrong_type(key, "an integer")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of the array at ``key``; what is no string is reported."""
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong_type(key, "an array of strings")
            return ()
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self.wrong_type(key, "a string", index)
        return tuple(item for item in value if isinstance(item, str))

    def distinct(self, key: str, items: Sequence[Hashable], *, is_array: bool = True) -> None:
        """Record the items of the array at ``key`` that stand in it before."""
        seen: set[Hashable] = set()
        for index, item in enumerate(items):
            if item is not None and item in seen:
                place = (index,) if is_array else ()
                self.invalid(key, "this stands in it twice", "remove one of them", *place)
            seen.add(item)

    def table(self, key: str) -> Table | None:
        """Return the table at ``key``; None where it is absent or was reported."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(self.reader, (*self.path, key), value)
        self.wrong_type(key, "a table")
        return None

    def tables(self) -> Iterable[tuple[str, Table]]:
        """Yield all keys with their tables; what is no table is reported."""
        for key in self.data:
            if (table := self.table(key)) is not None:
                yield key, table

    def build(self, key: str, make: Callable[[str], Value], text: str | None) -> Value | None:
        """Return ``make(text)``; its error is recorded at the value of ``key``."""
        if text is None:
            return None
        try:
            return make(text)
        except EkaError as error:
            self.add(error, key)
            return None

    def required(self, key: str, make: Callable[[str], Value], example: str) -> Value | None:
        """Return the value of a string that must be there; None where that was reported."""
        if not self.has(key):
            self.missing(key, example)
        return self.build(key, make, self.text(key))

    def missing(self, key: str, example: str) -> None:
        """Record that ``key`` is not there."""
        where = self.reader.place(*self.path)
        self.reader.add(MissingKey(self.dotted(key), where, example), *self.path)

    def add(self, error: EkaError, key: str, *more: str | int) -> None:
        """Record a problem of the value of ``key``."""
        self.reader.add(error, *self.path, key, *more, at_value=True)

    def invalid(self, key: str, why: str, fix: str, *more: str | int) -> None:
        """Record that the value of ``key`` is not one it takes."""
        where = place_of(self.reader.document.value_span(*self.path, key, *more))
        self.add(InvalidValue(self.dotted(key), where, why, fix), key, *more)

    def wrong_type(self, key: str, expected: str, *more: str | int, fix: str = "") -> None:
        """Record that the value of ``key`` has another type than ``expected``."""
        value: TomlValue | None = self.data.get(key)
        for step in more:
            value = value[step] if isinstance(value, list) and isinstance(step, int) else value
        where = place_of(self.reader.document.value_span(*self.path, key, *more))
        name = self.dotted(key)
        error = WrongType(name, where, expected=expected, found=type_name(value), fix=fix)
        self.add(error, key, *more)

    def dotted(self, key: str) -> str:
        """Return the whole key as it could be written in the file."""
        return ".".join(str(part) for part in (*self.path, key))

    def finish(self) -> None:
        """Record every key that was never asked for."""
        for key in self.data:
            if key not in self._known and not self.reader.is_full:
                where = self.reader.place(*self.path, key)
                self.reader.add(UnknownKey(key, where, self._known), *self.path, key)


def place_of(span: Span) -> str:
    """Return a span as ``file:line:column``."""
    return f"{span.file}:{span.line}:{span.column}"


def type_name(value: TomlValue | None) -> str:
    """Return what TOML calls the type of ``value``."""
    names: list[tuple[type, str]] = [
        (str, "a string"),
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (list, "an array"),
        (dict, "a table"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def _position(error: EkaError) -> tuple[int, int]:
    return (error.span.line, error.span.column) if error.span else (0, 0)
