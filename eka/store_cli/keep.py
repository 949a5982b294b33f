"""``eka-store keep``: paths that are kept under a name, such as that of a release."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import NothingKept
from eka.store_cli.errors import StoreUsage
from eka.store_cli.paths import typed_path

if TYPE_CHECKING:
    import argparse

    from eka.store import Store, StorePath
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def keep(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Keep a path under a name, let it go, or list what is kept."""
    added: dict[str, StorePath] = {}
    removed: dict[str, StorePath] = {}
    name: str | None = arguments.name
    if (name is None) != (arguments.path is None and not arguments.remove):
        raise StoreUsage("eka-store keep", "it takes NAME PATH, or --remove NAME, or nothing")
    if arguments.remove and arguments.path is not None:
        raise StoreUsage("eka-store keep", "--remove takes a NAME alone")
    with place.store() as store:
        if name is not None and arguments.remove:
            removed[name] = _let_go(store, name, dry_run=arguments.dry_run)
        elif name is not None:
            added[name] = typed_path(store, str(arguments.path))
            store.path_info(added[name])  # is it there?
            if not arguments.dry_run:
                store.keep(name, added[name])
        known = store.kept()
    for each, path in sorted((added or removed or known).items()):
        console.data(f"{each} {path.text}")
    fields: dict[str, object] = {
        "kept": _documents(known),
        "added": _documents(added),
        "removed": _documents(removed),
        "dry_run": bool(arguments.dry_run),
    }
    console.document("keep", fields)
    return Exit.OK


def _let_go(store: Store, name: str, *, dry_run: bool) -> StorePath:
    path = store.kept().get(name)
    if path is None:
        raise NothingKept(name, str(store.root))
    if not dry_run:
        store.let_go(name)
    return path


def _documents(kept: dict[str, StorePath]) -> list[dict[str, str]]:
    return [{"name": name, "path": path.text} for name, path in sorted(kept.items())]
