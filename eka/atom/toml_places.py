"""Where each key and value of a TOML text stands; reads valid documents only."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

from eka.checking import TYPE_CHECKING, cast
from eka.lazy import pattern
from eka.values import dataclass, field

if TYPE_CHECKING:
    from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
Range: TypeAlias = tuple[int, int]

# Not possessive: Python before 3.11.4 gets nested possessive repetitions wrong.
_BLANK = pattern(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = pattern(r"[ \t]*")
_KEY = pattern(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = pattern(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}'
    r"|'''[^']*(?:'(?!'')[^']*)*'{3,5}"
    r'|"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = pattern(r"[^,\]}#\n]*[^,\]}#\s]")
_LINE_END = pattern(r"[^\n]*\n?")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text: from a table header (or the start) to the next header."""

    path: KeyPath
    start: int  # of the header
    last: int  # of its last statement, or of the header
    end: int  # of the line after its last statement
    is_array: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A ``key = value`` in a section, or in an inline table."""

    path: KeyPath
    section: KeyPath  # the table the key is written in
    keys: tuple[Range, ...]  # one for each part of the dotted key
    value: Range
    is_inline: bool


@dataclass(slots=True)
class Places:
    """The places of a document."""

    keys: dict[KeyPath, Range] = field(default_factory=dict[KeyPath, Range])
    values: dict[KeyPath, Range] = field(default_factory=dict[KeyPath, Range])
    sections: list[Section] = field(default_factory=list[Section])
    statements: dict[KeyPath, Statement] = field(default_factory=dict[KeyPath, Statement])

    def key(self, path: KeyPath) -> Range:
        """Return the place of the key at ``path``, or of the nearest table around it."""
        return self._nearest(self.keys, path)

    def value(self, path: KeyPath) -> Range:
        """Return the place of the value at ``path``, or of the nearest key around it."""
        return self.values.get(path) or self.key(path)

    def _nearest(self, ranges: dict[KeyPath, Range], path: KeyPath) -> Range:
        while path:
            if found := ranges.get(path):
                return found
            path = path[:-1]
        return (0, 0)


@lru_cache(maxsize=4)
def find_places(text: str) -> Places:
    """Return the places of all keys of ``text``, which tomllib accepts. O(len(text))."""
    return _Walker(text).walk()


class _Walker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.places = Places()
        self.counts: dict[KeyPath, int] = {}

    def walk(self) -> Places:
        path: KeyPath = ()
        start = last = end = 0
        is_array = False
        self._skip(_BLANK)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                self.places.sections.append(Section(path, start, last, end, is_array))
                start = last = self.position
                is_array = self.text.startswith("[[", start)
                path = self._header(is_array=is_array)
                end = self._skip(_LINE_END)
            else:
                last = self.position
                self._statement(path, is_inline=False)
                end = self._skip(_LINE_END)
            self._skip(_BLANK)
        self.places.sections.append(Section(path, start, last, end, is_array))
        return self.places

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.position

    def _header(self, *, is_array: bool) -> KeyPath:
        width = 2 if is_array else 1
        self.position += width
        parts = self._key()
        self.position += width
        path: KeyPath = ()
        for index, (name, place) in enumerate(parts):
            path = (*path, name)
            self.places.keys.setdefault(path, place)
            is_last = index == len(parts) - 1
            if is_array and is_last:
                self.counts[path] = self.counts.get(path, 0) + 1
                self.places.keys[(*path, self.counts[path] - 1)] = place
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _statement(self, table: KeyPath, *, is_inline: bool) -> None:
        parts = self._key()
        path = table
        for name, place in parts:
            path = (*path, name)
            self.places.keys.setdefault(path, place)
        self.position += 1  # the `=` sign
        self._skip(_SPACE)
        start = self.position
        self._value(path)
        value = (start, self.position)
        self.places.values[path] = value
        keys = tuple(place for _, place in parts)
        self.places.statements[path] = Statement(path, table, keys, value, is_inline)

    def _key(self) -> list[tuple[str, Range]]:
        parts: list[tuple[str, Range]] = []
        while True:
            self._skip(_SPACE)
            start = self.position
            raw = self.text[start : self._skip(_KEY)]
            parts.append((_unquoted(raw), (start, self.position)))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.position):
                return parts
            self.position += 1

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.position]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        elif opening in "\"'":
            self._skip(_STRING)
        else:
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.position += 1
        index = 0
        self._skip(_BLANK)
        while self.text[self.position] != "]":
            start = self.position
            self._value((*path, index))
            self.places.values[(*path, index)] = (start, self.position)
            self.places.keys[(*path, index)] = (start, self.position)
            index += 1
            self._skip(_BLANK)
            if self.text[self.position] == ",":
                self.position += 1
                self._skip(_BLANK)
        self.position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.position += 1
        self._skip(_SPACE)
        while self.text[self.position] != "}":
            self._statement(path, is_inline=True)
            self._skip(_SPACE)
            if self.text[self.position] == ",":
                self.position += 1
                self._skip(_SPACE)
        self.position += 1


def _unquoted(raw: str) -> str:
    if raw[0] == "'":
        return raw[1:-1]
    if raw[0] == '"':
        return cast("str", tomllib.loads(f"k = {raw}")["k"])
    return raw
