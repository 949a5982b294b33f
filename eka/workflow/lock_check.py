"""``eka lock --check``: a lock held against the manifests beside it, by reading alone.

Nothing is resolved, so nobody is asked and an empty cache will do; nothing is written.

Source: atom-spec/workflow.md [flow-check].
"""

from __future__ import annotations

from eka.atom import requirements_digest, source_digest
from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, Selector
from eka.errors import EkaError, raise_problems
from eka.workflow.errors import LockMissing, LockStale, ProjectNotFound, SetEmpty
from eka.workflow.foreign_lock import changed_source
from eka.workflow.local import LocalAtoms
from eka.workflow.locked import local_faults, require_places
from eka.workflow.own_set import member_directories
from eka.workflow.pair import is_pending
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.atom import AtomKey, Dependency, Lock, Manifest
    from eka.workflow.services import Services


def check_here(services: Services, directory: Path) -> list[tuple[Project, Lock]]:
    """Check the lock in ``directory``, or those of every atom of the set whose root it is.

    Returns:
        The projects and their locks, all as they should be.

    Raises:
        LockMissing, LockStale: of one project; ``details`` tell all that differs. `Problems` of
            several.
        LockSourceRefused: a lock names a place that no manifest could have led to.
    """
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        project = Project(directory.resolve(), services.aliases)
        return [(project, check_lock_of(services, project))]
    members = member_directories(directory)
    if not members:
        raise SetEmpty(str(directory / SET_MANIFEST))
    found: list[tuple[Project, Lock]] = []
    problems: list[EkaError] = []
    for member in members:
        project = Project(member.resolve(), services.aliases)
        try:
            found.append((project, check_lock_of(services, project)))
        except EkaError as error:
            problems.append(error)
    raise_problems(problems)
    return found


def check_lock_of(services: Services, project: Project) -> Lock:
    """Return the lock of a project if it is what its manifest asks for; raises as `check_here`."""
    if not project.manifest_path.is_file():
        raise ProjectNotFound(str(project.directory))
    where = str(project.lock_path)
    if is_pending(project.directory):
        raise LockStale(where, "a command was interrupted while it wrote both files")
    manifest, lock = project.manifest(), project.lock()
    if lock is None:
        raise LockMissing(where, "this project was never locked")
    local = LocalAtoms.locked(services, project, manifest, lock)
    found = [*_differences(project, manifest, lock), *local_faults(project, manifest, lock, local)]
    own = [pin for pin in lock.direct if pin.owner is None]
    if changed := changed_source(project.directory, manifest, own):
        found.append(f"the lock file of {changed} was written anew")
    if not found and lock.requirements != requirements_digest(manifest):
        found = ["systems, sets, [patch] or [resolution] were edited since the lock was written"]
    if found:
        error = LockStale(where, found[0])
        error.details = tuple(found[1:])
        raise error
    require_places(project, manifest, lock, local)
    return lock


def _differences(project: Project, manifest: Manifest, lock: Lock) -> Iterator[str]:
    """Yield in what a manifest and its lock differ, each as a sentence."""
    selector, place = Selector(lock), str(project.directory)
    used: set[AtomKey] = set()
    for line in (*manifest.dependencies, *manifest.dev_dependencies):
        try:
            used.add(selector.select(ROOT, manifest, line, place=place))
        except EkaError:
            yield _unmet(line, lock)
    for key in lock.requires:
        if key not in used:
            yield f"it has {key.label.text} {key.version.text}, which no line asks for"
    declared = {(each.kind, each.name.text): source_digest(each) for each in manifest.direct}
    pinned = {(pin.kind, pin.name): pin.declared for pin in lock.direct if pin.owner is None}
    for name in sorted(declared.keys() | pinned.keys()):
        what = f"the {name[0]} source {name[1]}"
        if name not in pinned:
            yield f"{what} is not pinned"
        elif name not in declared:
            yield f"{what} is pinned, and not declared any more"
        elif declared[name] != pinned[name]:
            yield f"{what} is declared otherwise now"


def _unmet(line: Dependency, lock: Lock) -> str:
    label, wanted = line.label.text, line.requirement.text
    place = f" (line {line.span.line})" if line.span else ""
    versions = [key.version.text for key in lock.requires if key.label == line.label]
    found = f"{' and '.join(versions)}" if versions else "nothing"
    return f"atom.toml asks for {label} {wanted}{place}, and it has {found} for that"
