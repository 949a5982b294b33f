"""The commands of ``eka-store`` but ``realise``: one function each."""

from __future__ import annotations

import os
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import FaultKind, StorePath, VerifyFault, path_of
from eka.store.path import check_name
from eka.store.read import read_apart
from eka.store_cli.paths import counted, nar_fields, path_document, typed_path
from eka.store_cli.progress import Amount, amount, counted_nodes, shown_paths

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from eka.store import Store
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

# What makes a path anew helps against these.
_MENDABLE = {FaultKind.CONTENT, FaultKind.NAME, FaultKind.MODE, FaultKind.UNREADABLE}


def info(_: argparse.Namespace, place: Place, console: Console) -> int:
    """Tell what the store is and how much it holds."""
    with place.store() as store:
        found, roots = store.info(), sorted(store.roots().items())
        physical = str(store.physical_root)
    machine = os.uname()
    fields: dict[str, object] = {
        "root": str(found.root),
        "physical": physical,
        "logical": found.logical,
        "schema_version": found.schema_version,
        "system": f"{machine.machine}-{machine.sysname.lower()}",
        "paths": found.paths,
        "size_bytes": found.size_bytes,
    }
    from eka.store_cli import backends  # noqa: PLC0415 - the sandboxes, for this command alone

    known = backends.told(place.environment)
    for name, value in fields.items():
        console.data(f"{name}: {value}")
    for backend in known:
        console.data(backends.line(backend))
    for link, target in roots:
        console.data(f"kept by {link}: {target.text}")
    kept = [{"link": str(link), "path": target.text} for link, target in roots]
    console.document("info", {**fields, "roots": kept, "backends": known})
    return Exit.OK


def add(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Add a file, directory or link."""
    source = Path(arguments.source)
    name: str = arguments.name or source.absolute().name
    with place.store() as store:
        if arguments.dry_run:
            path = path_of(name, source)
        else:
            with amount(console, place, "MiB added") as added:
                path = _added(store, name, source, arguments, added)
            if arguments.root is not None:
                store.add_root(Path(arguments.root), path)
        physical = str(store.physical(path))
        nar = nar_fields(store, path) if arguments.nar and not arguments.dry_run else {}
    console.data(path.text)
    if nar:
        console.talk(_told(nar))
    fields = {"path": path.text, "physical": physical, "dry_run": bool(arguments.dry_run), **nar}
    console.document("add", fields)
    return Exit.OK


def _added(
    store: Store, name: str, source: Path, arguments: argparse.Namespace, added: Amount | None
) -> StorePath:
    expected: str | None = arguments.expect
    check_name(name)  # before the source: it may be what names it
    nodes = counted_nodes(read_apart(source, store.root), added)
    if not arguments.nar:
        return store.add_tree(name, nodes, expected=expected)
    from eka.store.nix_view import remember  # noqa: PLC0415 - only where asked for

    return remember.add_with_nar(store, name, nodes, expected=expected)[0]


def _told(nar: Mapping[str, object]) -> str:
    return f"NAR of {nar['nar_size_bytes']} bytes, SHA-256 {nar['nar_sha256']}"


def path_info(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Tell what is known of store paths."""
    with place.store() as store:
        paths = [typed_path(store, text) for text in arguments.paths]
        if arguments.closure:
            paths = store.closure(paths)
        found = [store.path_info(path) for path in paths]
        signers = [[each.key_name for each in store.signatures(info)] for info in found]
        physical = [str(store.physical(path)) for path in paths]
        nars = [nar_fields(store, path) if arguments.nar else {} for path in paths]
    for each, where, nar, names in zip(found, physical, nars, signers, strict=True):
        console.data(each.path.text)
        console.data(f"  at {where}")
        console.data(f"  {each.kind}, {counted(each.size_bytes, 'byte')}, content {each.content}")
        if nar:
            console.data(f"  {_told(nar)}")
        for reference in each.references:
            console.data(f"  refers to {reference.text}")
        for name in names:
            console.data(f"  signed by {name}")
    documents = [
        {**path_document(each, where, names), **nar}
        for each, where, nar, names in zip(found, physical, nars, signers, strict=True)
    ]
    console.document("path-info", {"paths": documents})
    return Exit.OK


def verify(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Read paths again and compare; exit status 5 if something is damaged."""
    with place.store() as store:
        wanted = [typed_path(store, text) for text in arguments.paths] or None
        checked = len(wanted) if wanted is not None else store.info().paths
        with shown_paths(console, place, "paths checked") as progress:
            faults = store.verify(wanted, on_path=progress)
        damaged = sorted({fault.where for fault in faults if fault.kind in _MENDABLE})
        if arguments.repair:
            store.quarantine(StorePath.parse(text) for text in damaged)
    for fault in faults:
        console.data(f"{fault.kind}: {fault.where}: {fault.why}")
    if arguments.repair:
        for text in damaged:
            console.talk(f"taken out, to be made again when next needed: {text}")
    console.talk(f"{counted(checked, 'path')} checked, {counted(len(faults), 'fault')}")
    fields: dict[str, object] = {
        "checked": checked,
        "faults": [
            {"kind": fault.kind.value, "where": fault.where, "why": fault.why} for fault in faults
        ],
        "repaired": damaged if arguments.repair else [],
    }
    console.document("verify", fields)
    return _verdict(faults)


def _verdict(faults: Sequence[VerifyFault]) -> int:
    kinds = {fault.kind for fault in faults}
    if not kinds:
        return Exit.OK
    return Exit.NONDETERMINISTIC if kinds == {FaultKind.NONDETERMINISM} else Exit.INTEGRITY


COMMANDS: dict[str, Callable[[argparse.Namespace, Place, Console], int]] = {
    "info": info,
    "add": add,
    "path-info": path_info,
    "verify": verify,
}
