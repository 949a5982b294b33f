"""``log``: what builds said, and when they ran."""

from __future__ import annotations

import time
from collections import deque

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import GrowingLog, InvalidStorePath, RunOutcome, log_lines
from eka.store_cli.errors import AmbiguousId, LogNotFound
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from eka.store import Run, Store
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_SHOWN_DIGITS = 12
_GLANCE_S = 0.1  # between two looks at a log that grows
_LAST_LOOKS = 20  # for how a run ended whose log did: its outputs are still to be registered


def log(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Print the newest log of an action or of what made a path, or list what ran."""
    with place.store() as store:
        found = _find(store, arguments.name)
        if arguments.runs or arguments.name is None:
            return _list(found, console)
        run = _started(store, arguments, console) if arguments.follow else _told(found, arguments)
        count = 0
        for line in _lines(run, arguments, console):
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
        if arguments.follow:
            run = _ended(store, run)
            is_known = run.outcome is not RunOutcome.RUNNING
            console.talk(f"{run.name}: {run.outcome.value if is_known else 'its log has ended'}")
    console.document("log", {"run": _document(run), "lines": count})
    return Exit.OK


def _told(found: list[Run], arguments: argparse.Namespace) -> Run:
    """Return the newest run that has a log."""
    for run in found:
        if run.log is not None and run.log.exists():
            return run
    raise LogNotFound(arguments.name, _why(found))


def _started(store: Store, arguments: argparse.Namespace, console: Console) -> Run:
    """Return the newest run; one that runs is waited for until it has a log."""
    is_told = False
    while True:
        found = _find(store, arguments.name)
        newest = found[0] if found else None
        if newest is None or newest.outcome is not RunOutcome.RUNNING or newest.log is None:
            return _told(found, arguments)
        if newest.log.exists():
            return newest
        if not is_told:
            console.talk(f"{newest.name} has not begun to speak")
            is_told = True
        time.sleep(_GLANCE_S)


def _ended(store: Store, run: Run) -> Run:
    """Return how a run ended, as soon as that is known."""
    for _ in range(_LAST_LOOKS):
        run = store.runs.current(run)
        if run.outcome is not RunOutcome.RUNNING:
            break
        time.sleep(_GLANCE_S)
    return run


def _lines(run: Run, arguments: argparse.Namespace, console: Console) -> Iterator[bytes]:
    """Yield the lines of a log; with ``--follow`` also those that are still to come."""
    if run.log is None:
        return
    if not arguments.follow:
        yield from log_lines(run.log, last=arguments.last)
        return
    with GrowingLog(run.log) as log:
        is_written = log.is_written
        said = log.lines() if is_written else log.rest()
        yield from said if arguments.last is None else deque(said, maxlen=arguments.last)
        while is_written:
            console.flush()
            time.sleep(_GLANCE_S)
            is_written = log.is_written
            yield from log.lines() if is_written else log.rest()


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
