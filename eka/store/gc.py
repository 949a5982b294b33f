"""Garbage: what no root reaches is deleted, a little at a time, beside running builds."""

from __future__ import annotations

import os
from dataclasses import replace
from math import inf

from eka.checking import TYPE_CHECKING
from eka.store.files import delete_tree, move
from eka.store.marking import Dead, by_last_use, dead_paths, deletable
from eka.store.path import StorePath
from eka.store.reserve import is_short_of_room
from eka.store.roots import find_roots
from eka.store.runs import LOGS
from eka.store.session import Session, held
from eka.store.tidying import Tidied, forget_runs
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from eka.store.database import Database
    from eka.store.session import Layout
    from eka.store.unfinished import Swept

# So many leave the store under one hold of its lock: builds wait for milliseconds.
BATCH = 500
NOTHING = Tidied()


@dataclass(frozen=True, slots=True, kw_only=True)
class GcLimits:
    """What may stay though nothing needs it."""

    max_size_bytes: int | None = None  # only until the store holds no more, the oldest first
    keep_since: int | None = None  # what was used at or after this time, seconds since 1970


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a collection deleted, or would delete."""

    deleted: tuple[StorePath, ...]
    freed_bytes: int
    kept: int
    dry_run: bool
    left_bytes: int  # what the store holds afterwards
    unneeded: int  # of the kept: nothing needs them, but the limits let them stay
    tidied: Tidied = NOTHING


NO_LIMITS = GcLimits()


def collect(
    layout: Layout,
    database: Database,
    session: Session,
    limits: GcLimits = NO_LIMITS,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> GcReport:
    """Delete every path that no root and no running process needs, within limits.

    Marking reads the database alone and holds nobody up. Paths leave the store in batches, by a
    rename under the lock, after a second look at each: what came to be needed since stays. The
    deletion itself happens outside the lock.

    Args:
        layout: Where the store is.
        database: Its database.
        session: Of this process; it owns the trash.
        limits: What may stay.
        on_progress: Told after each batch how many paths are gone, and how many may go.
    """
    marked = _mark(layout, database, limits, prune=True)
    gone: list[Dead] = []
    late: list[Dead] = []
    start, freed_bytes = 0, 0
    while batch := _next(marked.order, start, marked.excess(freed_bytes), most=_most(layout)):
        start += len(batch)
        swept = _sweep(layout, database, session, batch)
        gone += swept
        freed_bytes += sum(each.size_bytes for each in swept)
        late += set(batch).difference(swept) if len(swept) < len(batch) else ()
        if on_progress is not None:
            on_progress(len(gone), len(marked.order))
    if late and marked.excess(freed_bytes) > 0:
        # Paths that name each other, or that were named by newer ones, go in one piece.
        gone += _sweep(layout, database, session, late)
    return marked.report(gone, dry_run=False)


def would_collect(layout: Layout, database: Database, limits: GcLimits = NO_LIMITS) -> GcReport:
    """Return what `collect` would do now; changes nothing."""
    marked = _mark(layout, database, limits, prune=False)
    gone = _next(marked.order, 0, marked.excess(0), most=len(marked.order))
    return marked.report(gone, dry_run=True)


def tidied(
    root: Path, database: Database, limits: GcLimits, report: GcReport, swept: Swept
) -> GcReport:
    """Forget old runs after a collection, or tell which would be; return the whole report."""
    runs, log_bytes = forget_runs(
        root / LOGS,
        database,
        report.deleted,
        keep_since=limits.keep_since,
        dry_run=report.dry_run,
    )
    return replace(report, tidied=Tidied(runs, log_bytes, swept.files, swept.size_bytes))


def throw_out(layout: Layout, session: Session, bases: Iterable[str]) -> Path:
    """Move paths out of the store; return where they went. The caller holds the lock."""
    trash = session.scratch(layout.trash)
    for base in bases:
        if os.path.lexists(layout.store / base):
            move(layout.store / base, trash / base)
    return trash


@dataclass(frozen=True, slots=True)
class _Marked:
    """What may be deleted, and how much of it should be."""

    order: Sequence[Dead]  # what refers to others comes before them
    unneeded: int  # paths, with those that the limits spare
    paths: int
    total_bytes: int
    max_size_bytes: int | None

    def excess(self, freed_bytes: int) -> float:
        """Return how many bytes are too many yet; without a limit all that are there."""
        if self.max_size_bytes is None:
            return inf
        return self.total_bytes - freed_bytes - self.max_size_bytes

    def report(self, gone: Sequence[Dead], *, dry_run: bool) -> GcReport:
        freed_bytes = sum(each.size_bytes for each in gone)
        return GcReport(
            # Texts are sorted much faster than paths, and come out in the same order.
            tuple(map(StorePath.parse, sorted(each.base for each in gone))),
            freed_bytes,
            self.paths - len(gone),
            dry_run,
            self.total_bytes - freed_bytes,
            self.unneeded - len(gone),
        )


def _mark(layout: Layout, database: Database, limits: GcLimits, *, prune: bool) -> _Marked:
    with database.write():  # who holds what may not change while it is read
        roots = _needed(layout, prune=prune)
        paths, total_bytes = database.totals()
    dead = dead_paths(database, roots)
    order: Sequence[Dead] = dead
    if limits != NO_LIMITS:
        order = by_last_use(database, dead)
    if limits.keep_since is not None:
        order = [each for each in order if each.used < limits.keep_since]
    return _Marked(order, len(dead), paths, total_bytes, limits.max_size_bytes)


def _needed(layout: Layout, *, prune: bool) -> set[str]:
    """Return the paths that roots and running processes name; the caller holds the lock."""
    return {path.base for path in find_roots(layout, prune=prune).values()} | held(layout)


def _most(layout: Layout) -> int:
    """Return how many paths go at once; what is changed has to be written before room is won."""
    return 1 if is_short_of_room(layout.root) else BATCH


def _next(order: Sequence[Dead], start: int, excess_bytes: float, *, most: int) -> Sequence[Dead]:
    """Return the next paths to delete: as few as free what is too much."""
    end = start
    while end < min(start + most, len(order)) and excess_bytes > 0:
        excess_bytes -= order[end].size_bytes
        end += 1
    return order[start:end]


def _sweep(
    layout: Layout, database: Database, session: Session, batch: Sequence[Dead]
) -> list[Dead]:
    """Delete what nothing needs now; return it."""
    with session.moving(), database.write():
        gone = deletable(database, batch, _needed(layout, prune=False))
        bases = [each.base for each in gone]
        trash = throw_out(layout, session, bases) if gone else None
        database.delete(bases)
    if trash is not None:
        delete_tree(trash)
    return gone
