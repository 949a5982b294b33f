"""Reads what a project says about choosing versions: ``[patch]`` and ``[resolution]``."""

from __future__ import annotations

from eka.atom.label import Label
from eka.atom.manifest_inputs import UndeclaredSet, read_label
from eka.atom.manifest_model import Patch, SingleAtom
from eka.atom.source_url import UNSAFE
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eka.atom.manifest_model import SetDeclaration
    from eka.atom.reading import Table

MAX_PATH_CHARACTERS = 1024
_DELIMITER = "::"
_EXAMPLE = 'write for example `{ path = "../zlib" }`'


def read_patches(
    root: Table, names: tuple[str, ...], sets: Mapping[str, SetDeclaration]
) -> tuple[Patch, ...]:
    """Return the lines of ``[patch.<set>]``.

    Args:
        root: The manifest.
        names: The sets it declares, whatever else is wrong with them.
        sets: Those that could be read.

    Source: atom-spec/manifest.md [manifest-patch].
    """
    table = root.table("patch")
    found: list[Patch] = []
    for name, entries in table.tables() if table is not None else ():
        if name not in names:
            where = entries.reader.place(*entries.path)
            entries.reader.add(UndeclaredSet(name, where, names), *entries.path)
        elif name in sets and sets[name].own and table is not None:
            why = "it is the own set, whose atoms are those of the working tree already"
            table.invalid(name, why, "remove this table")
        for key, entry in entries.tables():
            found += _read_patch(entries, name, key, entry)
    return tuple(found)


def _read_patch(entries: Table, name: str, key: str, entry: Table) -> Iterator[Patch]:
    label = read_label(entries, key)
    path = entry.required("path", str, 'path = "../zlib"')
    entry.finish()
    if path is None:
        return
    if why := _path_fault(path):
        entry.invalid("path", why, _EXAMPLE)
    elif label is not None:
        yield Patch(name, label, path, entry.reader.document.span(*entry.path))


def _path_fault(path: str) -> str:
    if not path:
        return "it is empty"
    if path.startswith(("/", "~")):
        return "it is not relative to this directory: another machine has nothing there"
    if len(path) > MAX_PATH_CHARACTERS:
        return f"it is longer than {MAX_PATH_CHARACTERS} characters"
    if UNSAFE.search(path):
        return "it holds control or invisible characters"
    return ""


def read_resolution(root: Table, names: tuple[str, ...]) -> tuple[SingleAtom, ...]:
    """Return what ``[resolution]`` says: the atoms of which one version is allowed only.

    Source: atom-spec/manifest.md [manifest-resolution].
    """
    table = root.table("resolution")
    if table is None:
        return ()
    texts = table.texts("single")
    found = [_read_single(table, names, text, at) for at, text in enumerate(texts)]
    table.distinct("single", texts)
    table.finish()
    return tuple(each for each in found if each is not None)


def _read_single(table: Table, names: tuple[str, ...], text: str, at: int) -> SingleAtom | None:
    name, delimiter, label = text.rpartition(_DELIMITER)
    span = table.reader.document.value_span(*table.path, "single", at)
    if not delimiter or not name:
        why = f"expected the name of a set and a label, found {text[:MAX_PATH_CHARACTERS]!r}"
        table.invalid("single", why, 'write for example "core::zlib"', at)
        return None
    if name not in names:
        where = table.reader.place(*table.path, "single")
        table.add(UndeclaredSet(name, where, names), "single", at)
        return None
    try:
        return SingleAtom(name, Label(label), span)
    except EkaError as error:
        table.add(error, "single", at)
        return None
