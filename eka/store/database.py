"""The database of the store: what is valid, what refers to what, what reduced to what.

Its write transaction is the one lock of the store: whoever registers or collects paths holds it,
so a path and its row change together as far as other processes can see.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store.errors import InvalidStorePath, StoreBusy, StoreDamaged, StoreTooNew, StoreUnusable
from eka.store.path import NodeKind, StorePath
from eka.store.schema import SCHEMA_VERSION, STEPS
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from eka.errors import EkaError

BUSY_TIMEOUT_S = 120.0
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ROWS = "SELECT base, kind, content, size_bytes, registered FROM paths"
_REACHED = """
WITH RECURSIVE reached(id) AS (
    SELECT paths.id FROM json_each(?) JOIN paths ON paths.base = json_each.value
    UNION
    SELECT refs.reference FROM refs JOIN reached ON refs.referrer = reached.id
)
SELECT base FROM paths WHERE id IN reached ORDER BY base
"""


@dataclass(frozen=True, slots=True)
class PathRow:
    """What the database knows of one path."""

    path: StorePath
    kind: NodeKind
    content: bytes
    size_bytes: int
    registered: int  # seconds since 1970, by the clock of the file system


class Database:
    """One connection, shared by the threads of a process."""

    def __init__(self, file: Path, *, timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._file = file
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._depth = 0
        with self._translated():
            self._connection = sqlite3.connect(
                file, timeout=timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def write(self) -> Generator[None, None, None]:
        """Hold the lock of the store; all changes inside happen or none."""
        with self._lock, self._translated():
            if self._depth:
                yield
                return
            try:
                # Who is stopped while this waits has begun when it is noticed.
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    @contextmanager
    def lasting(self, *, durable: bool) -> Generator[None, None, None]:
        """Let each commit inside be on the medium before what follows it, if ``durable``."""
        if not durable:
            yield
            return
        self._query("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._query("PRAGMA synchronous = NORMAL")

    def row(self, path: StorePath) -> PathRow | None:
        """Return what is known of a path; None when it is not valid."""
        found = self._query(f"{_ROWS} WHERE base = ?", (path.base,))
        return self._row(found[0]) if found else None

    def rows(self) -> list[PathRow]:
        """Return every valid path, in order of their names."""
        return [self._row(found) for found in self._query(f"{_ROWS} ORDER BY base")]

    def bases(self) -> set[str]:
        """Return the file names of all valid paths."""
        return {str(base) for (base,) in self._query("SELECT base FROM paths")}

    def totals(self) -> tuple[int, int]:
        """Return how many paths are valid and how many bytes they hold."""
        found = self._query("SELECT count(*), coalesce(sum(size_bytes), 0) FROM paths")
        return int(str(found[0][0])), int(str(found[0][1]))

    def references(self, path: StorePath) -> tuple[StorePath, ...]:
        """Return the paths a path refers to."""
        found = self._query(
            "SELECT target.base FROM paths source JOIN refs ON refs.referrer = source.id"
            " JOIN paths target ON target.id = refs.reference WHERE source.base = ?"
            " ORDER BY target.base",
            (path.base,),
        )
        return tuple(StorePath.parse(str(base)) for (base,) in found)

    def valid(self, bases: Iterable[str]) -> set[str]:
        """Return those of the paths that are valid."""
        sql = "SELECT base FROM paths WHERE base IN (SELECT value FROM json_each(?))"
        return {str(base) for (base,) in self._query(sql, (json.dumps(list(bases)),))}

    def closure(self, bases: Iterable[str]) -> list[str]:
        """Return those of the paths that are valid, and all they refer to, in order."""
        found = self._query(_REACHED, (json.dumps(list(bases)),))
        return [str(base) for (base,) in found]

    def insert(self, row: PathRow, boot: str | None) -> None:
        """Make a path valid; ``boot`` is None when its bytes are on the medium."""
        self._query(
            "INSERT INTO paths (base, kind, content, size_bytes, registered, boot)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (row.path.base, row.kind.value, row.content, row.size_bytes, row.registered, boot),
        )

    def last_boot(self) -> str:
        """Return the boot of the machine in which the store was last opened."""
        return str(self._query("SELECT boot FROM machine")[0][0])

    def suspects(self) -> list[PathRow]:
        """Return the paths whose bytes may not have reached the medium."""
        return [self._row(found) for found in self._query(f"{_ROWS} WHERE boot IS NOT NULL")]

    def begin_boot(self, boot: str) -> None:
        """Remember the boot of the machine; what was suspect has been looked at."""
        self._query("UPDATE paths SET boot = NULL WHERE boot IS NOT NULL")
        self._query("UPDATE machine SET boot = ?", (boot,))

    def distrust(self, path: StorePath, boot: str | None) -> None:
        """Note that the bytes of a path were written anew."""
        self._query("UPDATE paths SET boot = ? WHERE base = ?", (boot, path.base))

    def untrusted(self) -> list[int]:
        """Return the numbers of the paths that are not known to be on the medium."""
        found = self._query("SELECT id FROM paths WHERE boot IS NOT NULL")
        return [int(str(number)) for (number,) in found]

    def trust(self, numbers: Iterable[int]) -> None:
        """Note that paths are on the medium."""
        with self.write():
            for number in numbers:
                self._query("UPDATE paths SET boot = NULL WHERE id = ?", (number,))

    def refer(self, path: StorePath, references: Iterable[StorePath]) -> None:
        """Add references; those known stay."""
        for reference in references:
            self._query(
                "INSERT OR IGNORE INTO refs SELECT source.id, target.id"
                " FROM paths source, paths target WHERE source.base = ? AND target.base = ?",
                (path.base, reference.base),
            )

    def delete(self, bases: Iterable[str]) -> None:
        """Make paths invalid, their references and aliases with them."""
        with self._lock, self._translated():
            self._connection.executemany(
                "DELETE FROM paths WHERE base = ?", ((base,) for base in bases)
            )

    def set_alias(self, scheme: str, digest: str, path: StorePath) -> None:
        """Remember that what ``digest`` names in ``scheme`` is the content of ``path``."""
        self._query(
            "INSERT OR REPLACE INTO aliases SELECT ?, ?, ?, id FROM paths WHERE base = ?",
            (scheme, digest, path.name, path.base),
        )

    def alias(self, scheme: str, digest: str, name: str) -> StorePath | None:
        """Return the path an alias stands for."""
        found = self._query(
            "SELECT base FROM aliases JOIN paths ON paths.id = aliases.path"
            " WHERE scheme = ? AND digest = ? AND aliases.name = ?",
            (scheme, digest, name),
        )
        return StorePath.parse(str(found[0][0])) if found else None

    def digest(self, path: StorePath, scheme: str) -> tuple[str, int] | None:
        """Return what a path is called in ``scheme``, and the size that belongs to it."""
        found = self._query(
            "SELECT value, digests.size_bytes FROM digests JOIN paths ON paths.id = digests.path"
            " WHERE base = ? AND scheme = ?",
            (path.base, scheme),
        )
        return (str(found[0][0]), int(str(found[0][1]))) if found else None

    def path_by_digest(self, digest32: str) -> StorePath | None:
        """Return the path whose name begins with a digest."""
        # "." comes right after "-".
        found = self._query(
            "SELECT base FROM paths WHERE base > ? AND base < ?", (f"{digest32}-", f"{digest32}.")
        )
        return StorePath.parse(str(found[0][0])) if found else None

    def path_with_digest(self, scheme: str, value: str) -> StorePath | None:
        """Return a path that is called so in ``scheme``."""
        found = self._query(
            "SELECT base FROM digests JOIN paths ON paths.id = digests.path"
            " WHERE scheme = ? AND value = ?",
            (scheme, value),
        )
        return StorePath.parse(str(found[0][0])) if found else None

    def set_digest(self, path: StorePath, scheme: str, value: str, size_bytes: int) -> None:
        """Remember what a path is called in ``scheme``; of a path that is not valid, nothing."""
        self._query(
            "INSERT OR REPLACE INTO digests SELECT id, ?, ?, ? FROM paths WHERE base = ?",
            (scheme, value, size_bytes, path.base),
        )

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run one statement, for the modules that keep a table of their own; return its rows."""
        return self._query(sql, values)

    def each(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a query that may have millions; the caller takes them all."""
        with self._lock, self._translated():
            yield from self._connection.execute(sql, values)

    def faults(self) -> list[str]:
        """Return what sqlite finds wrong with the file and its references."""
        found = [str(text) for (text,) in self._query("PRAGMA integrity_check(20)")]
        broken = [str(row[0]) for row in self._query("PRAGMA foreign_key_check")]
        return [text for text in found if text != "ok"] + [
            f"a row of {table} points nowhere" for table in broken
        ]

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise self._told(error) from error

    def _row(self, found: Sequence[object]) -> PathRow:
        base, kind, content, size_bytes, registered = found
        try:
            return PathRow(
                StorePath.parse(str(base)),
                NodeKind(str(kind)),
                bytes(content) if isinstance(content, bytes) else b"",
                int(str(size_bytes)),
                int(str(registered)),
            )
        except (ValueError, InvalidStorePath) as error:  # sqlite reads what a bad disk gives it
            raise StoreDamaged(str(self._file), f"the row of {base!r} makes no sense") from error

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        # A commit may be lost with the power until the store is closed; it is never torn.
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA temp_store = MEMORY")
        version = self._version()
        if version > SCHEMA_VERSION:
            raise StoreTooNew(str(self._file), expected=SCHEMA_VERSION, found=version)
        if version < SCHEMA_VERSION:
            steps = "".join(STEPS[version:])
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _translated(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> EkaError:
        """Return what an error of the database means to whoever uses the store."""
        # Only the lowest byte names the kind; errors of the module itself carry none.
        number = getattr(error, "sqlite_errorcode", 0) & 0xFF
        place, why = str(self._file), str(error)
        if number in _BUSY:
            return StoreBusy(place, self._timeout_s)
        if number in _DAMAGED:
            return StoreDamaged(place, why)
        return StoreUnusable(place, why)


def is_storable(text: str) -> bool:
    """Tell whether a database could hold a text: bytes that are no UTF-8 come as half letters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
