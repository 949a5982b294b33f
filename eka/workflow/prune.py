"""A lock without what is no longer required: what stays was chosen before, so nobody is asked."""

from __future__ import annotations

from dataclasses import replace

from eka.atom import requirements_digest
from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, Selector

if TYPE_CHECKING:
    from eka.atom import AtomKey, Lock, Manifest


def pruned(lock: Lock, old: Manifest, new: Manifest, place: str) -> Lock | None:
    """Return ``lock`` without what ``new`` no longer needs; None where versions must be chosen.

    Args:
        lock: The present lock.
        old: The manifest it should be of.
        new: The same manifest without some of its lines.
        place: The directory that relative addresses in the manifest start from.

    Source: atom-spec/changes.md [change-remove-lock].
    """
    if lock.requirements != requirements_digest(old) or _follows_others(lock):
        return None
    selector = Selector(lock)
    lines = (*new.dependencies, *new.dev_dependencies)
    roots = {selector.select(ROOT, new, line, place=place) for line in lines}
    kept = _closure(lock, roots)
    sets = {key.genesis for key in kept}
    declared = {(each.kind, each.name.text) for each in new.direct}
    return replace(
        lock,
        requirements=requirements_digest(new),
        requires=tuple(sorted(roots)),
        atoms=tuple(atom for atom in lock.atoms if atom.key in kept),
        sets=tuple(each for each in lock.sets if each.genesis in sets),
        direct=tuple(
            pin
            for pin in lock.direct
            if (pin.owner in kept if pin.owner else (pin.kind, pin.name) in declared)
        ),
    )


def _follows_others(lock: Lock) -> bool:
    """Whether atoms are locked that are what a directory has now."""
    return any(atom.rev is None for atom in lock.atoms)


def _closure(lock: Lock, roots: set[AtomKey]) -> set[AtomKey]:
    needs = {atom.key: atom.requires for atom in lock.atoms}
    found: set[AtomKey] = set()
    waiting = list(roots)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += needs[key]
    return found
