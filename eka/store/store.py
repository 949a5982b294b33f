"""The store: immutable paths named by what they hold, shared by many processes."""

from __future__ import annotations

import os
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store.clearing import clear_up
from eka.store.database import Database, PathRow
from eka.store.errors import (
    ContentMismatch,
    MissingReferences,
    PathNotFound,
    UnsafeTree,
    refusals,
)
from eka.store.facts import PathInfo, StoreInfo
from eka.store.files import boot_id, delete_tree, locked, make_directory, move, sync_file_system
from eka.store.keeping import Keeping
from eka.store.output import finish_output, normalise
from eka.store.path import LOGICAL_ROOT, StorePath, check_name, store_path
from eka.store.read import read_apart
from eka.store.recording import Recording
from eka.store.references import Candidates, ReferenceScanner
from eka.store.runs import LOGS, Runs
from eka.store.scan import scan_tree
from eka.store.schema import SCHEMA_VERSION
from eka.store.session import Layout, claim_database
from eka.store.verify import FaultKind, VerifyFault, verify_paths, verify_whole
from eka.store.write import seal, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from eka.store.facts import Staged
    from eka.store.nodes import Node


class Store(Keeping, Recording):
    """An open store; use it as a context manager, or close it.

    Invariants: a path is valid once its row is committed, and only then; a valid path never
    changes; whatever this process adds or leases stays until it closes the store.
    """

    @classmethod
    def open(cls, root: Path, *, durable: bool = True) -> Self:
        """Open a store, made when missing; clear up after processes that died in it.

        Args:
            root: The directory of the store; a sandbox binds ``<root>/store``.
            durable: Wait for the medium when the store is closed. Without it, what was added
                may be lost with the power; it is never used damaged.

        Raises:
            StoreUnusable: The operating system refuses.
            StoreDamaged: The database cannot be read.
            StoreTooNew: It was written by a newer eka.
        """
        with refusals(root):
            layout = Layout(root.absolute())
            layout.create()
            # The first opener makes the tables; the others wait here.
            with locked(layout.root / "open.lock"):
                claim_database(layout)
                database = Database(layout.database)
            boot = boot_id()
            try:
                clear_up(layout, database, boot)
            except BaseException:
                database.close()
                raise
        return cls(layout, database, boot, durable=durable)

    def info(self) -> StoreInfo:
        """Return what the store is and how much it holds."""
        paths, size_bytes = self._database.totals()
        return StoreInfo(self.root, LOGICAL_ROOT, SCHEMA_VERSION, paths, size_bytes)

    def path_info(self, path: StorePath) -> PathInfo:
        """Return what is known of a path; raises `PathNotFound`."""
        row = self._row(path)
        return PathInfo(
            path,
            row.kind.value,
            row.content.hex(),
            row.size_bytes,
            self._database.references(path),
            row.registered,
        )

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Return paths and all they refer to, in order of their names."""
        wanted = list(paths)
        found = [
            StorePath.parse(base) for base in self._database.closure(each.base for each in wanted)
        ]
        for path in {*wanted, *found}.difference(filter(self._is_on_disk, found)):
            raise PathNotFound(path.text, str(self.root))
        return found

    def add_tree(
        self,
        name: str,
        nodes: Iterable[Node],
        *,
        expected: str | None = None,
        references: Collection[StorePath] = (),
    ) -> StorePath:
        """Add a tree of nodes, written and hashed in one pass.

        Args:
            name: What follows the digest in the path.
            nodes: Parents first; a hostile stream cannot write elsewhere.
            expected: Content hash (64 hex digits) it must have.
            references: Other paths that its maker wrote into it.

        Raises:
            UnsafeTree: A name leaves its directory, occurs twice, or has no parent.
            ContentMismatch: The content is not ``expected``; nothing was added.
        """
        check_name(name)
        with refusals(self.root), self._work() as work:
            place = work / name
            written = write_tree(place, nodes)
            found = written.content.hex()
            if expected is not None and found != expected:
                raise ContentMismatch(name, expected=expected, found=found)
            path = store_path(written.kind, written.content, name)
            row = PathRow(
                path, written.kind, written.content, written.size_bytes, _finished(place)
            )
            self._register(place, row, references)
        return path

    def add_path(self, name: str, source: Path, *, expected: str | None = None) -> StorePath:
        """Add a file, directory or link of the file system; links are kept, not followed.

        Raises:
            SourceUnreadable: It does not exist or may not be read.
            UnsafeTree: It holds a device, a pipe or a socket, or the store itself.
        """
        check_name(name)  # the words of the user, before what they lead to
        return self.add_tree(name, read_apart(source, self.root), expected=expected)

    def staging(self, name: str) -> Path:
        """Return a new empty directory on the file system of the store, to build in.

        It dies with this process; `discard` deletes it earlier.
        """
        check_name(name)
        with refusals(self.root):
            directory = self._session.scratch(self._layout.tmp) / name
            make_directory(directory)
        return directory

    def discard(self, staged: Path) -> None:
        """Delete a directory got from `staging`, read-only parts included."""
        with refusals(staged):
            delete_tree(staged)

    def register_output(
        self,
        name: str,
        built: Path,
        *,
        placeholder: StorePath,
        candidates: Candidates | Collection[StorePath],
        references: Collection[StorePath] = (),
    ) -> StorePath:
        """Make a path of what a build left at ``built``; it is moved away from there.

        Args:
            name: The name of the output, the same as the placeholder's.
            built: A file, link or directory below `staging`.
            placeholder: The path the build was told to write to; where the output mentions it,
                the final path is written.
            candidates: What the output may refer to: the inputs and what they refer to; and
                whether the scan is strict.
            references: What it refers to in any case.

        Raises:
            UnsafeTree: It holds a device, a pipe or a socket; or, if the scan is strict, its own
                digest where it cannot be told from other bytes.
            MissingReferences: It refers to a path that is not valid.
        """
        check_name(name)
        scanner = ReferenceScanner(placeholder, candidates)
        with refusals(built), self._work() as work:
            normalise(built)
            scanned = scan_tree(built, scanner)
            if scanner.hides_itself:
                why = f"its own digest stands there without {LOGICAL_ROOT}/ before it"
                raise UnsafeTree(name, why)
            path = scanned.path(name)
            kind, content = finish_output(built, scanned, path, work)
            row = PathRow(path, kind, content, scanned.size_bytes, _finished(built))
            self._register(built, row, {*scanner.found, *references})
        return path

    def register_all(self, staged: Iterable[Staged], then: Callable[[], None]) -> None:
        """Make finished trees valid and carry out ``then``: all of it happens, or nothing.

        Raises:
            MissingReferences: One refers to a path that is not valid, nor before it.
        """
        with refusals(self.root), self._session.moving(), self._database.write():
            for each in staged:
                kind, content = each.written.kind, each.written.content
                made = _finished(each.place)
                row = PathRow(each.path, kind, content, each.written.size_bytes, made)
                self._register(each.place, row, each.references)
            then()

    def alias(self, scheme: str, identity: str, name: str) -> StorePath | None:
        """Return the path known to hold what ``identity`` names, kept as if it was added."""
        path = self._database.alias(scheme, identity, name)
        return path if path is not None and self.hold(path) else None

    def set_alias(self, scheme: str, identity: str, path: StorePath) -> None:
        """Remember that ``identity`` names the content of ``path``."""
        with self._database.write():
            self._row(path)
            self._database.set_alias(scheme, identity, path)

    def digest(self, path: StorePath, scheme: str) -> tuple[str, int] | None:
        """Return what other systems call a path, and the size that belongs to it."""
        return self._database.digest(path, scheme)

    def set_digest(self, path: StorePath, scheme: str, value: str, size_bytes: int) -> None:
        """Remember what other systems call a path, for as long as the store holds it."""
        self._database.set_digest(path, scheme, value, size_bytes)

    def path_by_digest(self, digest32: str) -> StorePath | None:
        """Return the path whose name begins with a digest of 32 letters."""
        return self._database.path_by_digest(digest32)

    def path_with_digest(self, scheme: str, value: str) -> StorePath | None:
        """Return a path that other systems are known to call so."""
        return self._database.path_with_digest(scheme, value)

    @property
    def runs(self) -> Runs:
        """What was performed in this store: how it ended, how long it took, and its log."""
        return Runs(self.root / LOGS, self._database)

    def verify(
        self,
        paths: Iterable[StorePath] | None = None,
        *,
        on_path: Callable[[int, int], None] | None = None,
    ) -> list[VerifyFault]:
        """Read paths again (all, when None) and compare them with the database.

        ``on_path`` is told before each how many were compared, and how many there are.
        """
        with refusals(self.root):
            if paths is not None:
                return list(self._faults(_told([self._row(path) for path in paths], on_path)))
            faults = list(verify_whole(self._layout, self._database))
            faults += self._faults(_told(self._database.rows(), on_path))
        for found in self.nondeterminism():
            refined = ", ".join(sorted({outcome.refined for outcome in found.outcomes}))
            where = f"{found.kind} {found.name}"
            faults.append(VerifyFault(FaultKind.NONDETERMINISM, where, refined))
        return faults

    def _faults(self, rows: Iterable[PathRow]) -> Iterator[VerifyFault]:
        """Yield what is wrong with paths.

        A path that another process collects, or makes anew, looks damaged for a moment: what
        seems wrong is kept from that and looked at again.
        """
        for row in rows:
            if not any(verify_paths(self._layout, (row,))):
                continue
            with self._database.write():
                now = self._database.row(row.path)
                if now is not None:
                    self._hold((row.path,))
            if now is not None:
                yield from verify_paths(self._layout, (now,))

    @contextmanager
    def _work(self) -> Generator[Path, None, None]:
        directory = self._session.scratch(self._layout.tmp)
        try:
            yield directory
        finally:
            delete_tree(directory)

    def _register(self, written: Path, row: PathRow, references: Collection[StorePath]) -> None:
        """Make a finished tree valid: bytes, rename, commit, in this order."""
        path = row.path
        if not self._boot and self._durable:
            sync_file_system(self.root)  # a loss of power could not be noticed later
        with self._session.moving(), self._database.write():
            missing = [each.text for each in references if self._database.row(each) is None]
            if missing:
                raise MissingReferences(path.text, missing)
            self._hold((path,))
            known = self._database.row(path) is not None
            if not (known and self._is_on_disk(path)):
                self._put(written, path)
                self._has_added = True
                self._database.distrust(path, self._boot or None)
            if not known:
                self._database.insert(row, self._boot or None)
            self._database.refer(path, references)

    def _put(self, written: Path, path: StorePath) -> None:
        home = self.physical(path)
        if os.path.lexists(home):  # left by a process that died before its commit
            move(home, self._session.scratch(self._layout.trash) / path.base)
        move(written, home)
        seal(home)


def _finished(written: Path) -> int:
    """Return when a tree was finished, by the clock of the file system."""
    return int(written.lstat().st_ctime)


def _told(
    rows: Sequence[PathRow], on_path: Callable[[int, int], None] | None
) -> Iterator[PathRow]:
    for number, row in enumerate(rows):
        if on_path is not None:
            on_path(number, len(rows))
        yield row
