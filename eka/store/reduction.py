"""Reductions: recorded facts of the form "this name stands for that" (atom-spec/store.md)."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.store.database import Database

_BY_NAME = "WHERE kind = ? AND name = ?"
# Whoever asserts them: two outcomes for one name.
_DISPUTED = (
    "WHERE (kind, name) IN (SELECT kind, name FROM reductions"
    " GROUP BY kind, name HAVING count(DISTINCT refined) > 1)"
)


@dataclass(frozen=True, slots=True)
class Reduction:
    """``name`` of a ``kind`` reduces to ``refined``, says ``by``, because of ``evidence``."""

    kind: str
    name: str
    refined: str
    by: str = "local"
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Nondeterminism:
    """One name that reduced to several things; all are kept, none is preferred."""

    kind: str
    name: str
    outcomes: tuple[Reduction, ...]


def reduce(database: Database, kind: str, name: str) -> list[Reduction]:
    """Return what is known of a name, the oldest first."""
    return [Reduction(*row) for row in database.reductions(_BY_NAME, (kind, name))]


def record(database: Database, reduction: Reduction) -> tuple[Reduction, ...]:
    """Append a fact; return those that contradict it."""
    with database.write():
        database.add_reduction(
            (
                reduction.kind,
                reduction.name,
                reduction.refined,
                reduction.by,
                reduction.evidence,
            )
        )
        known = reduce(database, reduction.kind, reduction.name)
    return tuple(other for other in known if other.refined != reduction.refined)


def nondeterminism(database: Database) -> list[Nondeterminism]:
    """Return every name with more than one outcome."""
    grouped: dict[tuple[str, str], list[Reduction]] = {}
    for row in database.reductions(_DISPUTED):
        reduction = Reduction(*row)
        grouped.setdefault((reduction.kind, reduction.name), []).append(reduction)
    return [
        Nondeterminism(kind, name, tuple(outcomes))
        for (kind, name), outcomes in sorted(grouped.items())
    ]
