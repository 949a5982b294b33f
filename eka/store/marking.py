"""Which paths nothing needs, and in what order they go; decided from the database alone."""

from __future__ import annotations

import json
from typing import NamedTuple

from eka.checking import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eka.store.database import Database

# Newer paths come first: at its start a path refers only to older ones.
_DEAD = """
WITH RECURSIVE live(id) AS (
    SELECT id FROM paths WHERE base IN (SELECT value FROM json_each(?))
    UNION
    SELECT path FROM kept
    UNION
    SELECT refs.reference FROM refs JOIN live ON refs.referrer = live.id
)
SELECT id, base, size_bytes, max(used, registered) FROM paths WHERE id NOT IN live
ORDER BY id DESC
"""
_EDGES = """
SELECT referrer, reference FROM refs
WHERE referrer IN (SELECT value FROM json_each(?)) AND referrer <> reference
ORDER BY referrer DESC
"""
_AGAIN = """
SELECT id, base, max(used, registered) FROM paths
WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT path FROM kept)
"""
_REFERRERS = """
SELECT reference, referrer FROM refs
WHERE reference IN (SELECT value FROM json_each(?)) AND referrer <> reference
"""


class Dead(NamedTuple):
    """A path that nothing needs."""

    id: int  # its row
    base: str
    size_bytes: int
    used: int  # when last, or when it was registered; seconds since 1970


def dead_paths(database: Database, roots: Iterable[str]) -> list[Dead]:
    """Return what neither ``roots`` nor names keep and reach, the newest first."""
    found = database.each(_DEAD, (json.dumps(list(roots)),))
    return [Dead(*row) for row in cast("Iterator[tuple[int, str, int, int]]", found)]


def by_last_use(database: Database, dead: Sequence[Dead]) -> list[Dead]:
    """Return dead paths, the least recently used first, each before what it refers to.

    What refers to a path uses it: a path counts as used when the last of its referrers was.
    """
    used = {each.id: each.used for each in dead}
    numbers = json.dumps([each.id for each in dead])
    again = True
    while again:
        again = False
        for referrer, reference in _pairs(database, _EDGES, numbers):
            if used.get(reference, used[referrer]) < used[referrer]:
                used[reference] = used[referrer]
                # Seldom: a path came to refer to a newer one, which was passed already.
                again = again or reference > referrer
    found = [Dead(each.id, each.base, each.size_bytes, used[each.id]) for each in dead]
    return sorted(found, key=lambda each: (each.used, -each.id))


def deletable(database: Database, batch: Sequence[Dead], needed: set[str]) -> list[Dead]:
    """Return those that still may go, all at once; the caller holds the lock.

    Args:
        database: As it is now; since the marking anything may have happened.
        batch: What was dead then.
        needed: What roots and processes name now.
    """
    numbers = json.dumps([each.id for each in batch])
    rows = cast("Iterator[tuple[int, str, int]]", database.each(_AGAIN, (numbers,)))
    now = {number: (base, used) for number, base, used in rows}
    # Another collector may have been here, and a number may have been given to another path.
    gone = {
        each.id: each
        for each in batch
        if each.base not in needed
        and each.id in now
        and now[each.id][0] == each.base
        and now[each.id][1] <= each.used
    }
    referrers: dict[int, list[int]] = {}
    for reference, referrer in _pairs(database, _REFERRERS, numbers):
        referrers.setdefault(reference, []).append(referrer)
    again = True
    while again:
        again = False
        for number in list(gone):
            if any(referrer not in gone for referrer in referrers.get(number, ())):
                del gone[number]
                again = True
    return list(gone.values())


def _pairs(database: Database, sql: str, numbers: str) -> Iterator[tuple[int, int]]:
    return cast("Iterator[tuple[int, int]]", database.each(sql, (numbers,)))
