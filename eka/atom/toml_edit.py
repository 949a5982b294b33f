"""Edits a TOML text in place: what is not edited keeps every byte.

Insertion goes by the places of existing keys instead of through a document tree, so that comments,
order, quoting and line ends stay; see docs/adr for why no library does this here.
"""

from __future__ import annotations

import json
import re
import tomllib
from copy import deepcopy

from eka.atom.toml_places import find_places
from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.toml import TomlValue
    from eka.atom.toml_places import Places, Range, Section, Statement

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f"}
_SHORT_ESCAPES["\r"] = "\\r"
_LONG_QUOTE = 3  # letters, of a string that may have several lines
_INDENT = re.compile(r"[ \t]*")
_COMMA = re.compile(r"[ \t]*,")
_BLANK_LINE = re.compile(r"[ \t]*(?:\r?\n|$)")

Keys = tuple[str, ...]


class EditFailed(EkaError):
    """A file is written in a way that cannot be edited without rewriting it."""

    code = "edit-failed"

    def __init__(self, keys: Keys, why: str) -> None:
        super().__init__(
            what=f"`{'.'.join(keys)}` cannot be edited",
            why=why,
            fix="edit the file by hand; nothing was written",
        )
        self.keys = keys


def set_value(text: str, keys: Keys, value: TomlValue) -> str:
    """Return ``text`` with the key at ``keys`` set to ``value``; only its own lines change.

    Args:
        text: A TOML document that tomllib accepts.
        keys: Path of the key; missing tables are added beside those they belong to.
        value: The new value; tables are written inline.

    Raises:
        EditFailed: the result would not say exactly that.
    """
    old = data_of(text)
    current = _lookup(old, keys)
    if current is not None and canonical(current) == canonical(value):
        return text
    places = find_places(text)
    statement = places.statements.get(keys)
    if statement is not None:
        edited = _replaced(text, statement.value, render_value(value))
    elif current is not None:
        raise EditFailed(keys, "it is a table of its own, not a value")
    else:
        edited = _inserted(text, places, keys, render_value(value))
    return _checked(edited, keys, old, value)


def set_string(text: str, keys: Keys, value: str) -> str:
    """Return ``text`` with the string at ``keys`` changed to ``value``, its quotes kept.

    Raises:
        EditFailed: there is no string, or the result would not say exactly that.
    """
    old = data_of(text)
    if not isinstance(_lookup(old, keys), str):
        raise EditFailed(keys, "it is not a string")
    statement = find_places(text).statements.get(keys)
    if statement is None or _ESCAPED.search(value) or "'" in value:
        return set_value(text, keys, value)
    start, end = statement.value
    quote = text[start]
    width = _LONG_QUOTE if text[start:end].startswith(quote * _LONG_QUOTE) else 1
    edited = _replaced(text, (start + width, end - width), value)
    return _checked(edited, keys, old, value)


def append_value(text: str, keys: Keys, item: str) -> str:
    """Return ``text`` with ``item`` at the end of the array at ``keys``.

    A string becomes an array of two, a missing key an array of one, and an item that is there
    already changes nothing.

    Raises:
        EditFailed: the key has another type, or the result would not say exactly that.
    """
    old = data_of(text)
    current = _lookup(old, keys)
    statement = find_places(text).statements.get(keys)
    if current is None:
        return set_value(text, keys, [item])
    if current == item or (isinstance(current, list) and item in current):
        return text
    if statement is None or not isinstance(current, str | list):
        raise EditFailed(keys, "it is neither a string nor an array")
    start, end = statement.value
    quoted = render_value(item)
    if isinstance(current, str):
        edited = _replaced(text, (start, end), f"[{text[start:end]}, {quoted}]")
        return _checked(edited, keys, old, [current, item])
    last = find_places(text).values.get((*keys, len(current) - 1))
    if last is None:
        edited = _replaced(text, (end - 1, end), f"{quoted}]")
    else:
        edited = _appended(text, last, end - 1, quoted)
    return _checked(edited, keys, old, [*current, item])


def value_at(text: str, keys: Keys) -> TomlValue | None:
    """Return the value of the key at ``keys``, or None."""
    return _lookup(data_of(text), keys)


def render_value(value: TomlValue) -> str:
    """Return ``value`` as TOML on one line."""
    if isinstance(value, str):
        return f'"{_ESCAPED.sub(_escape, value)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(render_value(item) for item in value)}]"
    if isinstance(value, dict):
        items = [f"{render_key((key,))} = {render_value(item)}" for key, item in value.items()]
        return f"{{ {', '.join(items)} }}" if items else "{}"
    return str(value)  # numbers, dates and times are written as Python writes them


def render_key(keys: Keys) -> str:
    """Return a dotted key; parts that are not bare are quoted."""
    return ".".join(key if _BARE_KEY.fullmatch(key) else render_value(key) for key in keys)


def _escape(match: re.Match[str]) -> str:
    return _SHORT_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}"


def data_of(text: str) -> dict[str, TomlValue]:
    """Return what a text that tomllib accepts says."""
    return cast("dict[str, TomlValue]", tomllib.loads(text))


