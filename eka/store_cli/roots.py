"""``roots``: what keeps paths from garbage collection: links of users, and names."""

from __future__ import annotations

from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store_cli.errors import RootNotFound, StoreUsage
from eka.store_cli.paths import typed_path

if TYPE_CHECKING:
    import argparse

    from eka.store import Store, StorePath
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_PROGRAM = "eka-store roots"


def roots(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """List the roots, add one or remove one."""
    added: dict[Path, StorePath] = {}
    removed: dict[Path, StorePath] = {}
    with place.store() as store:
        if arguments.add is not None:
            added = _add(arguments, store)
        elif arguments.remove:
            removed = _remove(arguments, store)
        elif arguments.link is not None:
            raise StoreUsage(_PROGRAM, "a LINK needs --add PATH or --remove")
        known, names = store.roots(), store.kept()
    console.document(
        "roots",
        {
            "roots": _documents(known),
            "kept": [{"name": name, "path": path.text} for name, path in names.items()],
            "added": _documents(added),
            "removed": _documents(removed),
            "dry_run": bool(arguments.dry_run),
        },
    )
    for link, path in sorted((added or removed or known).items()):
        console.data(f"{link} -> {path.text}")
    for name, path in names.items() if not added and not removed else ():
        console.data(f"{name} -> {path.text} (kept by name)")
    return Exit.OK


def _add(arguments: argparse.Namespace, store: Store) -> dict[Path, StorePath]:
    if arguments.remove or arguments.link is None:
        raise StoreUsage(_PROGRAM, "--add PATH needs the LINK to make, and nothing else")
    path, link = typed_path(store, arguments.add), Path(arguments.link).absolute()
    if arguments.dry_run:
        store.path_info(path)  # is it there?
    else:
        store.add_root(link, path)
    return {link: path}


def _remove(arguments: argparse.Namespace, store: Store) -> dict[Path, StorePath]:
    if arguments.link is None:
        raise StoreUsage(_PROGRAM, "--remove needs the LINK to remove")
    link = Path(arguments.link).absolute()
    known = store.roots()
    if link not in known:
        raise RootNotFound(str(link), [str(each) for each in known])
    if not arguments.dry_run:
        link.unlink(missing_ok=True)
    return {link: known[link]}


def _documents(found: dict[Path, StorePath]) -> list[dict[str, str]]:
    return [{"link": str(link), "path": path.text} for link, path in sorted(found.items())]
