"""How paths came to be, down to the sources: what their makers were given, and what made that."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.chain import path_or_none
from eka.store.reduction import ReductionKind, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.store.database import Database
    from eka.store.path import StorePath
    from eka.store.reduction import Reduction


def ancestry(database: Database, paths: Iterable[StorePath]) -> list[Reduction]:
    """Return the reductions of resolved actions that led to paths, and to all that went into them.

    Who does not have the paths needs them to know by what name to ask for an action: the name
    is made of what the inputs came to. That the inputs are still there is not needed.

    Args:
        database: The store's.
        paths: Where to begin.

    Source: atom-spec/store-cache.md [cache-ancestry].
    """
    pending = [path.base for path in paths]
    seen = set(pending)
    facts: dict[Reduction, None] = {}
    while pending:
        base = pending.pop()
        for fact in find(database, "WHERE refined = ?", (base,)):
            if fact.kind != ReductionKind.RESOLVED or fact in facts:
                continue
            facts[fact] = None
            for given in _inputs(database, fact.name.partition("!")[0]):
                if given not in seen:
                    seen.add(given)
                    pending.append(given)
    return list(facts)


def _inputs(database: Database, resolved: str) -> Iterator[str]:
    """Yield the bases of the paths an action was given; its evidence lists them by name."""
    kind = ReductionKind.ACTION.value
    for link in find(database, "WHERE kind = ? AND refined = ?", (kind, resolved)):
        for given in link.evidence.split(" "):
            path = path_or_none(given.partition("=")[2])
            if path is not None:
                yield path.base
