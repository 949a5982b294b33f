"""Reductions: recorded facts of the form "this name stands for that" (atom-spec/store.md)."""

from __future__ import annotations

from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.store.database import Database

LOCAL = "local"  # who asserts what this store has seen itself
_COLUMNS = "SELECT kind, name, refined, asserted_by, evidence, recorded FROM reductions"
# Whoever asserts them: two outcomes for one name. What was asked for is no computation: later
# there is more to choose from.
_DISPUTED = (
    "WHERE (kind, name) IN (SELECT kind, name FROM reductions WHERE kind != 'request'"
    " GROUP BY kind, name HAVING count(DISTINCT refined) > 1)"
)


class ReductionKind(StrEnum):
    """What the name of a reduction is, and so what it reduces to."""

    REQUEST = "request"  # what was asked for -> the atom it was locked to
    ATOM = "atom"  # an atom -> the path of its tree
    ACTION = "action"  # id of an action -> its resolved name
    RESOLVED = "resolved"  # resolved name, "!", output -> path
    FETCH = "fetch"  # "sha256:", the declared hash, "!", name of the file -> path


@dataclass(frozen=True, slots=True)
class Reduction:
    """``name`` of a ``kind`` reduces to ``refined``, says ``by``, because of ``evidence``."""

    kind: str
    name: str
    refined: str
    by: str = LOCAL
    evidence: str = ""
    recorded: int = field(default=0, compare=False)  # seconds since 1970; 0 when not known


@dataclass(frozen=True, slots=True)
class Nondeterminism:
    """One name that reduced to several things; all are kept, none is preferred."""

    kind: str
    name: str
    outcomes: tuple[Reduction, ...]


def reduce(database: Database, kind: str, name: str) -> list[Reduction]:
    """Return what is known of a name, the oldest first."""
    return find(database, "WHERE kind = ? AND name = ?", (kind, name))


def record(database: Database, reduction: Reduction) -> tuple[Reduction, ...]:
    """Append a fact; return those that contradict it."""
    with database.write():
        record_all(database, (reduction,))
        known = reduce(database, reduction.kind, reduction.name)
    return tuple(other for other in known if other.refined != reduction.refined)


def record_all(database: Database, reductions: Iterable[Reduction]) -> None:
    """Append facts; those that are known stay as they were first said."""
    new = [each for each in reductions if not _is_known(database, each)]
    if not new:
        return  # without taking the lock of the store
    with database.write():
        for each in new:
            database.query(
                "INSERT OR IGNORE INTO reductions"
                " (kind, name, refined, asserted_by, evidence, recorded)"
                " VALUES (?, ?, ?, ?, ?, strftime('%s', 'now'))",
                (each.kind, each.name, each.refined, each.by, each.evidence),
            )


def nondeterminism(database: Database) -> list[Nondeterminism]:
    """Return every name with more than one outcome."""
    grouped: dict[tuple[str, str], list[Reduction]] = {}
    for reduction in find(database, _DISPUTED):
        grouped.setdefault((reduction.kind, reduction.name), []).append(reduction)
    return [
        Nondeterminism(kind, name, tuple(outcomes))
        for (kind, name), outcomes in sorted(grouped.items())
    ]


def find(
    database: Database, where: str, values: Sequence[object] = (), *, limit: int = -1
) -> list[Reduction]:
    """Return the reductions that a constant condition of SQL describes, the oldest first."""
    rows = database.query(f"{_COLUMNS} {where} ORDER BY id LIMIT ?", (*values, limit))
    found: list[Reduction] = []
    for row in rows:
        kind, name, refined, by, evidence, recorded = map(str, row)
        found.append(Reduction(kind, name, refined, by, evidence, int(recorded)))
    return found


def _is_known(database: Database, reduction: Reduction) -> bool:
    return bool(
        database.query(
            "SELECT 1 FROM reductions"
            " WHERE kind = ? AND name = ? AND refined = ? AND asserted_by = ?",
            (reduction.kind, reduction.name, reduction.refined, reduction.by),
        )
    )
