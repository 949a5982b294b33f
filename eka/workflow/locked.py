"""A lock before it is used: anybody may have edited it, so it is held against the manifests."""

from __future__ import annotations

from eka.atom import GitSource
from eka.checking import TYPE_CHECKING
from eka.workflow.direct_kinds import pinned_kind
from eka.workflow.errors import LockSourceRefused, LockStale
from eka.workflow.local import LocalAtoms
from eka.workflow.patched import patches_by_key
from eka.workflow.pins import neighbour_pins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eka.atom import AtomKey, Dependency, Genesis, Lock, LockedAtom, Manifest
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
) -> tuple[Manifest, Lock, LocalAtoms]:
    """Do what `checked_lock` does, and return the atoms that stand in directories here as well.

    Args:
        services: Ports.
        project: Whose lock it is.
        open_set: Gives the set around it when asked, for whoever reads several of its locks.
    """
    manifest, lock = project.current_lock()
    where = str(project.lock_path)
    _check_pins(manifest, lock, where)
    local = LocalAtoms.locked(services, project, manifest, lock, open_set)
    for why in local_faults(project, manifest, lock, local):
        raise LockStale(where, why)
    _check_places(project, manifest, lock, local)
    return manifest, lock, local


def require_places(project: Project, manifest: Manifest, lock: Lock, local: LocalAtoms) -> None:
    """Refuse a lock that names places which none of the manifests leads to.

    Raises:
        LockSourceRefused: it does.

    Source: atom-spec/workflow.md [flow-places].
    """
    _check_pins(manifest, lock, str(project.lock_path))
    _check_places(project, manifest, lock, local)


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


def local_faults(
    project: Project, manifest: Manifest, lock: Lock, local: LocalAtoms
) -> Iterator[str]:
    """Yield what a lock says of atoms in directories here that is not so, each as a clause."""
    named = patches_by_key(project, manifest, lock)
    for atom in lock.atoms:
        key = atom.key.genesis, atom.key.label
        if atom.patched != (key in named):
            verb = "does not name" if atom.patched else "names"
            yield f"[patch] {verb} {key[1].text}"
        elif local.holds(key):
            yield from _faults(atom, lock, local)


def _faults(atom: LockedAtom, lock: Lock, local: LocalAtoms) -> Iterator[str]:
    """Compare what a lock says of an atom in a directory here with that atom as it is now."""
    key = atom.key
    name, label = (key.genesis, key.label), key.label.text
    found = local.versions(name)
    if key.version not in found:
        now = found[0].text if found else "no longer here"
        yield f"it has {label} {key.version.text}, which is {now}"
        return
    lines = local.manifest(name).dependencies
    for line in lines:
        if not any(_meets(each, line) for each in atom.requires):
            yield f"{label} needs {line.label.text} {line.requirement.text} now"
    for each in atom.requires:
        if not any(_meets(each, line) for line in lines):
            yield f"{label} does not need {each.label.text} {each.version.text} any more"
    if neighbour_pins(local, key) != [pin for pin in lock.direct if pin.owner == key]:
        yield f"the direct sources of {label} are pinned anew"


def _meets(key: AtomKey, line: Dependency) -> bool:
    return key.label == line.label and line.requirement.matches(key.version)


def _check_places(project: Project, manifest: Manifest, lock: Lock, local: LocalAtoms) -> None:
    """Refuse directories of this machine and open connections that only the lock names."""
    urls = [url for each in lock.sets for url in each.urls]
    # Those of the project itself were held against its manifest.
    urls += [pin.tree.url for pin in lock.direct if pin.owner is not None and pin.tree is not None]
    odd = {url for url in urls if not url.startswith(FOREIGN_SCHEMES)}
    if not odd:
        return
    near = [(project, manifest), *local.projects]
    known = set(_named(near))
    for url in sorted(odd - known):
        expected = f"one of {', '.join(sorted(known))}" if known else "https:// or ssh://"
        raise LockSourceRefused(str(project.lock_path), expected=expected, found=url)


def _named(projects: Iterable[tuple[Project, Manifest]]) -> Iterator[str]:
    for project, manifest in projects:
        for declared in manifest.package.sets.values():
            yield from (url.absolute(str(project.directory)).public for url in declared.urls)
        yield from (source.url for source in manifest.direct if isinstance(source, GitSource))
