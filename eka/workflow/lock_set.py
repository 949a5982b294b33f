"""``eka lock`` in the root of a set: all its atoms, each after those it needs."""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.workflow.errors import SetEmpty
from eka.workflow.listing import Listings
from eka.workflow.lock import LockReport, lock_project
from eka.workflow.own_set import open_own_set
from eka.workflow.progress import Part
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project
from eka.workflow.resolution import Shared

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Label
    from eka.workflow.own_set import OwnSet
    from eka.workflow.resolution import LockOptions
    from eka.workflow.services import Services


def lock_here(services: Services, directory: Path, options: LockOptions) -> list[LockReport]:
    """Lock the project in ``directory``, or every atom of the set whose root it is.

    Raises:
        ProjectNotFound: it is neither.
        SetEmpty: the set has no atoms.
    """
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        return [lock_project(services, Project.at(directory, services.aliases), options)]
    own = open_own_set(services, directory)
    own.require_whole()
    if not own.projects:
        raise SetEmpty(str(directory / SET_MANIFEST))
    reports: list[LockReport] = []
    shared = Shared(own, Listings(services))
    for label in in_order(own):
        part = replace(services, progress=Part(services.progress, label.text))
        reports.append(lock_project(part, own.project(label), options, shared))
    return reports


def in_order(own: OwnSet) -> list[Label]:
    """Return the labels of a set, each after the own atoms it depends on; else by name.

    A cycle is left to the solver, which reports it with its path.
    """
    done: dict[Label, None] = {}
    for start in sorted(own.projects):
        pending = [(start, False)]
        entered: set[Label] = set()
        while pending:
            label, ready = pending.pop()
            if label in done or label not in own.projects:
                continue
            if ready:
                done[label] = None
            elif label not in entered:
                entered.add(label)
                pending.append((label, True))
                pending.extend((need, False) for need in reversed(_own_needs(own, label)))
    return list(done)


def _own_needs(own: OwnSet, label: Label) -> list[Label]:
    manifest = own.manifest(label)
    lines = (*manifest.dependencies, *manifest.dev_dependencies)
    return sorted(line.label for line in lines if manifest.package.sets[line.set_name].own)
