"""A lock before it is used: anybody may have edited it, so it is held against the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.workflow.direct_kinds import pinned_kind
from eka.workflow.errors import LockSourceRefused, LockStale
from eka.workflow.own_set import own_set_at, set_root
from eka.workflow.pins import neighbour_pins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eka.atom import Genesis, Lock, LockedAtom, Manifest
    from eka.workflow.own_set import OwnSet
    from eka.workflow.project import Project
    from eka.workflow.services import Services

# Atoms of other repositories may name sets by these alone; any other place stands in a manifest
# of this repository.
FOREIGN_SCHEMES = ("https://", "ssh://")


def checked_lock(services: Services, project: Project) -> tuple[Manifest, Lock]:
    """Return manifest and lock of a project, after making sure that they belong together.

    Raises:
        LockMissing, LockStale: there is no lock, or a manifest was edited since.
        LockSourceRefused: the lock names a place that no manifest could have led to.
    """
    manifest, lock, _ = checked_with_set(services, project)
    return manifest, lock


def checked_with_set(
    services: Services, project: Project, open_set: Callable[[Genesis], OwnSet] | None = None
) -> tuple[Manifest, Lock, OwnSet | None]:
    """Do what `checked_lock` does, and return the own set as well, if the lock has atoms of it.

    Args:
        services: Ports.
        project: Whose lock it is.
        open_set: Gives the set around it when asked, for whoever reads several of its locks.
    """
    manifest, lock = project.current_lock()
    where = str(project.lock_path)
    _check_pins(manifest, lock, where)
    siblings = [atom for atom in lock.atoms if atom.is_own]
    own = None
    if siblings:
        # What the lock says of the genesis does: a clone does not know it, and could not offline.
        genesis = siblings[0].key.genesis
        if open_set is None:
            own = own_set_at(set_root(project.directory), genesis, services.aliases)
        else:
            own = open_set(genesis)
        for atom in siblings:
            _check_sibling(atom, lock, own, where)
    _check_places(project, manifest, lock, own)
    return manifest, lock, own


def _check_pins(manifest: Manifest, lock: Lock, where: str) -> None:
    """Compare the pins of direct sources with what the manifest itself says of them."""
    versions = {key.label: key.version for key in lock.requires}
    own = [pin for pin in lock.direct if pin.owner is None]
    for source in manifest.direct:
        for pin in own:
            if (pin.kind, pin.name) != (source.kind, source.name.text):
                continue
            if fault := pinned_kind(source).fault(source, pin, versions):
                raise LockSourceRefused(where, expected=fault[0], found=fault[1])


def _check_sibling(atom: LockedAtom, lock: Lock, own: OwnSet, where: str) -> None:
    """Compare what the lock says of an atom of this repository with that atom as it is now."""
    key = atom.key
    found = own.versions(key.label)
    if key.version not in found:
        now = found[0].text if found else "no longer here"
        raise LockStale(where, f"it has {key.label.text} {key.version.text}, which is {now}")
    manifest = own.manifest(key.label)
    for line in manifest.dependencies:
        if not any(
            each.label == line.label and line.requirement.matches(each.version)
            for each in atom.requires
        ):
            needs = f"{line.label.text} {line.requirement.text}"
            raise LockStale(where, f"{key.label.text} needs {needs} now")
    copied = neighbour_pins(own, key)
    if copied != [pin for pin in lock.direct if pin.owner == key]:
        raise LockStale(where, f"the direct sources of {key.label.text} are pinned anew")


def _check_places(project: Project, manifest: Manifest, lock: Lock, own: OwnSet | None) -> None:
    """Refuse directories of this machine and open connections that only the lock names."""
    odd = {url for each in lock.sets for url in each.urls if not url.startswith(FOREIGN_SCHEMES)}
    if not odd:
        return
    near = [(project, manifest), *(own.projects.values() if own else ())]
    known = set(_named(near))
    for url in sorted(odd - known):
        expected = f"one of {', '.join(sorted(known))}" if known else "https:// or ssh://"
        raise LockSourceRefused(str(project.lock_path), expected=expected, found=url)


def _named(projects: Iterable[tuple[Project, Manifest]]) -> Iterator[str]:
    for project, manifest in projects:
        for declared in manifest.package.sets.values():
            yield from (url.absolute(str(project.directory)).public for url in declared.urls)
