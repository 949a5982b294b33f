"""TOML from strangers: the standard library's reader behind caps, and where each key stands."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from functools import lru_cache

from eka.atom.toml_places import find_places
from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError, Span
from eka.lazy import pattern
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime, time
    from typing import TypeAlias

    from eka.atom.toml_places import KeyPath

TomlValue: TypeAlias = (
    "str | int | float | bool | datetime | date | time | list[TomlValue] | dict[str, TomlValue]"
)

MAX_MANIFEST_BYTES = 256 * 1024
MAX_LOCK_BYTES = 64 * 1024 * 1024
# tomllib needs quadratic time and space for `a.b.c…`: 20 000 parts cost 4.5 s and 1.5 GB.
MAX_KEY_PARTS = 32
MAX_NESTING = 32
_MAX_INTEGER = 2**63 - 1
_MAX_LINE_CHARACTERS = 4096  # of a span: a hostile file is one line with thousands of problems
_LONG_NUMBER = pattern(r"[0-9][0-9_]{4299,}")
_BOM = b"\xef\xbb\xbf"
_AT = pattern(r"(.*?)(?: \(at (?:line (\d+), column (\d+)|end of document)\))?", re.DOTALL)
# Strings and comments whole, so that what they hold is not counted. A string that nobody closes
# takes its line, or all that is left: no reader goes beyond it, and to look for its end anew from
# each quotation mark in it would take quadratic time.
TOKEN = pattern(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}'
    r"|'''[^']*(?:'(?!'')[^']*)*'{3,5}"
    r"|(?:\"\"\"|''').*"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\n]*'"
    r"|[\"'][^\n]*"
    r"|#[^\n]*"
    r"|[^\"'#\[\]{}\n,=.]+"
    r"|.|\n",
    re.DOTALL,
)


class InvalidToml(EkaError):
    """A file that is not TOML 1.0, or goes beyond what a file of its kind needs."""

    code = "invalid-toml"

    def __init__(self, file: str, why: str, *, fix: str = "", span: Span | None = None) -> None:
        where = file if span is None else f"{file}:{span.line}:{span.column}"
        super().__init__(
            what="this file is not valid TOML",
            where=where,
            why=why,
            fix=fix or "correct the line; https://toml.io/en/v1.0.0 describes the format",
            span=span,
        )
        self.file = file


@dataclass(frozen=True)
class TomlDocument:
    """A file read: its data, and the places of its keys."""

    file: str
    text: str = field(repr=False)
    data: Mapping[str, TomlValue] = field(repr=False)

    def span(self, *path: str | int) -> Span:
        """Return where the key at ``path`` stands; a missing one is looked for at its table."""
        start, end = find_places(self.text).key(path)
        return span_at(self.file, self.text, start, end)

    def value_span(self, *path: str | int) -> Span:
        """Return where the value of the key at ``path`` stands."""
        start, end = find_places(self.text).value(path)
        return span_at(self.file, self.text, start, end)


def read_toml(data: bytes, file: str, *, max_bytes: int = MAX_MANIFEST_BYTES) -> TomlDocument:
    """Return the TOML document in ``data``.

    Args:
        data: The bytes of the file, from anywhere.
        file: Its name, for messages.
        max_bytes: A larger file is refused unread.

    Raises:
        InvalidToml: it is too large, too deep, not UTF-8, or not TOML 1.0.
    """
    text = _decoded(data, file, max_bytes)
    _check_depth(text, file)
    try:
        parsed = cast("dict[str, TomlValue]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, file, str(error)) from error
    except ValueError as error:
        # Python refuses to convert more than 4300 decimal digits, which nobody needs.
        start = next((match.start() for match in _LONG_NUMBER.finditer(text)), 0)
        why = "an integer does not fit into 64 bits"
        raise InvalidToml(file, why, span=span_at(file, text, start, start + 1)) from error
    document = TomlDocument(file, text, parsed)
    _check_integers(document)
    return document


def span_at(file: str, text: str, start: int, end: int) -> Span:
    """Return the span of ``text[start:end]``, cut off at the end of its first line."""
    starts = _line_starts(text)
    number = bisect_right(starts, start)
    line_start = starts[number - 1]
    line_end = starts[number] - 1 if number < len(starts) else len(text)
    length = max(1, min(end, line_end) - start)
    line = text[line_start : min(line_end, line_start + _MAX_LINE_CHARACTERS)].rstrip("\r")
    return Span(file, number, start - line_start + 1, length, line)


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _decoded(data: bytes, file: str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise InvalidToml(file, f"it has {len(data)} bytes, more than {max_bytes}")
    if data.startswith(_BOM):
        why = "it starts with a byte order mark"
        raise InvalidToml(file, why, fix="save it as UTF-8 without a byte order mark")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        span = span_at(file, before + "\ufffd", len(before), len(before) + 1)
        why = f"byte {data[error.start]:#04x} is not UTF-8"
        raise InvalidToml(file, why, fix="save it as UTF-8", span=span) from error


def _check_depth(text: str, file: str) -> None:
    nesting = parts = 0
    for match in TOKEN.finditer(text):
        mark = match[0]
        if mark == ".":
            parts += 1
            if parts >= MAX_KEY_PARTS:
                _too_deep(text, file, match.start(), f"a key has over {MAX_KEY_PARTS} parts")
        elif mark in "[{":
            nesting, parts = nesting + 1, 0
            if nesting > MAX_NESTING:
                _too_deep(text, file, match.start(), f"it nests deeper than {MAX_NESTING}")
        elif mark in "]}":
            nesting, parts = max(0, nesting - 1), 0
        elif mark in "\n,=":
            parts = 0


def _too_deep(text: str, file: str, offset: int, why: str) -> None:
    raise InvalidToml(file, why, span=span_at(file, text, offset, offset + 1))


def _syntax_error(text: str, file: str, message: str) -> InvalidToml:
    match = _AT.fullmatch(message)
    why, line, column = match.groups() if match else (message, None, None)
    # tomllib counts after it turned CRLF into LF: lines and columns are the same.
    lines = text.split("\n")
    number = int(line or len(lines))
    shown = lines[number - 1].rstrip("\r")
    return InvalidToml(file, why, span=Span(file, number, int(column or len(shown) + 1), 1, shown))


def _check_integers(document: TomlDocument) -> None:
    # Longer ones are legal for Python alone; printing them can raise.
    pending: list[tuple[KeyPath, TomlValue]] = [((), dict(document.data))]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            pending.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend(((*path, index), inner) for index, inner in enumerate(value))
        elif isinstance(value, int) and not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            why = "an integer does not fit into 64 bits"
            raise InvalidToml(document.file, why, span=document.value_span(*path))
