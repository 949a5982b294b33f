"""Runs: every time an action was performed, how long that took, and what it said.

The table is not part of what the store vouches for: it may be emptied at any time.
"""

from __future__ import annotations

from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.store.database import is_storable
from eka.store.files import make_directory
from eka.store.path import LOGICAL_ROOT
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eka.store.database import Database
    from eka.store.path import StorePath

LOGS = "log"  # directory below that of the store
MAX_LOG_BYTES = 1 << 30  # all logs together, compressed
MAX_RUNS = 20_000
MIN_DIGITS = 6  # of an action id that is shortened
_RECENT = 3  # runs that tell how long the next one will take
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'run_outputs'"
_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        action TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        outcome TEXT NOT NULL,
        began INTEGER NOT NULL DEFAULT (strftime('%s', 'now')),
        duration_ms INTEGER NOT NULL DEFAULT 0,
        log TEXT NOT NULL DEFAULT '',
        log_bytes INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX IF NOT EXISTS runs_by_name ON runs (name, id)",
    "CREATE INDEX IF NOT EXISTS runs_by_action ON runs (action, id)",
    """
    CREATE TABLE IF NOT EXISTS run_outputs (
        base TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        PRIMARY KEY (base, run)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS run_outputs_by_run ON run_outputs (run)",
)
_COLUMNS = "SELECT id, action, name, kind, outcome, began, duration_ms, log, log_bytes FROM runs"


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "running"  # or its process was killed before it could say how it ended
    BUILT = "built"
    FAILED = "failed"
    STOPPED = "stopped"  # it was told to


@dataclass(frozen=True, slots=True)
class Run:
    """One time an action was performed."""

    number: int  # grows with time
    action: str  # action id, 64 hex digits
    name: str  # of the action
    kind: str
    outcome: RunOutcome
    began: int  # seconds since 1970
    duration_ms: int  # 0 while it runs
    log: Path | None  # a gzip file; None for what keeps no log, or when it was pruned
    log_bytes: int  # compressed, 0 while it runs


class Runs:
    """The runs of one store.

    Args:
        directory: Where the logs are.
        database: The store's.
    """

    def __init__(self, directory: Path, database: Database) -> None:
        self._directory = directory
        self._database = database
        self._is_ready = False

    def begin(self, action: str, name: str, kind: str, *, has_log: bool) -> Run:
        """Note that an action is being performed; return the run, with a place for its log."""
        self._prepare()
        with self._database.write():
            self._query(
                "INSERT INTO runs (action, name, kind, outcome) VALUES (?, ?, ?, ?)",
                (action, name, kind, RunOutcome.RUNNING.value),
            )
            ((number,),) = self._query("SELECT last_insert_rowid()")
            if has_log:
                file = f"{action[:16]}-{number}-{name[:100]}.log.gz"
                self._query("UPDATE runs SET log = ? WHERE id = ?", (file, number))
            (found,) = self._found("WHERE id = ?", (number,))
        if has_log:
            make_directory(self._directory)
        return found

    def end(
        self, run: Run, outcome: RunOutcome, duration_s: float, outputs: Iterable[StorePath] = ()
    ) -> None:
        """Note how a run ended and what it made."""
        self._prepare()
        size = run.log.stat().st_size if run.log is not None and run.log.exists() else 0
        with self._database.write():
            self._query(
                "UPDATE runs SET outcome = ?, duration_ms = ?, log_bytes = ? WHERE id = ?",
                (outcome.value, round(duration_s * 1000), size, run.number),
            )
            for path in outputs:
                self._query(
                    "INSERT OR IGNORE INTO run_outputs SELECT ?, id FROM runs WHERE id = ?",
                    (path.base, run.number),
                )

    def expected_s(self, names: Iterable[str]) -> dict[str, float]:
        """Return how long actions took lately, by name; those never performed are left out."""
        if not self._is_there():
            return {}
        from statistics import median  # noqa: PLC0415 - costs start-up time

        found: dict[str, float] = {}
        for name in dict.fromkeys(names):
            rows = self._query(
                "SELECT duration_ms FROM runs WHERE name = ? AND outcome = ?"
                " ORDER BY id DESC LIMIT ?",
                (name, RunOutcome.BUILT.value, _RECENT),
            )
            if rows:
                found[name] = median(int(str(each)) for (each,) in rows) / 1000
        return found

    def find(self, wanted: str, *, limit: int = 100) -> list[Run]:
        """Return the runs that ``wanted`` means, the newest first.

        Args:
            wanted: An action id or its first digits (6 at least), an output's store path (the
                whole, or what follows the last ``/``), or the name of an action.
            limit: How many at most.
        """
        if not self._is_there() or not is_storable(wanted):
            return []
        base = wanted.removeprefix(f"{LOGICAL_ROOT}/")
        by_output = "WHERE id IN (SELECT run FROM run_outputs WHERE base = ?)"
        tries: list[tuple[str, Sequence[object]]] = [(by_output, (base,))]
        if len(wanted) >= MIN_DIGITS and set(wanted) <= set("0123456789abcdef"):
            tries.append(("WHERE action >= ? AND action < ?", (wanted, wanted + "g")))
        tries.append(("WHERE name = ?", (wanted,)))
        for where, values in tries:
            found = self._found(f"{where} ORDER BY id DESC LIMIT ?", (*values, limit))
            if found:
                return found
        return []

    def recent(self, *, limit: int = 100) -> list[Run]:
        """Return the last runs, the newest first."""
        return self._found("ORDER BY id DESC LIMIT ?", (limit,)) if self._is_there() else []

    def current(self, run: Run) -> Run:
        """Return what is known of a run now; itself when it was forgotten."""
        found = self._found("WHERE id = ?", (run.number,))
        return found[0] if found else run

    def outputs(self, run: Run) -> list[str]:
        """Return the bases of the store paths a run made."""
        found = self._query(
            "SELECT base FROM run_outputs WHERE run = ? ORDER BY base", (run.number,)
        )
        return [str(base) for (base,) in found]

    def prune(self, *, max_bytes: int = MAX_LOG_BYTES, max_runs: int = MAX_RUNS) -> int:
        """Forget the oldest runs, with their logs, beyond a size or a number; return how many."""
        if not self._is_there():
            return 0
        with self._database.write():
            gone = self._too_many(max_bytes, max_runs)
            for run in gone:
                self._query("DELETE FROM runs WHERE id = ?", (run.number,))
        for run in gone:
            if run.log is not None:
                run.log.unlink(missing_ok=True)
        return len(gone)

    def _too_many(self, max_bytes: int, max_runs: int) -> list[Run]:
        ((size, count),) = self._query("SELECT coalesce(sum(log_bytes), 0), count(*) FROM runs")
        left_bytes, left_runs = int(str(size)), int(str(count))
        if left_bytes <= max_bytes and left_runs <= max_runs:
            return []
        found: list[Run] = []
        for run in self._found("ORDER BY id", ()):
            if left_bytes <= max_bytes and left_runs <= max_runs:
                break
            if run.outcome is not RunOutcome.RUNNING or left_runs > max_runs:
                found.append(run)
                left_bytes, left_runs = left_bytes - run.log_bytes, left_runs - 1
        return found

    def _found(self, where: str, values: Sequence[object]) -> list[Run]:
        return [self._run(row) for row in self._query(f"{_COLUMNS} {where}", values)]

    def _run(self, row: Sequence[object]) -> Run:
        number, action, name, kind, outcome, began, duration_ms, log, log_bytes = map(str, row)
        return Run(
            number=int(number),
            action=action,
            name=name,
            kind=kind,
            outcome=RunOutcome(outcome),
            began=int(began),
            duration_ms=int(duration_ms),
            log=self._directory / log if log else None,
            log_bytes=int(log_bytes),
        )

    def _is_there(self) -> bool:
        self._is_ready = self._is_ready or bool(self._query(_IS_THERE))
        return self._is_ready

    def _prepare(self) -> None:
        if not self._is_there():
            with self._database.write():
                for statement in _TABLES:
                    self._query(statement)

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return self._database.query(sql, values)
