"""How much of everything a store holds, from its database alone."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store.path import StorePath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.store.database import Database


@dataclass(frozen=True, slots=True)
class Stats:
    """What a store holds.

    Attributes:
        paths: Valid paths.
        size_bytes: Of their content.
        kinds: By what the root of a path is: how many, and bytes.
        references: From path to path.
        reductions: By kind, how many.
        plans: That were put into the store.
        runs: Of actions, that are remembered.
        log_bytes: Of their logs, compressed.
        largest: Paths and their bytes, the largest first.
    """

    paths: int
    size_bytes: int
    kinds: dict[str, tuple[int, int]]
    references: int
    reductions: dict[str, int]
    plans: int
    runs: int
    log_bytes: int
    largest: tuple[tuple[StorePath, int], ...]


def take(database: Database, *, plans: int, largest: int) -> Stats:
    """Count; the paths listed one by one are at most ``largest``."""
    kinds = {
        str(kind): (int(str(count)), int(str(size)))
        for kind, count, size in database.query(
            "SELECT kind, count(*), sum(size_bytes) FROM paths GROUP BY kind ORDER BY kind"
        )
    }
    by_size = "SELECT base, size_bytes FROM paths ORDER BY size_bytes DESC, base LIMIT ?"
    by_kind = "SELECT kind, count(*) FROM reductions GROUP BY kind ORDER BY kind"
    runs, log_bytes = _runs(database)
    return Stats(
        paths=sum(count for count, _ in kinds.values()),
        size_bytes=sum(size for _, size in kinds.values()),
        kinds=kinds,
        references=_number(database.query("SELECT count(*) FROM refs")),
        reductions={str(kind): int(str(count)) for kind, count in database.query(by_kind)},
        plans=plans,
        runs=runs,
        log_bytes=log_bytes,
        largest=tuple(
            (StorePath.parse(str(base)), int(str(size)))
            for base, size in database.query(by_size, (largest,))
        ),
    )


def _runs(database: Database) -> tuple[int, int]:
    made = database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'runs'")
    if not made:
        return 0, 0
    ((count, size),) = database.query("SELECT count(*), coalesce(sum(log_bytes), 0) FROM runs")
    return int(str(count)), int(str(size))


def _number(rows: Sequence[Sequence[object]]) -> int:
    return int(str(rows[0][0]))
