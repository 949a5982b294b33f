"""Writes refs and objects of the working repository, so that a kill at any moment can be healed.

Git's own transactions survive neither a kill nor a power cut: they leave lock files behind that
block those refs for ever. So a journal says beforehand which refs are about to be locked, and
whoever holds eka's lock next clears what the journal names.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.repository_errors import RepositoryNotWritable
from eka.git.runner import GitFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.git.work_repository import WorkRepository

LOCK_NAME = "eka.lock"
# What is acknowledged must survive a power cut: objects, packs and refs reach the disk first.
_DURABLE = ("core.fsync=committed,reference", "core.fsyncMethod=fsync")
# To wait for thousands of files one after another takes a busy disk half a minute: that many are
# written without waiting, then the file system is waited for once.
_MANY_REFS = 256
_UNSYNCED = ("core.fsync=none",)
_MAX_REF_BYTES = 1024  # a file that names an object is far smaller
_OWN_NAMESPACES = ("refs/atoms/", "refs/eka/", "refs/ekala/")


class RefLocked(EkaError):
    """A ref that another program holds locked, or left locked when it died."""

    code = "ref-locked"

    def __init__(self, why: str) -> None:
        super().__init__(
            what="a ref of the repository cannot be written",
            why=why,
            fix="wait for the other git command; if none runs, delete the `.lock` file it left",
        )


class RefsMoved(EkaError):
    """A ref was created or changed by another program between our look and our write."""

    code = "refs-moved"

    def __init__(self, name: str) -> None:
        super().__init__(
            what="a ref changed while it was about to be written",
            where=name,
            why="another program wrote it at the same moment",
            fix="run the command again",
        )
        self.name = name


class LocalRefs:
    """Writes to a repository while holding eka's lock on it; made by `locked`."""

    def __init__(self, repository: WorkRepository, journal: int) -> None:
        self._repository = repository
        self._journal = journal

    @property
    def descriptor(self) -> int:
        """The open file that holds the lock; whoever inherits it holds the lock too."""
        return self._journal

    def add_pack(self, pack: bytes) -> None:
        """Add the objects of a pack; git checks each, and what they refer to."""
        self._repository.git(
            ["index-pack", "--stdin", "--strict"],
            stdin=pack,
            config=_DURABLE,
            inherited=(self._journal,),
        )

    def write(self, refs: Mapping[str, ObjectId]) -> None:
        """Let each ref have its value, all in one transaction.

        Refs that have it already are left alone; one with another value is moved, unless it
        changes at the same moment: then RefsMoved, and nothing is written.
        """
        found = self._repository.exact_refs(refs)
        changes = {name: oid for name, oid in refs.items() if found.get(name) != oid}
        if not changes:
            return
        zero = "0" * len(next(iter(changes.values())).hex)
        lines: list[str] = []
        for name, oid in sorted(changes.items()):
            old = found[name].hex if name in found else zero
            lines.append(f"update {name} {oid.hex} {old}")
        self._commit(changes, lines)

    def remove(self, names: Collection[str]) -> None:
        """Delete those of the refs ``names`` that exist, all in one transaction."""
        found = self._repository.exact_refs(names)
        if found:
            self._commit(found, [f"delete {name} {oid.hex}" for name, oid in found.items()])

    def _commit(self, changes: Mapping[str, ObjectId], commands: Sequence[str]) -> None:
        """Run a ref transaction, its refs noted beforehand in the journal."""
        lines = ["start", *commands, "prepare", "commit", ""]
        is_bulk = len(changes) > _MANY_REFS
        self._write_journal(changes)
        try:
            self._repository.git(
                ["update-ref", "--stdin"],
                stdin="\n".join(lines).encode(),
                config=_UNSYNCED if is_bulk else _DURABLE,
                inherited=(self._journal,),
            )
        except GitFailed as error:
            if error.status >= 0:  # it ended by itself, and took its locks with it
                self._write_journal({})
            raise self._explained(error, changes) from error
        if is_bulk:
            _wait_for_disk(self._repository.common_dir)
        self._write_journal({})

    def create(self, refs: Mapping[str, ObjectId]) -> None:
        """Create refs that must not exist yet, all in one transaction; raises RefsMoved."""
        found = self._repository.exact_refs(refs)
        for name, oid in found.items():
            if name in refs and refs[name] != oid:
                raise RefsMoved(name)
        self.write(refs)

    def _explained(self, error: GitFailed, changes: Mapping[str, ObjectId]) -> EkaError:
        """Return what the refusal of a ref transaction means."""
        if ".lock" in error.stderr and "File exists" in error.stderr:
            return RefLocked(error.why)
        if "but expected" in error.stderr or "reference already exists" in error.stderr:
            moved = [name for name in sorted(changes) if f"'{name}'" in error.stderr]
            return RefsMoved(moved[0] if moved else "")
        return error

    def _write_journal(self, refs: Mapping[str, ObjectId]) -> None:
        data = "".join(f"{name}\n" for name in sorted(refs)).encode()
        os.ftruncate(self._journal, 0)
        os.pwrite(self._journal, data, 0)
        os.fsync(self._journal)

    def clear_stale_locks(self) -> list[str]:
        """Remove what a killed eka left of lock files; return the refs that were blocked.

        Nobody else can be behind them: whoever wrote the journal held our lock, and so did the git
        command it started, for as long as that ran. Of refs that were being written when the power
        failed, files without content may be left: they go too, the next publish writes them anew.
        """
        journal = os.fstat(self._journal)
        names = os.pread(self._journal, journal.st_size, 0).decode(errors="replace")
        cleared: list[str] = []
        for name in names.splitlines():
            if not name.startswith(_OWN_NAMESPACES) or ".." in name:
                continue  # not our writing
            if _remove_lock(self._repository.common_dir / f"{name}.lock", journal.st_mtime_ns):
                cleared.append(name)
            _remove_empty(self._repository.common_dir / name)
        if names:
            self._write_journal({})
        return cleared


