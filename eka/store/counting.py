"""When what others assert counts: enough builders that are trusted said the same.

A builder is a key, not the name of a key: one key under two names is one builder.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.reduction import LOCAL, ReductionKind
from eka.store.trust import reduction_statement, signatures, trusted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.store.database import Database
    from eka.store.reduction import Reduction
    from eka.store.trust import TrustedKey

MAX_BUILDERS = 100


def required(database: Database) -> dict[ReductionKind, int]:
    """Return how many builders must agree, by kind."""
    rows = database.query("SELECT kind, builders FROM requirements")
    told = {str(kind): int(str(builders)) for kind, builders in rows}
    return {kind: told.get(kind.value, 1) for kind in ReductionKind}


def require(database: Database, kinds: Collection[ReductionKind], builders: int) -> None:
    """Let reductions of some kinds count only when so many builders agree."""
    with database.write():
        for kind in kinds:
            database.query(
                "INSERT OR REPLACE INTO requirements VALUES (?, ?)", (kind.value, builders)
            )


def votes(database: Database, known: Sequence[Reduction]) -> dict[str, dict[bytes, Reduction]]:
    """Return outcome -> trusted keys that signed it -> what each asserts.

    Args:
        database: The store's.
        known: Reductions of one kind and name; what is not signed by a trusted key is left out.
    """
    keys = trusted(database)
    found: dict[str, dict[bytes, Reduction]] = {}
    for each in known:
        if each.by != LOCAL and _is_signed(database, each, keys):
            found.setdefault(each.refined, {}).setdefault(keys[each.by].key.raw, each)
    return found


def counted(database: Database, known: Sequence[Reduction]) -> list[Reduction]:
    """Return those of the reductions of one name that may be used.

    What this store has seen itself always counts. What others assert counts when enough builders
    agree and nobody who is trusted, this store included, says something else.

    Source: atom-spec/store.md [reduction-builders].
    """
    local = [each for each in known if each.by == LOCAL]
    told = votes(database, known)
    if len({*told, *(each.refined for each in local)}) > 1:
        return local
    needed = required(database)
    return local + [
        builders[first]
        for builders in told.values()
        for first in list(builders)[:1]
        if len(builders) >= needed[ReductionKind(builders[first].kind)]
    ]


def _is_signed(database: Database, reduction: Reduction, keys: Mapping[str, TrustedKey]) -> bool:
    known = keys.get(reduction.by)
    if known is None or reduction.kind not in known.kinds:
        return False
    statement = reduction_statement(reduction)
    return any(each.is_by(known.key, statement) for each in signatures(database, statement))
