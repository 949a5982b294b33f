"""What differs between two manifests, key by key, dependencies as such; pure.

Manifests are compared as the TOML they are, so any format, and any key, is seen.

Source: atom-spec/queries.md [diff-manifest].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from eka.atom import TomlValue

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain]"

# table -> whether its dependencies are for development alone
DEPENDENCIES: Mapping[tuple[str, ...], bool] = {
    ("deps", "from"): False,
    ("deps", "dev", "from"): True,
}
_DEPTH_BELOW = 2  # set and label stand below such a table


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A key that differs; None where it is missing."""

    key: tuple[str, ...]
    old: Plain | None
    new: Plain | None


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """A dependency that differs; the requirement is None where there is no such dependency."""

    set_name: str
    label: str
    is_dev: bool
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class ManifestChanges:
    """All that differs, ordered by key."""

    fields: tuple[FieldChange, ...] = ()
    dependencies: tuple[DependencyChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.dependencies)


def manifest_changes(
    old: Mapping[str, TomlValue], new: Mapping[str, TomlValue]
) -> ManifestChanges:
    """Return what differs between two manifests, given as read from TOML."""
    before, after = dict(_leaves(old, ())), dict(_leaves(new, ()))
    before, after = _without_emptied(before, after), _without_emptied(after, before)
    every = before.keys() | after.keys()
    keys = sorted(
        key for key in every if _canonical(before.get(key)) != _canonical(after.get(key))
    )
    fields: list[FieldChange] = []
    dependencies: list[DependencyChange] = []
    for key in keys:
        one, other = before.get(key), after.get(key)
        is_dev = DEPENDENCIES.get(key[:-_DEPTH_BELOW])
        if is_dev is None:
            fields.append(FieldChange(key, one, other))
        else:
            change = DependencyChange(key[-2], key[-1], is_dev, _text(one), _text(other))
            dependencies.append(change)
    return ManifestChanges(tuple(fields), tuple(dependencies))


def dotted(key: tuple[str, ...]) -> str:
    """Return a key as TOML could write it; parts that need quotes get them."""
    return ".".join(part if _is_bare(part) else f'"{part}"' for part in key)


def _is_bare(part: str) -> bool:
    return part.isascii() and part != "" and part.replace("-", "a").replace("_", "a").isalnum()


def _without_emptied(
    leaves: Mapping[tuple[str, ...], Plain], other: Mapping[tuple[str, ...], Plain]
) -> dict[tuple[str, ...], Plain]:
    """Leave out empty tables that the other side has, only not empty: their keys tell it."""
    tables = {key[:depth] for key in other for depth in range(1, len(key))}
    return {key: value for key, value in leaves.items() if value != {} or key not in tables}


def _canonical(value: Plain | None) -> str:
    """Return a value such that ``1`` and ``true``, equal in Python, differ."""
    return json.dumps(value, sort_keys=True)


def _text(value: Plain | None) -> str | None:
    return None if value is None else str(value)


def _leaves(
    table: Mapping[str, TomlValue], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Plain]]:
    """Yield what is no table; an empty one counts as a value, and a dependency is one value."""
    for name, value in table.items():
        key = (*above, name)
        if isinstance(value, Mapping) and value and key[:-_DEPTH_BELOW] not in DEPENDENCIES:
            yield from _leaves(value, key)
        else:
            yield key, plain(value)


def plain(value: TomlValue) -> Plain:
    """Return a value as JSON has it: dates, times and broken numbers are text."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int) else str(value)