def _lookup(data: Mapping[str, TomlValue], keys: Keys) -> TomlValue | None:
    value: TomlValue | None = dict(data)
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _checked(edited: str, keys: Keys, old: dict[str, TomlValue], value: TomlValue) -> str:
    """Return ``edited`` if it differs from ``old`` by exactly this value."""
    wanted = deepcopy(old)
    table = wanted
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            raise EditFailed(keys, f"`{key}` is not a table")
        table = inner
    table[keys[-1]] = value
    if _shape(edited) != canonical(wanted):
        raise EditFailed(keys, "the result would not say what was asked for")
    return edited


def _shape(text: str) -> str | None:
    try:
        return canonical(data_of(text))
    except ValueError:
        return None


def canonical(data: TomlValue) -> str:
    """Return a text that two values share only if they are the same."""
    # Unlike ==, this tells 1 from true and finds nan equal to itself.
    return json.dumps(data, sort_keys=True, default=repr)


def _replaced(text: str, place: Range, new: str) -> str:
    return text[: place[0]] + new + text[place[1] :]


def _inserted(text: str, places: Places, keys: Keys, value: str) -> str:
    """Return ``text`` with a new key where a person would have put it."""
    table = keys[:-1]
    for length in range(len(table), 0, -1):
        prefix = keys[:length]
        statement = places.statements.get(prefix)
        if statement is not None:
            line = f"{render_key(keys[length:])} = {value}"
            return _into_inline_table(text, places, statement, line)
        section = _section(places, prefix)
        if section is not None and length == len(table):
            return _after_section(text, section, f"{render_key(keys[-1:])} = {value}")
        if beside := _dotted(places, prefix):
            line = f"{render_key(keys[len(beside.section) :])} = {value}"
            return _after_line(text, beside, line)
    return _new_section(text, places, table, f"{render_key(keys[-1:])} = {value}")


def _section(places: Places, path: Keys) -> Section | None:
    for section in places.sections[1:]:
        if section.path == path and not section.is_array:
            return section
    return None


def _dotted(places: Places, path: Keys) -> Statement | None:
    """Return the last statement whose dotted key goes through the table ``path``."""
    found = None
    for statement in places.statements.values():
        through = statement.path[: len(path)] == path and len(statement.path) > len(path)
        if through and len(statement.section) < len(path) and not statement.is_inline:
            found = statement
    return found


def _into_inline_table(text: str, places: Places, statement: Statement, line: str) -> str:
    start, end = statement.value
    if text[start] != "{":
        return text  # not a table: the check that follows says so
    inner = [each for each in places.statements.values() if each.section == statement.path]
    if not inner:
        return _replaced(text, (start, end), f"{{ {line} }}")
    last = max(each.value[1] for each in inner)
    return _replaced(text, (last, last), f", {line}")


def _after_section(text: str, section: Section, line: str) -> str:
    return _with_line(text, section.end, _indent_at(text, section.last), line)


def _after_line(text: str, statement: Statement, line: str) -> str:
    end = text.find("\n", statement.value[1])
    position = len(text) if end < 0 else end + 1
    return _with_line(text, position, _indent_at(text, statement.keys[0][0]), line)


def _new_section(text: str, places: Places, path: Keys, line: str) -> str:
    position = _place_of_new_section(places, path) or len(text)
    newline = _newline(text)
    before = text[:position]
    block = "" if not before or before.endswith("\n") else newline
    if before.strip():
        block += newline
    block += f"[{render_key(path)}]{newline}{line}{newline}"
    if not _BLANK_LINE.match(text, position):
        block += newline
    return before + block + text[position:]


def _place_of_new_section(places: Places, path: Keys) -> int:
    """Return the end of the last section that shares the longest start of ``path``."""
    for length in range(len(path), 0, -1):
        related = [each for each in places.sections if each.path[:length] == path[:length]]
        if related:
            return related[-1].end
    named = {section.path[:1]: section.end for section in places.sections}
    for name in (("deps",), ("package",)):
        if name in named:
            return named[name]
    return places.sections[-1].end


def _with_line(text: str, position: int, indent: str, line: str) -> str:
    newline = _newline(text)
    before = text[:position]
    if before and not before.endswith("\n"):
        before += newline
    return f"{before}{indent}{line}{newline}{text[position:]}"


def _indent_at(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    match = _INDENT.match(text, start)
    return match[0] if match else ""


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _appended(text: str, last: Range, closing: int, quoted: str) -> str:
    """Return ``text`` with an element after ``last`` of the array that ends at ``closing``."""
    line_end = text.find("\n", last[1], closing) + 1
    shares_its_line = text[: last[0]].rpartition("\n")[2].strip()
    if line_end == 0 or shares_its_line:
        return _replaced(text, (last[1], last[1]), f", {quoted}")
    comma = "" if _COMMA.match(text, last[1]) else ","
    line = f"{_indent_at(text, last[0])}{quoted},{_newline(text)}"
    return f"{text[: last[1]]}{comma}{text[last[1] : line_end]}{line}{text[line_end:]}"
