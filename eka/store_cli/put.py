"""``add-tree`` and ``put-plan``: trees and plans from standard input into the store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from eka.build.spool import LayerFile
from eka.build.unpack import unpacked_tar
from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import path_of_nodes
from eka.store.errors import refusals
from eka.store_cli.paths import counted
from eka.store_cli.realise import read_plan

if TYPE_CHECKING:
    import argparse

    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_ARCHIVE = "standard input"


def add_tree(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Add the tree of a tar archive that is read from standard input."""
    name: str = arguments.name
    with place.store() as store:
        staged = store.staging(name)
        try:
            with refusals(store.root), tempfile.TemporaryFile(dir=staged) as spool:
                file = LayerFile(_ARCHIVE, lambda: console.stdin)
                nodes = unpacked_tar(file, spool, strip=arguments.strip)
                if arguments.dry_run:
                    path = path_of_nodes(name, nodes)
                else:
                    path = store.add_tree(name, nodes, expected=arguments.expect)
        finally:
            store.discard(staged)
        if arguments.root is not None and not arguments.dry_run:
            store.add_root(Path(arguments.root), path)
        physical = str(store.physical(path))
    console.data(path.text)
    fields = {"path": path.text, "physical": physical, "dry_run": bool(arguments.dry_run)}
    console.document("add-tree", fields)
    return Exit.OK


def put_plan(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Check a plan, keep it, and tell its id."""
    plan = read_plan(arguments.plan, console, place)
    with place.store() as store:
        identity = plan.identity if arguments.dry_run else store.plans.put(plan)
    actions = plan.order()
    console.data(identity)
    console.talk(f"{counted(len(actions), 'action')}, {counted(len(plan.roots), 'root')}")
    fields: dict[str, object] = {
        "plan": identity,
        "actions": [
            {"action": each, "kind": plan.actions[each].kind, "name": plan.actions[each].name}
            for each in actions
        ],
        "roots": [{"action": root.action, "output": root.output} for root in plan.roots],
        "dry_run": bool(arguments.dry_run),
    }
    console.document("put-plan", fields)
    return Exit.OK
