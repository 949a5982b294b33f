"""Direct sources into pins: one's own are found, those of dependencies copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import (
    DebSource,
    LockedDirect,
    LockTooOld,
    UrlSource,
    parse_lock,
    requirements_digest,
    source_digest,
)
from eka.compose import KindUnsupported
from eka.direct import pin_url
from eka.workflow.errors import DependencyLockMissing, NeighbourUnlocked, Offline
from eka.workflow.project import LOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import AtomKey, DirectSource, Lock, LockedFile, Manifest
    from eka.workflow.own_set import OwnSet
    from eka.workflow.services import Services


def pin_direct(
    services: Services, manifest: Manifest, previous: Lock | None, *, refresh: bool
) -> list[LockedDirect]:
    """Return the pins of a project's own direct sources, for each of its systems.

    A pin of the previous lock stays while its declaration does, unless ``refresh``.
    """
    kept = {
        (pin.kind, pin.name, pin.system): pin
        for pin in (previous.direct if previous else ())
        if pin.owner is None and not refresh
    }
    pins: list[LockedDirect] = []
    for source in manifest.direct:
        for system in _systems(source, manifest, services):
            old = kept.get((source.kind, source.name.text, system))
            if old is not None and old.declared == source_digest(source):
                pins.append(old)
            else:
                pins.append(_pin(services, source, system))
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


def _systems(source: DirectSource, manifest: Manifest, services: Services) -> Sequence[str]:
    if isinstance(source, DebSource):
        return manifest.package.systems or (services.system,)
    return ("",)


def _files(services: Services, source: DirectSource, system: str) -> tuple[LockedFile, ...]:
    if isinstance(source, UrlSource):
        return (pin_url(source, services.open_url),)
    if isinstance(source, DebSource):
        return services.pinner().pin(source, system)
    raise KindUnsupported(source.kind, source.name.text)


def _pin(services: Services, source: DirectSource, system: str) -> LockedDirect:
    if services.offline:
        raise Offline(f"the pin of {source.name.text}")
    services.progress.step(f"pinning {source.kind} source {source.name.text}")
    return LockedDirect(
        owner=None,
        kind=source.kind,
        name=source.name.text,
        system=system,
        declared=source_digest(source),
        files=_files(services, source, system),
    )
