"""Does the store hold what its database says? Reads every byte; changes nothing."""

from __future__ import annotations

import os
import stat
from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store.references import ReferenceScanner
from eka.store.scan import digest_tree, scan_tree
from eka.store.write import DIRECTORY_BITS, EXECUTABLE_BITS, MTIME_NS, PLAIN_BITS
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from eka.store.database import Database, PathRow
    from eka.store.path import StorePath
    from eka.store.session import Layout


class FaultKind(StrEnum):
    """What can be wrong with a store."""

    MISSING = "missing"  # valid, but not on disk
    CONTENT = "content"  # other bytes than were registered
    NAME = "name"  # the bytes do not give this path
    MODE = "mode"  # something in it can be changed, or has a time of its own
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"  # on disk, but not valid
    DATABASE = "database"
    NONDETERMINISM = "nondeterminism"  # one name, several outcomes


@dataclass(frozen=True, slots=True)
class VerifyFault:
    """One thing that is wrong."""

    kind: FaultKind
    where: str
    why: str


def verify_paths(layout: Layout, rows: Iterable[PathRow]) -> Iterator[VerifyFault]:
    """Compare each path with its row."""
    for row in rows:
        root = layout.store / row.path.base
        if not os.path.lexists(root):
            yield VerifyFault(FaultKind.MISSING, row.path.text, "it is not on disk")
            continue
        try:
            yield from _verify_content(root, row)
            yield from _verify_modes(root, row.path)
        except (EkaError, OSError) as error:
            yield VerifyFault(FaultKind.UNREADABLE, row.path.text, str(error))


def damaged(layout: Layout, rows: Iterable[PathRow]) -> set[str]:
    """Return the file names of those paths that are not as they were registered."""
    return {row.path.base for row in rows if any(verify_paths(layout, (row,)))}


def verify_whole(layout: Layout, database: Database) -> Iterator[VerifyFault]:
    """Compare the store directory and the database as wholes."""
    for text in database.faults():
        yield VerifyFault(FaultKind.DATABASE, str(layout.database), text)
    with database.write():  # nobody is between a rename and its commit
        valid = database.bases()
        strays = [entry.name for entry in layout.store.iterdir() if entry.name not in valid]
    for name in sorted(strays):
        yield VerifyFault(FaultKind.UNKNOWN, str(layout.store / name), "it is not registered")


def _verify_content(root: Path, row: PathRow) -> Iterator[VerifyFault]:
    scanned = scan_tree(root, ReferenceScanner(row.path, ()))
    kind, content = scanned.tree.result()
    found = scanned.path(row.path.name)
    if scanned.mentions:
        kind, content = digest_tree(root)
    where = row.path.text
    if (kind, content) != (row.kind, row.content):
        expected = f"{row.kind} {row.content.hex()}"
        why = f"expected {expected}, found {kind} {content.hex()}"
        yield VerifyFault(FaultKind.CONTENT, where, why)
    elif found != row.path:
        yield VerifyFault(FaultKind.NAME, where, f"its content belongs at {found.text}")


def _verify_modes(root: Path, path: StorePath) -> Iterator[VerifyFault]:
    for found in [root, *(root.rglob("*") if root.is_dir() and not root.is_symlink() else ())]:
        status = found.lstat()
        bits = stat.S_IMODE(status.st_mode)
        plain = stat.S_ISREG(status.st_mode) and bits in {PLAIN_BITS, EXECUTABLE_BITS}
        shut = stat.S_ISDIR(status.st_mode) and bits == DIRECTORY_BITS
        regular = plain or shut or stat.S_ISLNK(status.st_mode)
        if not regular or status.st_mtime_ns != MTIME_NS:
            below = found.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
            place = below.decode("utf-8", "backslashreplace")
            why = f"{place}: mode {bits:o}, time {status.st_mtime_ns / 1e9:g}"
            yield VerifyFault(FaultKind.MODE, path.text, why)
            return
