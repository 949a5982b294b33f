"""``eka fetch``: everything a lock pins into the local cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import parse_source_url
from eka.workflow.provider import absent, ensure

if TYPE_CHECKING:
    from eka.atom import Genesis, Lock, LockedAtom, SourceUrl
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What the cache holds now."""

    atoms: tuple[LockedAtom, ...]  # pinned by the lock; own atoms need no fetching
    fetched: int  # how many of them were not in the cache before


def fetch_project(services: Services, project: Project) -> FetchReport:
    """Bring all atoms of a project's lock into the cache, checked by id."""
    _, lock = project.current_lock()
    return fetch_lock(services, lock)


def fetch_lock(services: Services, lock: Lock) -> FetchReport:
    """Bring all atoms of a lock into the cache; one request per set."""
    groups: dict[Genesis, list[LockedAtom]] = {}
    for atom in lock.atoms:
        if atom.rev is not None:
            groups.setdefault(atom.key.genesis, []).append(atom)
    fetched = 0
    for genesis, atoms in groups.items():
        revs = [atom.rev for atom in atoms if atom.rev is not None]
        missing = absent(services, revs)
        fetched += len(missing)
        if missing:
            services.progress.step(f"fetching {len(missing)} atoms")
            ensure(services, set_urls(services, lock, genesis), missing)
    return FetchReport(tuple(atom for group in groups.values() for atom in group), fetched)


def set_urls(services: Services, lock: Lock, genesis: Genesis) -> tuple[SourceUrl, ...]:
    """Return the URLs a lock has for a set."""
    for known in lock.sets:
        if known.genesis == genesis:
            return tuple(parse_source_url(url, services.aliases) for url in known.urls)
    return ()
