"""Direct sources into pins: one's own are found, those of dependencies copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import LockedDirect, LockTooOld, parse_lock, requirements_digest, source_digest
from eka.workflow.direct_kinds import PinRequest, pinned_kind
from eka.workflow.errors import DependencyLockMissing, NeighbourUnlocked, Offline
from eka.workflow.project import LOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import AtomKey, DirectSource, Label, Lock, Manifest, Version
    from eka.workflow.own_set import OwnSet
    from eka.workflow.services import Services


def pin_direct(
    services: Services,
    manifest: Manifest,
    previous: Lock | None,
    versions: Mapping[Label, Version],
    *,
    refresh: bool,
) -> list[LockedDirect]:
    """Return the pins of a project's own direct sources, for each of its systems.

    A pin of the previous lock stays while its declaration does, unless ``refresh``. ``versions``
    are those that the dependencies of the project were resolved to.
    """
    before = {
        (pin.kind, pin.name, pin.system): pin
        for pin in (previous.direct if previous else ())
        if pin.owner is None
    }
    systems = manifest.package.systems or (services.system,)
    pins: list[LockedDirect] = []
    for source in manifest.direct:
        kind = pinned_kind(source)
        for system in kind.systems(source, systems):
            old = before.get((source.kind, source.name.text, system))
            is_kept = old is not None and old.declared == source_digest(source) and not refresh
            if old is not None and is_kept and kind.fault(source, old, versions) is None:
                pins.append(old)
                continue
            request = PinRequest(services=services, system=system, previous=old, versions=versions)
            pins.append(_pin(source, request))
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
    pinned = {(pin.kind, pin.name) for pin in own}
    for source in manifest.direct:
        if (source.kind, source.name.text) not in pinned:
            raise DependencyLockMissing(name, f"its atom.lock does not pin {source.name.text}")
    return [pin.owned_by(owner) for pin in own]


def neighbour_pins(own: OwnSet, key: AtomKey) -> list[LockedDirect]:
    """Return the pins of an atom of the own set, from the lock in its directory.

    Raises:
        NeighbourUnlocked: that lock is absent or stale.
    """
    project = own.project(key.label)
    try:
        return copy_pins(key, own.manifest(key.label), project.lock_bytes())
    except DependencyLockMissing as error:
        place = str(project.directory)
        raise NeighbourUnlocked(key.label.text, place, error.why) from error


def _pin(source: DirectSource, request: PinRequest) -> LockedDirect:
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
        declared=source_digest(source),
        files=found if isinstance(found, tuple) else (),
        tree=None if isinstance(found, tuple) else found,
    )
