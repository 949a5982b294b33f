"""``closure``, ``ls`` and ``cat``: what paths need, and what is in them."""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import NodeKind, list_inside, read_inside
from eka.store_cli.paths import counted, typed_path, typed_place

if TYPE_CHECKING:
    import argparse

    from eka.store import Entry
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_LETTERS = {
    NodeKind.FILE: "-",
    NodeKind.EXECUTABLE: "x",
    NodeKind.LINK: "l",
    NodeKind.DIRECTORY: "d",
}


def closure(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Tell what paths need: themselves and all they refer to."""
    with place.store() as store:
        found = store.closure(typed_path(store, text) for text in arguments.paths)
        size_bytes = sum(store.path_info(path).size_bytes for path in found)
    for path in found:
        console.data(path.text)
    console.talk(f"{counted(len(found), 'path')}, {counted(size_bytes, 'byte')}")
    fields = {"paths": [path.text for path in found], "size_bytes": size_bytes}
    console.document("closure", fields)
    return Exit.OK


def ls(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """List what is inside a store path."""
    recursive = bool(arguments.recursive)
    with place.store() as store:
        path, names = typed_place(store, arguments.place)
        with store.lease([path]):
            found = list(list_inside(store.physical_root, path, names, recursive=recursive))
    for entry in found:
        arrow = f" -> {_text(entry.target)}" if entry.kind is NodeKind.LINK else ""
        name = _text(b"/".join(entry.path or (names[-1:] or (path.base.encode(),))))
        console.data(f"{_LETTERS[entry.kind]} {entry.size_bytes:>12} {name}{arrow}")
    console.document(
        "ls",
        {"path": path.text, "sub": _text(b"/".join(names)), "entries": [*map(_document, found)]},
    )
    return Exit.OK


def cat(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Print a file that is inside a store path."""
    size_bytes = 0
    with place.store() as store:
        path, names = typed_place(store, arguments.place)
        with store.lease([path]):
            for chunk in read_inside(store.physical_root, path, names):
                console.chunk(chunk)
                size_bytes += len(chunk)
    fields = {"path": path.text, "sub": _text(b"/".join(names)), "size_bytes": size_bytes}
    console.document("cat", fields)
    return Exit.OK


def _document(entry: Entry) -> dict[str, object]:
    found: dict[str, object] = {
        "name": _text(b"/".join(entry.path)),
        "kind": entry.kind.value,
        "size_bytes": entry.size_bytes,
    }
    if entry.kind is NodeKind.LINK:
        found["target"] = _text(entry.target)
    return found


def _text(raw: bytes) -> str:
    """Return a name for people and programs; bytes that are not UTF-8 are escaped."""
    return os.fsencode(os.fsdecode(raw)).decode("utf-8", "backslashreplace")
