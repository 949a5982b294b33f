"""What an open store keeps, and for how long: roots, leases, garbage collection."""

from __future__ import annotations

import os
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store.errors import PathNotFound, refusals
from eka.store.files import locked, sync_file_system
from eka.store.keep_errors import NothingKept
from eka.store.reserve import keep_reserve
from eka.store.roots import find_kept, find_roots, keep_path, let_go, link_root
from eka.store.session import STORE, Layout, Session
from eka.store.uses import Uses

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import IO, Self

    from eka.store.database import Database, PathRow
    from eka.store.gc import GcLimits, GcReport
    from eka.store.path import StorePath


class Keeping:
    """The part of `Store` that opens, closes, keeps and collects."""

    def __init__(self, layout: Layout, database: Database, boot: str, *, durable: bool) -> None:
        self._layout = layout
        self._database = database
        self._session = Session(layout)
        self._boot = boot
        self._durable = durable
        self._has_added = False
        self._uses = Uses()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._durable = self._durable and error is None  # who failed does not wait as well
        self.close()

    def close(self) -> None:
        """Wait for the medium, drop all leases, delete scratch space, close the database."""
        with refusals(self.root):
            try:
                self._uses.save(self._database)
                if self._durable:
                    self.sync()
                    keep_reserve(self.root)
            finally:
                try:  # whatever failed: this process holds nothing any more
                    self._session.close()
                finally:
                    self._database.close()

    def sync(self) -> None:
        """Wait until all that was added is on the medium; done once when the store is closed."""
        if self._has_added:
            numbers = self._database.untrusted()
            sync_file_system(self.root)
            self._database.trust(numbers)
            self._has_added = False

    @property
    def root(self) -> Path:
        """The directory of the store."""
        return self._layout.root

    @property
    def physical_root(self) -> Path:
        """The directory a sandbox shows as ``/eka/store``."""
        return self._layout.store

    def physical(self, path: StorePath) -> Path:
        """Return where a path lies on this machine; it need not exist."""
        return self._layout.store / path.base

    def has(self, path: StorePath) -> bool:
        """Tell whether a path is valid and on disk."""
        return self._database.row(path) is not None and self._is_on_disk(path)

    def require(self, paths: Iterable[StorePath]) -> None:
        """Raise `PathNotFound` for the first path that is not valid and on disk."""
        self._check(list(paths))

    def add_root(self, link: Path, target: StorePath) -> None:
        """Put a link at ``link`` that keeps ``target`` alive until it is removed.

        Raises:
            PathNotFound: The store does not hold the path.
            RootExists: Something that is no link to a store path lies there.
        """
        with refusals(link), self._database.write():
            self._row(target)
            link_root(self._layout, link.absolute(), target)
            self._has_added = True  # a root, too, must survive the loss of power
            self._uses.note((target.base,), int(self._layout.roots.stat().st_mtime))

    def roots(self) -> dict[Path, StorePath]:
        """Return the links of users, and what they keep alive."""
        with refusals(self.root):
            return find_roots(self._layout, prune=False)

    def keep(self, name: str, target: StorePath) -> None:
        """Keep a path under a name, such as that of a release, until it is let go.

        Raises:
            PathNotFound: The store does not hold the path.
            InvalidKeepName: ``name`` is not one.
        """
        with refusals(self.root), self._database.write():
            self._row(target)
            keep_path(self._database, name, target)
            self._has_added = True  # a name, too, must survive the loss of power

    def let_go(self, name: str) -> None:
        """Keep a path under this name no longer; raises `NothingKept`."""
        if not let_go(self._database, name):
            raise NothingKept(name, str(self.root))

    def kept(self) -> dict[str, StorePath]:
        """Return the names paths are kept under."""
        return find_kept(self._database)

    def hold(self, path: StorePath) -> bool:
        """Keep a path from gc until the store is closed; False when it is not in the store."""
        if not self.has(path):
            return False
        with refusals(self.root), self._database.write():
            if not self.has(path):
                return False  # it was collected just now
            self._hold((path,))
        return True

    def hold_all(self, paths: Iterable[StorePath]) -> bool:
        """Keep paths from gc until the store is closed; False when one is not in the store."""
        wanted = list(paths)
        try:
            with refusals(self.root), self._database.write():
                self._check(wanted)
                self._hold(wanted)
        except PathNotFound:
            return False
        return True

    @contextmanager
    def lease(self, paths: Iterable[StorePath]) -> Generator[None, None, None]:
        """Keep paths, and all they refer to, from gc; raises `PathNotFound` if one is gone."""
        wanted = list(paths)
        with refusals(self.root), self._database.write():
            self._check(wanted)
            self._hold(wanted)
        try:
            yield
        finally:
            self._session.release(path.base for path in wanted)

    @contextmanager
    def lock(
        self, name: str, is_wanted: Callable[[], bool] | None = None
    ) -> Generator[bool, None, None]:
        """Hold a lock shared by all processes that use the store, such as one per action.

        Args:
            name: Of the lock.
            is_wanted: Asked from time to time while another process holds it.

        Yields:
            True; False when the lock was wanted no more before it was ours.
        """
        place = self._layout.locks / digest(name.encode()).hex()[:32]
        with locked(place, is_wanted=is_wanted) as is_held:
            yield is_held

    @contextmanager
    def unfinished(self, sha256: str, size_bytes: int) -> Generator[IO[bytes], None, None]:
        """Open the file a download goes on in; it stays, as far as it came, if that breaks off.

        Args:
            sha256: What the whole file hashes to, 64 hex digits; what is in it is not checked.
            size_bytes: Of the whole file.
        """
        from eka.store.unfinished import unfinished  # noqa: PLC0415 - seldom needed

        with (
            refusals(self.root),
            unfinished(self._layout, self._session, sha256, size_bytes) as file,
        ):
            yield file

    def gc(
        self,
        limits: GcLimits | None = None,
        *,
        dry_run: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> GcReport:
        """Delete every path that no root and no running process needs.

        Args:
            limits: What may stay though nothing needs it.
            dry_run: Tell what would be deleted; delete nothing.
            on_progress: Told how many paths are gone, and how many may go.
        """
        from eka.store import gc  # noqa: PLC0415 - seldom needed
        from eka.store.unfinished import sweep  # noqa: PLC0415 - the same

        limits = limits or gc.NO_LIMITS
        with refusals(self.root):
            # Before anything is written: this may be what fills the disk.
            swept = sweep(self.root, before=limits.keep_since, dry_run=dry_run)
            self._uses.save(self._database)
            if dry_run:
                report = gc.would_collect(self._layout, self._database, limits)
                return gc.tidied(self.root, self._database, limits, report, swept)
            # Files may go only when no loss of power can bring their rows back.
            with self._database.lasting(durable=self._durable):
                report = gc.collect(
                    self._layout, self._database, self._session, limits, on_progress=on_progress
                )
                return gc.tidied(self.root, self._database, limits, report, swept)

    def quarantine(self, paths: Iterable[StorePath]) -> None:
        """Take damaged paths out of the store, so that they are made again when next needed."""
        from eka.store.gc import throw_out  # noqa: PLC0415 - seldom needed

        with refusals(self.root), self._session.moving(), self._database.write():
            throw_out(self._layout, self._session, (path.base for path in paths))

    def _row(self, path: StorePath) -> PathRow:
        row = self._database.row(path)
        if row is None or not self._is_on_disk(path):
            raise PathNotFound(path.text, str(self.root))
        return row

    def _is_on_disk(self, path: StorePath) -> bool:
        # As text: a build with hundreds of inputs asks for each of them several times.
        return os.path.lexists(f"{self._layout.root}/{STORE}/{path.base}")

    def _check(self, paths: Sequence[StorePath]) -> None:
        """Raise `PathNotFound` for the first path that is not valid and on disk."""
        valid = self._database.valid(path.base for path in paths)
        for path in paths:
            if path.base not in valid or not self._is_on_disk(path):
                raise PathNotFound(path.text, str(self.root))

    def _hold(self, paths: Iterable[StorePath]) -> None:
        """Keep paths from gc, and note that they are used; the caller holds the lock."""
        bases = [path.base for path in paths]
        self._session.hold(bases)
        self._uses.note(bases, self._session.now)
        if self._uses.is_due:
            self._uses.save(self._database)
