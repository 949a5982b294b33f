"""The rules a lock must keep beyond its form; used before writing and after reading."""

from __future__ import annotations

import re
from operator import attrgetter

from eka.atom.identity import atom_id
from eka.atom.lock_direct import check_address, check_source, unique
from eka.atom.lock_errors import (
    InvalidLock,
    LockCycle,
    LockDangling,
    LockDuplicate,
    LockIdMismatch,
    LockPinMismatch,
    LockUndeclaredSet,
    LockUnreachable,
    LockUnreferencedSet,
)
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.lock_model import AtomKey, Lock, LockedAtom, LockedSet
    from eka.atom.oid import Genesis

_SHA256 = re.compile(r"[0-9a-f]{64}")
_order = attrgetter("order")


def check_lock(lock: Lock, file: str) -> None:
    """Check every rule of atom-spec/lockfile.md that is not about bytes.

    Raises:
        InvalidLock: a value is not one its field takes.
        CredentialsInUrl: an address holds a user or password.
        LockContradiction: the subclass that names the broken rule.
    """
    if _SHA256.fullmatch(lock.requirements) is None:
        raise InvalidLock(file, "`requirements` is not 64 lower-case hexadecimal digits")
    _check_sets(lock, file)
    atoms = _check_atoms(lock, file)
    _check_requires(lock, atoms, file)
    _check_direct(lock, atoms, file)


def _check_sets(lock: Lock, file: str) -> None:
    unique((each.genesis for each in lock.sets), lambda genesis: f"the set {genesis.hex}", file)
    if sum(each.own for each in lock.sets) > 1:
        raise LockDuplicate(file, "two sets are the project's own")
    for each in lock.sets:
        _check_set(each, file)
    declared = {each.genesis for each in lock.sets}
    referenced = {atom.key.genesis for atom in lock.atoms}
    for atom in lock.atoms:
        if atom.key.genesis not in declared:
            raise LockUndeclaredSet(file, f"{atom.key.text}: there is no [[set]] of this genesis")
    for genesis in sorted(declared - referenced):
        raise LockUnreferencedSet(file, f"no [[atom]] is of the set {genesis.hex}")


def _check_set(locked: LockedSet, file: str) -> None:
    name = f"the set {locked.genesis.hex}"
    if locked.own == bool(locked.urls):
        raise InvalidLock(file, f"{name} must have either URLs or `own = true`")
    named = (*locked.urls, *locked.accepted)
    unique(named, lambda url: f"{name} names {url}", file)
    for text in named:
        check_address(text, name, file)


def _check_atoms(lock: Lock, file: str) -> Mapping[AtomKey, LockedAtom]:
    unique((atom.key for atom in lock.atoms), lambda key: key.text, file)
    own: frozenset[Genesis] = frozenset(each.genesis for each in lock.sets if each.own)
    for atom in lock.atoms:
        if atom.id != atom_id(atom.key.genesis, atom.key.label):
            raise LockIdMismatch(file, f"{atom.key.text} has the id {atom.id.text}")
        pins = (atom.tree, atom.content, atom.rev)
        if atom.key.genesis in own or atom.patched:
            if pins != (None, None, None):
                kind = "patched" if atom.patched else "of the own set"
                why = f"{atom.key.text} is {kind} and can have neither tree, blake3 nor rev"
                raise LockPinMismatch(file, why)
            if atom.patched and atom.key.genesis in own:
                raise LockPinMismatch(file, f"{atom.key.text} is of the own set and patched")
        elif atom.tree is None or atom.rev is None or atom.content is None:
            raise LockPinMismatch(file, f"{atom.key.text} lacks tree, blake3 or rev")
        elif {atom.tree.algorithm, atom.rev.algorithm} != {atom.key.genesis.algorithm}:
            raise LockPinMismatch(file, f"{atom.key.text} mixes SHA-1 and SHA-256")
    return {atom.key: atom for atom in lock.atoms}


def _check_requires(lock: Lock, atoms: Mapping[AtomKey, LockedAtom], file: str) -> None:
    _check_targets("the project", lock.requires, atoms, file)
    for atom in lock.atoms:
        _check_targets(atom.key.text, atom.requires, atoms, file)
    reached = _check_acyclic(atoms, lock.requires, file)
    for key in sorted(atoms.keys() - reached):
        raise LockUnreachable(file, key.text)


def _check_targets(
    who: str, requires: tuple[AtomKey, ...], atoms: Mapping[AtomKey, LockedAtom], file: str
) -> None:
    unique(requires, lambda key: f"{who} requires {key.text}", file)
    for key in requires:
        if key not in atoms:
            raise LockDangling(file, f"{who} requires {key.text}")


def _check_acyclic(
    atoms: Mapping[AtomKey, LockedAtom], roots: tuple[AtomKey, ...], file: str
) -> set[AtomKey]:
    """Return what is reachable from ``roots``; depth first without recursion, O(edges)."""
    done: set[AtomKey] = set()
    path: dict[AtomKey, None] = {}
    stack = [(key, False) for key in sorted(roots, key=_order, reverse=True)]
    while stack:
        key, is_left = stack.pop()
        if is_left:
            path.popitem()
            done.add(key)
        elif key in path:
            names = [each.text for each in (*path, key)]
            raise LockCycle(file, " -> ".join(names[names.index(key.text) :]))
        elif key not in done:
            path[key] = None
            stack.append((key, True))
            stack.extend(
                (each, False) for each in sorted(atoms[key].requires, key=_order, reverse=True)
            )
    return done


def _check_direct(lock: Lock, atoms: Mapping[AtomKey, LockedAtom], file: str) -> None:
    names = ((each.owner, each.kind, each.name, each.system) for each in lock.direct)
    unique(names, lambda name: f"the direct source {name[1]}.{name[2]}", file)
    for each in lock.direct:
        if each.owner is not None and each.owner not in atoms:
            raise LockDangling(file, f"a direct source belongs to {each.owner.text}")
        check_source(each, file)
