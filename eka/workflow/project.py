"""A project: the directory of one atom, with its manifest and lock."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import Lock, Manifest, parse_lock, parse_manifest, requirements_digest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.workflow.errors import LockMissing, LockStale, ProjectNotFound
from eka.workflow.foreign_lock import changed_source
from eka.workflow.pair import repair

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Aliases

MANIFEST = "atom.toml"
LOCK = "atom.lock"
SET_MANIFEST = "ekala.toml"
READ_CAP = 64 * 1024 * 1024 + 1  # bytes; the parsers have their own, smaller caps


class Unreadable(EkaError):
    """A file of the project cannot be read."""

    code = "unreadable"
    exit_status = Exit.FAILED

    def __init__(self, path: str, why: str) -> None:
        super().__init__(what="a file cannot be read", where=path, why=why, fix="check the file")


@dataclass(frozen=True, slots=True)
class Project:
    """An atom's directory; reading it first finishes an update that a kill interrupted."""

    directory: Path
    aliases: Aliases

    @property
    def manifest_path(self) -> Path:
        """Where the manifest is."""
        return self.directory / MANIFEST

    @property
    def lock_path(self) -> Path:
        """Where the lock is, or will be."""
        return self.directory / LOCK

    @classmethod
    def at(cls, directory: Path, aliases: Aliases) -> Project:
        """Return the project in ``directory``; `ProjectNotFound` when there is no manifest.

        ``aliases`` are what short names in its ``[package.sets]`` mean.
        """
        project = cls(directory.resolve(), aliases)
        if not project.directory.is_dir():
            raise ProjectNotFound(str(directory))
        repair(project.directory)
        if not project.manifest_path.exists():
            raise ProjectNotFound(str(project.directory))
        return project

    def manifest_bytes(self) -> bytes:
        """Return the manifest as it is on disk."""
        return read_capped(self.manifest_path)

    def manifest(self) -> Manifest:
        """Return the manifest; every problem in it is reported at once."""
        return self.parse(self.manifest_bytes())

    def parse(self, data: bytes) -> Manifest:
        """Return the manifest in ``data``, as if it stood in this project."""
        return parse_manifest(data, str(self.manifest_path), self.aliases)

    def lock_bytes(self) -> bytes | None:
        """Return the lock as it is on disk, None where there is none."""
        return read_capped(self.lock_path) if self.lock_path.exists() else None

    def lock(self) -> Lock | None:
        """Return the lock, None where there is none."""
        data = self.lock_bytes()
        return None if data is None else parse_lock(data, str(self.lock_path))

    def current_lock(self) -> tuple[Manifest, Lock]:
        """Return manifest and lock; a lock that is missing or not of this manifest is an error."""
        manifest, lock = self.manifest(), self.lock()
        if lock is None:
            raise LockMissing(str(self.lock_path), "what is read here is written by eka lock")
        if lock.requirements != requirements_digest(manifest):
            raise LockStale(str(self.lock_path))
        own = [pin for pin in lock.direct if pin.owner is None]
        if changed := changed_source(self.directory, manifest, own):
            raise LockStale(str(self.lock_path), f"the lock file of {changed} was written anew")
        return manifest, lock


def read_capped(path: Path) -> bytes:
    """Return the bytes of a file, at most ``READ_CAP`` of them."""
    try:
        with path.open("rb") as stream:
            return stream.read(READ_CAP)
    except OSError as error:
        raise Unreadable(str(path), error.strerror or str(error)) from error
