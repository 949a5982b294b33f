"""Takes dependencies out of ``atom.toml``, and what then is there for nothing."""

from __future__ import annotations

from collections.abc import Mapping

from eka.atom.edit import table_of
from eka.atom.toml_edit import data_of, value_at
from eka.atom.toml_remove import has_comment, remove_emptied, remove_key
from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom.label import Label
    from eka.atom.manifest_model import Dependency
    from eka.atom.toml import TomlValue

_DELIMITER = "::"
# Tables below which the names of sets are keys.
_BY_SET = (("deps", "from"), ("deps", "dev", "from"), ("patch",))


@dataclass(frozen=True, slots=True)
class Removal:
    """A manifest without some lines."""

    text: str
    tables: tuple[str, ...] = ()  # headers that went because nothing was left below them
    sets: tuple[str, ...] = ()  # declarations that went because nothing names them any more
    commented: tuple[str, ...] = ()  # tables that are empty but for a comment, and stayed


def remove_dependency(text: str, line: Dependency, *, dev: bool) -> Removal:
    """Return a manifest without a dependency line.

    The table it leaves empty goes too, unless a comment stands in it, and so does the set it
    came from, unless something else names that.

    Raises:
        EditFailed: the manifest is written in a way that cannot be edited.

    Source: atom-spec/changes.md [change-remove].
    """
    table = (*table_of(dev=dev), line.set_name)
    removal = _emptied(remove_key(text, (*table, line.label.text)), table)
    declared = ("package", "sets", line.set_name)
    is_named = names_set(data_of(removal.text), line.set_name)
    if is_named or value_at(removal.text, declared) is None:
        return removal
    rest = _emptied(remove_key(removal.text, declared), declared[:-1])
    return Removal(
        rest.text,
        (*removal.tables, *rest.tables),
        (line.set_name,),
        (*removal.commented, *rest.commented),
    )


def remove_direct(text: str, kind: str, name: Label) -> Removal:
    """Return a manifest without a direct source; raises EditFailed."""
    table = ("deps", "direct", kind)
    return _emptied(remove_key(text, (*table, name.text)), table)


def names_set(data: Mapping[str, TomlValue], name: str) -> bool:
    """Whether anything but its own declaration may name a set.

    Where eka knows what keys mean it goes by that; elsewhere any text that is the name, or that
    starts with it and ``::``, counts.
    """
    for path in _BY_SET:
        table = _table(data, path)
        if name in table:
            return True
    unknown = [value for key, value in data.items() if key not in {"package", "deps", "patch"}]
    direct = _table(data, ("deps", "direct"))
    texts = (text for value in (*unknown, direct) for text in _texts(value))
    return any(text == name or text.startswith(name + _DELIMITER) for text in texts)


def _emptied(text: str, table: tuple[str, ...]) -> Removal:
    """Return a text without the table at ``table``, and those around it, that are empty now."""
    gone: list[str] = []
    for depth in range(len(table), 0, -1):
        keys = table[:depth]
        value = value_at(text, keys)
        if value is None:
            continue  # it had no header, and went with its last key
        if value != {}:
            break
        if has_comment(text, keys):
            return Removal(text, tuple(gone), (), (".".join(keys),))
        text = remove_emptied(text, keys)
        gone.append(".".join(keys))
    return Removal(text, tuple(gone))


def _table(data: Mapping[str, TomlValue], path: tuple[str, ...]) -> Mapping[str, TomlValue]:
    for key in path:
        inner = data.get(key)
        data = inner if isinstance(inner, dict) else {}
    return data


def _texts(value: TomlValue | Mapping[str, TomlValue]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