@contextmanager
def locked(
    repository: WorkRepository, *, waiting: Callable[[], None] | None = None
) -> Generator[LocalRefs]:
    """Hold eka's lock on a repository; waits for another eka, and heals what a killed one left.

    The lock belongs to the open file, and git commands that write refs inherit it: it ends when
    the last of them ends, not when a killed eka does.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    path = repository.common_dir / LOCK_NAME
    try:
        journal = os.open(path, flags, 0o644)
    except OSError as error:
        raise RepositoryNotWritable(str(path), error.strerror or "") from error
    try:
        _take(journal, path, waiting)
        refs = LocalRefs(repository, journal)
        refs.clear_stale_locks()
        yield refs
    finally:
        os.close(journal)


def _take(journal: int, path: Path, waiting: Callable[[], None] | None) -> None:
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if waiting is not None:
            waiting()
        fcntl.flock(journal, fcntl.LOCK_EX)
    except OSError as error:
        raise RepositoryNotWritable(str(path), error.strerror or "") from error


def _remove_lock(lock: Path, journal_ns: int) -> bool:
    """Remove a lock file unless it is older than the journal that names it: then not ours."""
    try:
        found = lock.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_mtime_ns < journal_ns:
        return False
    lock.unlink(missing_ok=True)
    return True


def _remove_empty(ref: Path) -> None:
    """Remove the file of a ref whose content never reached the disk."""
    try:
        found = ref.lstat()
        is_small_file = stat.S_ISREG(found.st_mode) and found.st_size <= _MAX_REF_BYTES
        if is_small_file and not ref.read_bytes().strip(b"\0"):
            ref.unlink(missing_ok=True)
    except OSError:
        return


def _wait_for_disk(path: Path) -> None:
    """Wait until what was written is on the medium."""
    from eka.store import sync_file_system  # noqa: PLC0415 - only very large publishes

    try:
        sync_file_system(path)
    except (OSError, AttributeError):  # a system that cannot wait for one file system
        os.sync()
