"""What a collection deletes beside paths: old runs with their logs, unfinished downloads."""

from __future__ import annotations

import json
from contextlib import suppress

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from eka.store.database import Database
    from eka.store.path import StorePath

MAX_RUN_AGE_S = 30 * 24 * 3600
_SUFFIX = ".log.gz"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'run_outputs'"
# The last success of each name tells how long the next one takes.
_OLD = """
SELECT id FROM runs
WHERE began < coalesce(?, CAST(strftime('%s', 'now') AS INTEGER) - ?)
AND id NOT IN (
    SELECT run FROM run_outputs JOIN paths ON paths.base = run_outputs.base
    WHERE paths.base NOT IN (SELECT value FROM json_each(?))
)
AND id NOT IN (SELECT max(id) FROM runs WHERE outcome = 'built' GROUP BY name)
"""
_LOGS = "SELECT log FROM runs WHERE id NOT IN (SELECT value FROM json_each(?))"
_FORGET = "DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a collection deleted, or would delete, beside paths."""

    runs: int = 0  # forgotten
    log_bytes: int = 0  # of their logs, compressed
    unfinished: int = 0  # downloads
    unfinished_bytes: int = 0


def forget_runs(
    logs: Path,
    database: Database,
    gone: Iterable[StorePath],
    *,
    keep_since: int | None,
    dry_run: bool,
) -> tuple[int, int]:
    """Forget old runs that made nothing the store holds, and delete their logs.

    Args:
        logs: Directory of the logs.
        database: Of the store.
        gone: Paths that count as deleted, though they are in the database.
        keep_since: Runs that began then or later stay, seconds since 1970; None: those of the last
            30 days.
        dry_run: Only tell.

    Returns:
        How many runs, and how many bytes of logs; logs of no run are among them.

    Source: atom-spec/build.md [run-forget].
    """
    if not database.query(_IS_THERE):
        return 0, 0
    bases = json.dumps([path.base for path in gone])
    with database.write():  # no run begins in here, whose log would seem to be nobody's
        found = database.query(_OLD, (keep_since, MAX_RUN_AGE_S, bases))
        numbers = json.dumps([number for (number,) in found])
        known = {str(log) for (log,) in database.query(_LOGS, (numbers,))}
        files = _logs_but(logs, known)
        if found and not dry_run:
            database.query(_FORGET, (numbers,))
    size_bytes = 0
    for place in files:
        with suppress(FileNotFoundError):
            size_bytes += place.lstat().st_size
            if not dry_run:
                place.unlink()
    return len(found), size_bytes


def _logs_but(logs: Path, known: set[str]) -> list[Path]:
    with suppress(FileNotFoundError):
        found = sorted(logs.iterdir())
        return [each for each in found if each.name.endswith(_SUFFIX) and each.name not in known]
    return []
