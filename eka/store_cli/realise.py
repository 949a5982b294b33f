"""``eka-store realise``: a plan in, outputs out, events on the way."""

from __future__ import annotations

import os
from pathlib import Path

from eka.build import Demands, HttpDownloader, Realiser, log_directory
from eka.build.demands import MAX_OUTPUT_BYTES
from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import (
    PathNotFound,
    Plan,
    StorePath,
    is_plan_id,
    parse_plan,
    tree_path,
)
from eka.store.plan_json import MAX_PLAN_BYTES
from eka.store_cli.backends import sandbox
from eka.store_cli.cache_words import VARIABLE
from eka.store_cli.errors import PlanUnreadable, StoreUsage
from eka.store_cli.listening import Listener
from eka.store_cli.paths import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from eka.store import Store
    from eka.store.cache.reading import Cache
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def realise(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Make the outputs a plan asks for; tell what happens while it does."""
    plan = read_plan(arguments.plan, console, place)
    with place.store() as store:
        if arguments.dry_run:
            _check_trees(plan, store)
            return _show_plan(plan, console)
        within = sandbox(store, arguments, place.environment)
        with (
            console.moving(place.environment) as display,
            Realiser(
                store,
                sandbox=within,
                downloader=HttpDownloader(place.environment),
                emit=Listener(console, plan, display, keeps_going=arguments.keep_going),
                jobs=arguments.jobs or len(os.sched_getaffinity(0)),
                caches=_caches(arguments, place),
            ) as realiser,
        ):
            made = realiser.realise(plan, _demands(arguments))
            if arguments.root:
                _add_roots(store, arguments.root, made)
        _show_outputs(store, made, console)
    return Exit.OK


def _demands(arguments: argparse.Namespace) -> Demands:
    keep = Path(arguments.keep_failed).absolute() if arguments.keep_failed else None
    most_bytes: int | None = arguments.max_output
    return Demands(
        check=arguments.check,
        rounds=arguments.rounds,
        keep_going=arguments.keep_going,
        keep_failed=keep,
        no_build=arguments.no_build,
        max_output_bytes=MAX_OUTPUT_BYTES if most_bytes is None else most_bytes,
    )


def _caches(arguments: argparse.Namespace, place: Place) -> list[Cache]:
    if arguments.no_build and (arguments.check or arguments.rounds > 1):
        raise StoreUsage("eka-store realise", "--no-build leaves nothing to compare")
    if not getattr(arguments, "from") and not place.environment.get(VARIABLE):
        return []
    from eka.store_cli.push import caches  # noqa: PLC0415 - many name no cache

    return caches(arguments, place)


def _add_roots(store: Store, link: str, made: Mapping[tuple[str, str], StorePath]) -> None:
    """Link the first output as ``link``, the others as ``link-2`` and so on."""
    for number, path in enumerate(dict.fromkeys(made.values()), 1):
        store.add_root(Path(link if number == 1 else f"{link}-{number}"), path)


def _show_outputs(
    store: Store, made: Mapping[tuple[str, str], StorePath], console: Console
) -> None:
    for path in dict.fromkeys(made.values()):
        console.data(str(store.physical(path)))
    outputs = [
        {
            "action": action,
            "output": output,
            "path": path.text,
            "physical": str(store.physical(path)),
        }
        for (action, output), path in made.items()
    ]
    fields = {"outputs": outputs, "logs": str(log_directory(store)), "dry_run": False}
    console.document("realise", fields)


def read_plan(file: str, console: Console, place: Place) -> Plan:
    """Return the plan in a file, on standard input (``-``), or kept in the store by its id."""
    try:
        if file == "-":
            return parse_plan(console.stdin.read(MAX_PLAN_BYTES + 1), "standard input")
        if is_plan_id(file) and not Path(file).exists():
            with place.store() as store:
                return parse_plan(store.plans.read(file), file)
        with Path(file).open("rb") as opened:
            return parse_plan(opened.read(MAX_PLAN_BYTES + 1), file)
    except OSError as error:
        raise PlanUnreadable(file, error.strerror or str(error)) from error


def _check_trees(plan: Plan, store: Store) -> None:
    for tree, names in plan.trees().items():
        for name in names:
            path = tree_path(tree, name)
            if not store.has(path):
                raise PathNotFound(path.text, str(store.root))


def _show_plan(plan: Plan, console: Console) -> int:
    order = plan.order()
    for identity in order:
        action = plan.actions[identity]
        console.data(f"{action.kind} {action.name} {identity}")
    console.talk(
        f"{counted(len(order), 'action')}; what was realised before is not performed again"
    )
    fields: dict[str, object] = {
        "actions": [
            {"action": each, "kind": plan.actions[each].kind, "name": plan.actions[each].name}
            for each in order
        ],
        "dry_run": True,
    }
    console.document("realise", fields)
    return Exit.OK
