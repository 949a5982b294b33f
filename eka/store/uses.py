"""When paths were last used: gathered while a process works, written rarely and all at once."""

from __future__ import annotations

import threading

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.store.database import Database

# Uses closer together than this are one: what is used all the time costs no writing.
GRAIN_S = 60
_STALE = """
SELECT id FROM paths
WHERE base IN (SELECT value FROM json_each(?)) AND max(used, registered) <= ?
"""
_USED = "UPDATE paths SET used = ? WHERE id IN (SELECT value FROM json_each(?))"


class Uses:
    """What one process used since it last wrote it down."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._bases: set[str] = set()
        self._latest = 0
        self._saved = 0

    def note(self, bases: Iterable[str], now: int) -> None:
        """Remember that paths are used; ``now`` is in seconds since 1970."""
        with self._guard:
            self._bases.update(bases)
            self._latest = max(self._latest, now)
            self._saved = self._saved or now

    @property
    def is_due(self) -> bool:
        """Whether it is time to write, in a process that lives long."""
        return self._latest - self._saved >= GRAIN_S

    def save(self, database: Database) -> None:
        """Write what was noted, if it is news."""
        with self._guard:
            bases, now = sorted(self._bases), self._latest
            self._bases.clear()
            self._saved = now
        if not bases:
            return
        # As JSON: a name in the store holds neither quotes nor backslashes.
        noted = '["' + '","'.join(bases) + '"]'
        stale = [str(number) for (number,) in database.query(_STALE, (noted, now - GRAIN_S))]
        if stale:
            with database.write():
                database.query(_USED, (now, f"[{','.join(stale)}]"))
