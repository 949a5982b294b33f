"""Direct sources into pins: one's own are found, those of dependencies copied."""

from __future__ import annotations

from eka.atom import LockedDirect, LockTooOld, parse_lock, requirements_digest, source_digest
from eka.checking import TYPE_CHECKING
from eka.workflow.direct_kinds import KINDS, PinRequest, pinned_kind
from eka.workflow.errors import DependencyLockMissing, NeighbourUnlocked, Offline
from eka.workflow.foreign_lock import changed_source, lock_digest
from eka.workflow.project import LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eka.atom import AtomKey, DirectSource, Label, Lock, Manifest, Version
    from eka.workflow.local import LocalAtoms
    from eka.workflow.services import Services


def pin_direct(
    services: Services,
    project: tuple[Path, Manifest],
    previous: Lock | None,
    versions: Mapping[Label, Version],
    *,
    refresh: bool | frozenset[str],
) -> list[LockedDirect]:
    """Return the pins of a project's own direct sources, for each of its systems.

    A pin of the previous lock stays while its declaration does, and the lock file of another tool
    that it was read from, unless ``refresh`` says all, or names it. ``versions`` are those that
    the dependencies of the project were resolved to; ``project`` is its directory and manifest.
    """
    directory, manifest = project
    before = {
        (pin.kind, pin.name, pin.system): pin
        for pin in (previous.direct if previous else ())
        if pin.owner is None
    }
    systems = manifest.package.systems or (services.system,)
    pins: list[LockedDirect] = []
    for source in manifest.direct:
        kind = pinned_kind(source)
        is_named = refresh if isinstance(refresh, bool) else source.name.text in refresh
        origin = (source_digest(source), lock_digest(directory, source))
        for system in kind.systems(source, systems):
            old = before.get((source.kind, source.name.text, system))
            if (
                old is not None
                and not is_named
                and (old.declared, old.lock_sha256) == origin
                and kind.fault(source, old, versions) is None
            ):
                pins.append(old)
                continue
            request = PinRequest(
                services=services,
                directory=directory,
                system=system,
                previous=old,
                versions=versions,
            )
            pins.append(_pin(source, request, origin))
    return pins


def copy_pins(owner: AtomKey, manifest: Manifest, lock_bytes: bytes | None) -> list[LockedDirect]:
    """Return the pins that a dependency's own lock holds, now owned by that dependency.

    Args:
        owner: The dependency.
        manifest: Its manifest.
        lock_bytes: The ``atom.lock`` of its tree, None where it has none.

    Raises:
        DependencyLockMissing: it declares direct sources and its lock is absent or stale.

    Source: atom-spec/lockfile.md [lock-direct-copied].
    """
    if not manifest.direct:
        return []
    name = f"{owner.label.text}@{owner.version.text}"
    if lock_bytes is None:
        raise DependencyLockMissing(name, "its tree holds no atom.lock")
    try:
        lock = parse_lock(lock_bytes, f"{name}/{LOCK}")
    except LockTooOld as error:
        raise DependencyLockMissing(name, "its atom.lock has version 1") from error
    if lock.requirements != requirements_digest(manifest):
        raise DependencyLockMissing(name, "its atom.lock does not belong to its atom.toml")
    own = [pin for pin in lock.direct if pin.owner is None]
    versions = {key.label: key.version for key in lock.requires}
    for source in manifest.direct:
        pinned = [pin for pin in own if (pin.kind, pin.name) == (source.kind, source.name.text)]
        if not pinned:
            raise DependencyLockMissing(name, f"its atom.lock does not pin {source.name.text}")
        for pin in pinned if source.kind in KINDS else ():
            if fault := pinned_kind(source).fault(source, pin, versions):
                why = f"its atom.toml wants {fault[0]}, its atom.lock pins {fault[1]}"
                raise DependencyLockMissing(name, why)
    return [pin.owned_by(owner) for pin in own]


def neighbour_pins(local: LocalAtoms, key: AtomKey) -> list[LockedDirect]:
    """Return the pins of an atom that stands in a directory here, from the lock beside it.

    Raises:
        NeighbourUnlocked: that lock is absent or stale.
    """
    name = key.genesis, key.label
    project, manifest = local.project(name), local.manifest(name)
    place = str(project.directory)
    try:
        pins = copy_pins(key, manifest, project.lock_bytes())
    except DependencyLockMissing as error:
        raise NeighbourUnlocked(key.label.text, place, error.why) from error
    if changed := changed_source(project.directory, manifest, pins):
        why = f"the lock file of {changed} was written anew"
        raise NeighbourUnlocked(key.label.text, place, why)
    return pins


def _pin(source: DirectSource, request: PinRequest, origin: tuple[str, str]) -> LockedDirect:
    services = request.services
    if services.offline:
        raise Offline(f"the pin of {source.name.text}")
    services.progress.step(f"pinning {source.kind} source {source.name.text}")
    found = pinned_kind(source).pin(source, request)
    return LockedDirect(
        owner=None,
        kind=source.kind,
        name=source.name.text,
        system=request.system,
        declared=origin[0],
        lock_sha256=origin[1],
        files=found if isinstance(found, tuple) else (),
        tree=None if isinstance(found, tuple) else found,
    )
