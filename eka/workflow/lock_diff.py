"""``eka diff --lock``: what differs between locks of revisions, files and the working tree."""

from __future__ import annotations

from functools import cached_property

from eka.atom import parse_lock
from eka.checking import TYPE_CHECKING
from eka.git import GitFailed, WorkRepository
from eka.values import dataclass
from eka.workflow.direct_changes import diff_direct
from eka.workflow.errors import LockMissing, SetEmpty
from eka.workflow.lock_signers import lock_changes
from eka.workflow.own_set import member_directories
from eka.workflow.pair import repair
from eka.workflow.places import relative_to
from eka.workflow.project import LOCK, MANIFEST, READ_CAP, SET_MANIFEST, read_capped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.atom import Lock, ObjectId
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change
    from eka.workflow.services import Services

HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class LockSide:
    """A lock, and what to call it; None: there is none."""

    title: str
    lock: Lock | None


@dataclass(frozen=True, slots=True)
class LockDiff:
    """What differs between two locks."""

    old: LockSide
    new: LockSide
    changes: tuple[Change, ...]
    direct: tuple[DirectChange, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing does."""
        return not self.changes and not self.direct


def diff_lock_files(services: Services, words: Sequence[str]) -> list[LockDiff]:
    """Return what differs between locks, the older one first as it was typed.

    Args:
        services: Ports.
        words: None: HEAD and the files here. One: that, and the files here. Two: the one, and
            the other. Each is a lock, a directory with one, or a revision, in which the lock is
            looked for that belongs to the project here; in the root of a set those of all atoms.

    Raises:
        LockMissing: neither side has a lock.
        RevisionNotFound, NotARepository: there is no such revision.
        InvalidLock and its like: a lock cannot be read.

    Source: atom-spec/queries.md [diff-locks].
    """
    old, new = (words[0] if words else HEAD), (words[1] if len(words) > 1 else None)
    sides = _Sides(services)
    # A file is one lock; what is compared with it is the one of the project here.
    directories = [services.directory]
    if not any(word is not None and sides.file(word) for word in (old, new)):
        directories = _directories(services.directory)
    found: list[LockDiff] = []
    for directory in directories:
        before, after = sides.side(old, directory), sides.side(new, directory)
        if before.lock is not None or after.lock is not None:
            found.append(_compared(services, before, after))
    if not found:
        raise LockMissing(str(services.directory / LOCK), "neither side has one")
    return found


def _directories(directory: Path) -> list[Path]:
    """Return the directories of the projects here: one, or those of all atoms of a set."""
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        return [directory]
    members = member_directories(directory)
    if not members:
        raise SetEmpty(str(directory / SET_MANIFEST))
    return members


def _compared(services: Services, before: LockSide, after: LockSide) -> LockDiff:
    changes = lock_changes(services, before.lock, after.lock)
    return LockDiff(before, after, changes, diff_direct(before.lock, after.lock))


class _Sides:
    """Reads locks from files, and from the repository around the directory of the command."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._commits: dict[str, ObjectId] = {}

    def file(self, word: str) -> Path | None:
        """Return the lock that a word names as a file or a directory; None: it does not."""
        path = self._services.directory / word
        found = path / LOCK if path.is_dir() else path
        return found if found.is_file() else None

    def side(self, word: str | None, directory: Path) -> LockSide:
        """Return the lock of the project in ``directory`` as a word names it; None: as it is."""
        path = directory / LOCK if word is None else self.file(word)
        if path is None:
            return self._in_revision(word or HEAD, directory)
        if word is None:
            repair(directory)  # what a kill interrupted is finished first
        title = relative_to(path, self._services.directory)
        return LockSide(title, self._parsed(read_capped(path) if path.exists() else None, title))

    def _in_revision(self, revision: str, directory: Path) -> LockSide:
        repository = self._repository
        if revision not in self._commits:
            self._commits[revision] = repository.resolve(revision)
        commit = self._commits[revision]
        top = repository.work_tree or repository.git_dir
        path = relative_to(directory.resolve() / LOCK, top.resolve())
        title = f"{revision}:{path}"
        name = f"{commit.hex}:{path}"
        try:
            data = repository.git(["cat-file", "blob", name], max_output=READ_CAP)
        except GitFailed:
            data = None  # there is no such file in it
        return LockSide(title, self._parsed(data, title))

    @cached_property
    def _repository(self) -> WorkRepository:
        return WorkRepository.open(self._services.directory, self._services.runner)

    @staticmethod
    def _parsed(data: bytes | None, title: str) -> Lock | None:
        return None if data is None else parse_lock(data, title)
