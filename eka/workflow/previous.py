"""What an earlier lock leaves to the next one: versions and pins to keep, commits to expect."""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.atom import LockTooNew, LockTooOld, parse_lock
from eka.atom.lock_v1 import read_lock_v1
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import Lock, ObjectId, Version
    from eka.resolve import Request, ResolveKey
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class Previous:
    """The lock that stands in a project before it is locked anew."""

    lock: Lock | None = None  # None: there is none that can be used whole
    preferred: Mapping[ResolveKey, tuple[Version, ...]] = field(
        default_factory=dict["ResolveKey", "tuple[Version, ...]"]
    )

    @property
    def pinned(self) -> dict[Request, ObjectId]:
        """The commits that versions were pinned to."""
        return {
            ((atom.key.genesis, atom.key.label), atom.key.version): atom.rev
            for atom in (self.lock.atoms if self.lock else ())
            if atom.rev is not None
        }


def read_previous(services: Services, project: Project) -> Previous:
    """Return what the present lock of a project has to say.

    A lock of version 1 gives the versions it chose. One that cannot be read gives nothing, and
    the person is told: writing a new lock is how such a lock is mended.

    Raises:
        LockTooNew: it was written by a newer eka; it must not be lost.

    Source: atom-spec/lockfile.md [lock-previous].
    """
    data, where = project.lock_bytes(), str(project.lock_path)
    if data is None:
        return Previous()
    try:
        lock = parse_lock(data, where)
    except LockTooNew:
        raise
    except LockTooOld:
        old = read_lock_v1(data, where)
        services.progress.note("atom.lock has version 1; the versions it chose are kept")
        return Previous(None, {key: (version,) for key, version in old.preferred.items()})
    except EkaError as error:
        services.progress.note(f"atom.lock cannot be used and is made anew ({error})")
        return Previous()
    return Previous(lock, _versions(lock))


def _versions(lock: Lock) -> Mapping[ResolveKey, tuple[Version, ...]]:
    found: dict[ResolveKey, tuple[Version, ...]] = {}
    for atom in lock.atoms:
        key = (atom.key.genesis, atom.key.label)
        found[key] = (*found.get(key, ()), atom.key.version)
    return found
