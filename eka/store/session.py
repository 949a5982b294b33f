"""What one running process has under way: scratch space, and paths that gc must spare.

A session is a locked file in ``sessions/`` and a directory of the same name in ``tmp/`` and
``trash/``. The kernel drops the lock when the process dies, however it dies; the next process
to open the store clears up after it.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store.errors import StoreDamaged
from eka.store.files import delete_tree, lock_file, make_directory
from eka.store.write import write_all
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path


STORE = "store"  # directory below that of the store


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are below the directory of a store."""

    root: Path

    @property
    def database(self) -> Path:
        """The database."""
        return self.root / "db.sqlite"

    @property
    def store(self) -> Path:
        """The store paths; a sandbox shows it as ``/eka/store``."""
        return self.root / STORE

    @property
    def tmp(self) -> Path:
        """What is being written, one directory per session."""
        return self.root / "tmp"

    @property
    def trash(self) -> Path:
        """What is being deleted, one directory per session."""
        return self.root / "trash"

    @property
    def sessions(self) -> Path:
        """One locked file per running process."""
        return self.root / "sessions"

    @property
    def roots(self) -> Path:
        """Links to the links of users that keep paths alive."""
        return self.root / "roots"

    @property
    def locks(self) -> Path:
        """Locks by name, such as one per action."""
        return self.root / "locks"

    def create(self) -> None:
        """Make the directories that are missing."""
        below = (self.store, self.tmp, self.trash, self.sessions, self.roots, self.locks)
        for directory in below:
            make_directory(directory)


def claim_database(layout: Layout) -> None:
    """Make an empty database file for an empty store, one its owner can use under any umask.

    A store that lost its database gets no new one: all its paths would be strays.
    """
    descriptor = os.open(layout.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(descriptor)
        if status.st_size == 0:
            if any(layout.store.iterdir()):
                why = "it is missing or empty, yet the store holds paths"
                raise StoreDamaged(str(layout.database), why)
            os.fchmod(descriptor, status.st_mode | 0o600)
    finally:
        os.close(descriptor)


class Session:
    """The mark of this process in a store; made when first needed."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._guard = threading.RLock()
        self._descriptor: int | None = None
        self._id = ""
        self._count = 0
        self._untidy = False

    def scratch(self, area: Path) -> Path:
        """Return a new empty directory below ``area`` that dies with this process."""
        with self._guard:
            self._start()
            self._count += 1
            directory = area / self._id / str(self._count)
            make_directory(directory)
            return directory

    def hold(self, bases: Iterable[str]) -> None:
        """Keep paths from gc; the caller holds the lock of the store."""
        self._note(b"+", bases)

    @property
    def now(self) -> int:
        """When this process last held something, by the clock of the file system."""
        with self._guard:
            return 0 if self._descriptor is None else int(os.fstat(self._descriptor).st_mtime)

    def release(self, bases: Iterable[str]) -> None:
        """Undo one `hold`."""
        self._note(b"-", bases)

    @contextmanager
    def moving(self) -> Generator[None, None, None]:
        """Paths are moved here; if this is cut off before its commit, the next process tidies."""
        try:
            yield
        except BaseException:
            self._untidy = True
            raise

    def close(self) -> None:
        """Drop everything held and delete what was left behind."""
        with self._guard:
            if self._descriptor is None:
                return
            try:
                if not self._untidy:
                    for area in (self._layout.tmp, self._layout.trash):
                        delete_tree(area / self._id)
                    (self._layout.sessions / self._id).unlink(missing_ok=True)
            finally:
                # What could not be deleted is left to the next one to open the store.
                os.close(self._descriptor)
                self._descriptor = None

    def _note(self, sign: bytes, bases: Iterable[str]) -> None:
        text = b"".join(sign + base.encode() + b"\n" for base in bases)
        with self._guard:
            self._start()
            if self._descriptor is not None:
                write_all(self._descriptor, text)

    def _start(self) -> None:
        while self._descriptor is None:
            name = os.urandom(8).hex()
            # Somebody who clears up may take the lock before us and remove the file;
            # lock_file then makes it anew.
            self._descriptor = lock_file(self._layout.sessions / name)
            self._id = name


def held(layout: Layout) -> set[str]:
    """Return what running processes hold; the caller holds the lock of the store."""
    found: set[str] = set()
    for file in layout.sessions.iterdir():
        descriptor = lock_file(file, wait=False, create=False)
        if descriptor is not None:
            os.close(descriptor)  # its process is dead
            continue
        found |= _held_by(file)
    return found


def _held_by(file: Path) -> set[str]:
    counts: Counter[str] = Counter()
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return set()  # it ended just now
    for line in lines:
        counts[line[1:]] += 1 if line.startswith("+") else -1
    return {base for base, count in counts.items() if count > 0}
