"""``eka lock``: requirements to pins, over the whole transitive closure."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import encode_lock, parse_lock
from eka.checking import TYPE_CHECKING
from eka.workflow.direct_changes import describe_direct, diff_direct
from eka.workflow.errors import LockMissing, LockStale
from eka.workflow.lock_changes import describe
from eka.workflow.lock_signers import lock_changes
from eka.workflow.pair import project_lock, write_files
from eka.workflow.previous import read_previous
from eka.workflow.project import LOCK
from eka.workflow.recorded import Recorded
from eka.workflow.relock import unchanged
from eka.workflow.resolution import resolve

if TYPE_CHECKING:
    from eka.atom import Lock
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change
    from eka.workflow.project import Project
    from eka.workflow.resolution import LockOptions, Shared
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class LockReport:
    """What locking came to."""

    project: Project
    lock: Lock
    changes: tuple[Change, ...]
    written: bool
    direct_changes: tuple[DirectChange, ...] = ()


def lock_project(
    services: Services, project: Project, options: LockOptions, shared: Shared | None = None
) -> LockReport:
    """Resolve a project and write its lock.

    Args:
        services: Ports.
        project: What to lock.
        options: How.
        shared: What the caller knows already who locks a whole set.

    Raises:
        LockMissing, LockStale: with ``locked``, when there is no lock or it would change.
        Unsatisfiable: no choice of versions meets every requirement.
        PinMismatch: a version is not what the previous lock pinned, or not what it claims.
    """
    with project_lock(project.directory):
        manifest_text, old = project.manifest_bytes(), project.lock_bytes()
        if options.locked and old is None:
            raise LockMissing(str(project.lock_path))
        recorded = Recorded(services, project, options, (manifest_text, old))
        if old is not None and recorded.found == old:
            lock = parse_lock(old, str(project.lock_path))
            return LockReport(project, lock, (), written=False)
        previous = read_previous(services, project)

        def find(heard: Services) -> Lock:
            own = shared.own if shared else None
            found = unchanged(heard, project, manifest_text, options, previous, own)
            return found or resolve(heard, project, manifest_text, options, previous, shared)

        lock = recorded.lock(find)
        new = encode_lock(lock)
        changes = lock_changes(services, previous.lock, lock)
        direct = diff_direct(previous.lock, lock)
        if options.locked and new != old:
            raise LockStale(str(project.lock_path), describe(changes) or describe_direct(direct))
        write = new != old and not options.dry_run
        if write:
            write_files(project.directory, {LOCK: new})
    return LockReport(project, lock, changes, write, direct)
