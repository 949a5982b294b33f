"""``eka update``: newer versions into the lock, of everything or of what is named.

Source: atom-spec/changes.md.
"""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.values import dataclass
from eka.workflow.errors import SetEmpty
from eka.workflow.listing import Listings
from eka.workflow.lock import lock_project
from eka.workflow.lock_set import in_order
from eka.workflow.locked_names import DELIMITER, AtomNotLocked
from eka.workflow.own_set import open_own_set
from eka.workflow.previous import read_previous
from eka.workflow.progress import Part
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project
from eka.workflow.resolution import LockOptions, Shared
from eka.workflow.suggest import similar_label
from eka.workflow.update_choice import UpdateChoice
from eka.workflow.update_errors import UpdateUnclear

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from eka.workflow.lock import LockReport
    from eka.workflow.services import Services
    from eka.workflow.stays import Stay
    from eka.workflow.update_choice import UpdateWish


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """How to update."""

    wish: UpdateWish
    dry_run: bool = False
    accepted_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of one project."""

    locked: LockReport
    stays: tuple[Stay, ...]
    direct: tuple[str, ...]  # direct sources that were found anew


def update_here(services: Services, directory: Path, options: UpdateOptions) -> list[Updated]:
    """Update the project in ``directory``, or every atom of the set whose root it is.

    Raises:
        UpdateUnclear: the options do not go together.
        AtomNotLocked: a name means nothing that is needed there.
        Unsatisfiable: with ``precise``, that version does not fit with the rest.
    """
    _check(options.wish)
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        project = Project.at(directory, services.aliases)
        return [_update(services, project, options, None)]
    own = open_own_set(services, directory)
    own.require_whole()
    if not own.projects:
        raise SetEmpty(str(directory / SET_MANIFEST))
    labels = in_order(own)
    _require_known(
        services, [own.project(label) for label in labels], options.wish.names, directory
    )
    options = replace(options, wish=replace(options.wish, is_partial=True))
    shared = Shared(own, Listings(services))
    found: list[Updated] = []
    for label in labels:
        part = replace(services, progress=Part(services.progress, label.text))
        found.append(_update(part, own.project(label), options, shared))
    return found


def _update(
    services: Services, project: Project, options: UpdateOptions, shared: Shared | None
) -> Updated:
    wish = options.wish
    direct = _direct(services, project, wish)
    names = wish.names
    if direct and names:
        atoms = _labels(services, project)
        names = tuple(name for name in names if name not in direct or name in atoms)
    chooser = None
    if names or not wish.names:
        chooser = UpdateChoice(replace(wish, names=names), str(project.lock_path))
    choice = LockOptions(
        refresh=direct,
        dry_run=options.dry_run,
        accepted_sources=options.accepted_sources,
        chooser=chooser,
    )
    report = lock_project(services, project, choice, shared)
    return Updated(report, chooser.stays if chooser else (), tuple(sorted(direct)))


def _direct(services: Services, project: Project, wish: UpdateWish) -> frozenset[str]:
    """Return the direct sources that are to be found anew."""
    if wish.reach is not None or wish.precise is not None:
        return frozenset()  # both speak of versions of atoms
    found = frozenset(source.name.text for source in project.manifest().direct)
    found = found & frozenset(wish.names) if wish.names else found
    if found and services.offline and not wish.names:
        services.progress.note(f"not looked for, offline: {', '.join(sorted(found))}")
        return frozenset()
    return found


def _labels(services: Services, project: Project) -> set[str]:
    """Return the labels of atoms that a project requires, or that its lock has."""
    manifest, lock = project.manifest(), read_previous(services, project).lock
    lines = (*manifest.dependencies, *manifest.dev_dependencies)
    locked = {atom.key.label.text for atom in (lock.atoms if lock else ())}
    return locked | {line.label.text for line in lines}


def _check(wish: UpdateWish) -> None:
    """Raise UpdateUnclear for wishes that cannot be meant."""
    for name in wish.names:
        label, at, version = name.partition("@")
        if at:
            fix = f"eka update {label} --precise {version}, or eka pin {name} to keep it so"
            raise UpdateUnclear(f"{name} names a version", fix)
    if wish.precise is None:
        if wish.recursive and not wish.names:
            fix = "leave --recursive out"
            raise UpdateUnclear("without a label everything is updated anyway", fix)
        return
    if len(wish.names) != 1:
        fix = "name one: eka update LABEL --precise VERSION"
        raise UpdateUnclear("--precise is about one atom", fix)
    if wish.reach is not None:
        fix = f"leave --{wish.reach.value} out"
        raise UpdateUnclear(f"--precise says how far, and so does --{wish.reach.value}", fix)


def _require_known(
    services: Services, projects: Iterable[Project], names: Iterable[str], directory: Path
) -> None:
    """Raise AtomNotLocked for a name that no project of a set knows."""
    known: set[str] = set()
    for project in projects:
        known |= _labels(services, project)
        known |= {source.name.text for source in project.manifest().direct}
    for name in names:
        label = name.rpartition(DELIMITER)[2]
        if label not in known:
            near = similar_label(label, known)
            raise AtomNotLocked(name, str(directory), near=[near] if near else [])
