"""``log``: what builds said, and when they ran."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import InvalidStorePath, log_lines
from eka.store_cli.errors import AmbiguousId, LogNotFound
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse

    from eka.store import Run, Store
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_SHOWN_DIGITS = 12


def log(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Print the newest log of an action or of what made a path, or list what ran."""
    with place.store() as store:
        found = _find(store, arguments.name)
        if arguments.runs or arguments.name is None:
            return _list(found, console)
        told = [run for run in found if run.log is not None and run.log.exists()]
        if not told or told[0].log is None:
            raise LogNotFound(arguments.name, _why(found))
        run, count = told[0], 0
        for line in log_lines(told[0].log, last=arguments.last):
            count += 1
            text = line.decode("utf-8", "backslashreplace")
            console.data(text)
            if console.as_json:
                console.line(
                    {
                        "schema": "eka-store.event/1",
                        "event": "action-log",
                        "action": run.action,
                        "line": text,
                    }
                )
    console.document("log", {"run": _document(run), "lines": count})
    return Exit.OK


def _find(store: Store, name: str | None) -> list[Run]:
    if name is None:
        return store.runs.recent()
    try:
        wanted = typed_path(store, name).base
    except InvalidStorePath:
        wanted = name
    found = store.runs.find(wanted)
    actions = sorted({run.action for run in found})
    if len(actions) > 1 and all(action.startswith(wanted) for action in actions):
        raise AmbiguousId(name, [action[:_SHOWN_DIGITS] for action in actions])
    return found


def _list(found: list[Run], console: Console) -> int:
    for run in found:
        took = f"{run.duration_ms / 1000:.1f} s"
        console.data(f"{run.action[:_SHOWN_DIGITS]} {run.outcome.value:<8} {took:>10} {run.name}")
    console.talk(counted(len(found), "run"))
    console.document("runs", {"runs": [_document(run) for run in found]})
    return Exit.OK


def _why(found: list[Run]) -> str:
    if not found:
        return ""
    kind = found[0].kind
    return f"it is a {kind} action, which says nothing" if kind != "run" else "its log was pruned"


def _document(run: Run) -> dict[str, object]:
    return {
        "action": run.action,
        "name": run.name,
        "kind": run.kind,
        "outcome": run.outcome.value,
        "began": run.began,
        "duration_ms": run.duration_ms,
        "log": None if run.log is None else str(run.log),
    }
