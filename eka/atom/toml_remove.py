"""Takes keys and emptied tables out of a TOML text; what stays keeps every byte.

A comment on the line of a key goes with it. One on a line of its own stays: nobody can tell
whether it speaks of that key, or of all that follows.
"""

from __future__ import annotations

import re
from itertools import pairwise

from eka.atom.toml_edit import EditFailed, canonical, data_of, value_at
from eka.atom.toml_places import find_places
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.atom.toml import TomlValue
    from eka.atom.toml_edit import Keys
    from eka.atom.toml_places import Places, Range, Statement

_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)+")
_COMMENT = re.compile(r"^[ \t]*#", re.MULTILINE)
_LAST_COMMENTS = re.compile(r"(?:^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)


def remove_key(text: str, keys: Keys) -> str:
    """Return ``text`` without the key at ``keys``, whatever its value.

    Args:
        text: A TOML document that tomllib accepts.
        keys: Path of the key. A table without a header of its own goes with its last key.

    Raises:
        EditFailed: there is no such key, or the result would differ in more than that.
    """
    wanted = data_of(text)
    if not _delete(wanted, keys):
        raise EditFailed(keys, "there is no such key")
    edited = text
    while value_at(edited, keys) is not None:
        edited = _without(edited, *_last_place(edited, find_places(edited), keys))
    is_right = canonical(_pruned(data_of(edited))) == canonical(_pruned(wanted))
    if not is_right:  # pragma: no cover - checked, for a wrong edit loses what people wrote
        raise EditFailed(keys, "the result would not say what was asked for")
    return edited


def remove_emptied(text: str, keys: Keys) -> str:
    """Return ``text`` without the table at ``keys``, if that is empty and no comment is in it."""
    if value_at(text, keys) != {} or has_comment(text, keys):
        return text
    return remove_key(text, keys)


def has_comment(text: str, keys: Keys) -> bool:
    """Whether a comment stands below the header of the table at ``keys``.

    One right above the next header speaks of that.
    """
    for section, after in pairwise([*find_places(text).sections[1:], None]):
        if section is None or section.path != keys:
            continue
        rest = text[section.start : after.start if after else len(text)]
        if _COMMENT.search(_LAST_COMMENTS.sub("", rest) if after else rest):
            return True
    return False


def _last_place(text: str, places: Places, keys: Keys) -> Range:
    """Return the last part of the text that says something at or below ``keys``."""
    depth = len(keys)
    found = [(each.start, each.end) for each in places.sections[1:] if each.path[:depth] == keys]
    for each in places.statements.values():
        if each.path[:depth] == keys and each.section[:depth] != keys:
            find = _inline_range if each.is_inline else _lines
            found.append(find(text, places, each))
    return max(found)


def _lines(text: str, places: Places, statement: Statement) -> Range:
    del places
    start = text.rfind("\n", 0, statement.keys[0][0]) + 1
    end = text.find("\n", statement.value[1])
    return start, len(text) if end < 0 else end + 1


def _inline_range(text: str, places: Places, statement: Statement) -> Range:
    """Return a key of an inline table, with the comma and the space that go with it."""
    table = [
        each
        for each in places.statements.values()
        if each.is_inline and each.section == statement.section
    ]
    table.sort(key=lambda each: each.keys[0][0])
    at = table.index(statement)
    start, end = statement.keys[0][0], statement.value[1]
    if at + 1 < len(table):
        return start, table[at + 1].keys[0][0]
    if at:
        return table[at - 1].value[1], end
    return text.rindex("{", 0, start) + 1, text.index("}", end)


def _without(text: str, start: int, end: int) -> str:
    """Return ``text`` without a range; blank lines that would meet become those before it."""
    before, after = text[:start], text[end:]
    if before.endswith("\n") or not before:
        if not after.strip():
            return _trimmed(before)
        if not before[before.rfind("\n", 0, max(len(before) - 1, 0)) + 1 :].strip():
            blank = _BLANK_LINES.match(after)
            after = after[blank.end() :] if blank else after
    return before + after


def _trimmed(before: str) -> str:
    """Return a text without the blank lines at its end."""
    kept = before.rstrip()
    return before[: before.find("\n", len(kept)) + 1] if kept else ""


def _delete(data: dict[str, TomlValue], keys: Keys) -> bool:
    """Delete a key; False if there is none."""
    table: TomlValue | None = data
    for key in keys[:-1]:
        table = table.get(key) if isinstance(table, dict) else None
    return isinstance(table, dict) and table.pop(keys[-1], None) is not None


def _pruned(data: dict[str, TomlValue]) -> dict[str, TomlValue]:
    """Return tables without the empty ones among them."""
    full = {key: _pruned(each) if isinstance(each, dict) else each for key, each in data.items()}
    return {key: each for key, each in full.items() if each != {}}
