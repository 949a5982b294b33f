"""``eka fetch``: everything a lock pins into the local cache."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eka.atom import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.compose import compose_fetches
from eka.store import ActionFinished, Outcome
from eka.workflow.direct_trees import supply_trees
from eka.workflow.fetched import check_fetched
from eka.workflow.locked import checked_lock
from eka.workflow.progress import counted
from eka.workflow.provider import absent, ensure
from eka.workflow.used_check import check_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import Genesis, Lock, LockedAtom, SourceUrl
    from eka.store import Event
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What the cache holds now."""

    atoms: tuple[LockedAtom, ...]  # pinned by the lock; own atoms need no fetching
    fetched: int  # how many of them were not in the cache before
    files: int = 0  # of direct sources, for this system; a tree counts as one
    downloaded: int = 0  # how many of them were not in the store before


def fetch_project(services: Services, project: Project) -> FetchReport:
    """Bring all that a project's lock pins for this system here, checked by id and hash.

    Atoms go into the cache; files of direct sources into the store, where a build finds them.

    Raises:
        As `fetch_lock` and `check_fetched`.
    """
    _, lock = checked_lock(services, project)
    report = fetch_lock(services, lock)
    check_fetched(services, report.atoms)
    pins = [pin for pin in lock.direct if pin.system in ("", services.system)]
    trees, downloaded = supply_trees(services, pins)
    plan = compose_fetches(pins)
    if not plan.roots:
        return replace(report, files=trees, downloaded=downloaded)
    total = len(plan.roots) + trees

    def emit(event: Event) -> None:
        nonlocal downloaded
        if isinstance(event, ActionFinished):
            downloaded += event.outcome is not Outcome.CACHED
            services.progress.count("files", downloaded, total)

    services.progress.step("downloading direct sources")
    services.realiser(emit).realise(plan)
    return replace(report, files=total, downloaded=downloaded)


def fetch_lock(services: Services, lock: Lock) -> FetchReport:
    """Bring all atoms of a lock into the cache; one request per set.

    Raises:
        ContentChanged: a pin is not what this machine first saw under that name.
    """
    return fetch_checked(services, lock, checked_urls(services, lock))


def checked_urls(services: Services, lock: Lock) -> Mapping[Genesis, tuple[SourceUrl, ...]]:
    """Return the URLs of each set of a lock, whose pins are what they were when first seen.

    Raises:
        ContentChanged: a pin is not what this machine first saw under that name.
    """
    urls = {known.genesis: set_urls(services, lock, known.genesis) for known in lock.sets}
    check_lock(services, lock.atoms, urls, is_listed=False)
    return urls


def fetch_checked(
    services: Services, lock: Lock, urls: Mapping[Genesis, tuple[SourceUrl, ...]]
) -> FetchReport:
    """Do what `fetch_lock` does after its check."""
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
            services.progress.step(f"fetching {counted(len(missing), 'atom')}")
            ensure(services, urls[genesis], missing)
    return FetchReport(tuple(atom for group in groups.values() for atom in group), fetched)


def set_urls(services: Services, lock: Lock, genesis: Genesis) -> tuple[SourceUrl, ...]:
    """Return the URLs a lock has for a set."""
    for known in lock.sets:
        if known.genesis == genesis:
            return tuple(parse_source_url(url, services.aliases) for url in known.urls)
    return ()
