"""The rules a lock must keep beyond its form; used before writing and after reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from eka.atom.aliases import Aliases
from eka.atom.download_url import CredentialsInUrl, download_url_fault, holds_userinfo
from eka.atom.identity import atom_id
from eka.atom.label import Label
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
from eka.atom.uri import parse_source_url
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from eka.atom.lock_model import AtomKey, Lock, LockedAtom, LockedDirect, LockedFile, LockedSet
    from eka.atom.oid import Genesis

MAX_SIZE_BYTES = 2**63 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SYSTEM = re.compile(r"(?:[a-z0-9_]+(?:-[a-z0-9_]+){1,3})?", re.ASCII)
_SUITE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9./_-]*)?", re.ASCII)
_POOL_PATH = re.compile(r"[!-~]*", re.ASCII)
Thing = TypeVar("Thing", bound="Hashable")


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
    _unique((each.genesis for each in lock.sets), lambda genesis: f"the set {genesis.hex}", file)
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
    _unique(named, lambda url: f"{name} names {url}", file)
    for text in named:
        try:
            url = parse_source_url(text, Aliases({}))
        except EkaError as error:
            raise InvalidLock(file, f"{name}: {error.what}: {error.why}") from error
        if url.has_credentials:
            raise CredentialsInUrl(text, file)
        if url.public != text or (url.is_local and not url.path.startswith("/")):
            raise InvalidLock(file, f"{name}: {text!r} is not a full URL in canonical form")


def _check_atoms(lock: Lock, file: str) -> Mapping[AtomKey, LockedAtom]:
    _unique((atom.key for atom in lock.atoms), lambda key: key.text, file)
    own: frozenset[Genesis] = frozenset(each.genesis for each in lock.sets if each.own)
    for atom in lock.atoms:
        if atom.id != atom_id(atom.key.genesis, atom.key.label):
            raise LockIdMismatch(file, f"{atom.key.text} has the id {atom.id.text}")
        pins = (atom.tree, atom.content, atom.rev)
        if atom.key.genesis in own:
            if pins != (None, None, None):
                why = f"{atom.key.text} is of the own set, which has neither tree, blake3 nor rev"
                raise LockPinMismatch(file, why)
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
    _unique(requires, lambda key: f"{who} requires {key.text}", file)
    for key in requires:
        if key not in atoms:
            raise LockDangling(file, f"{who} requires {key.text}")


def _check_acyclic(
    atoms: Mapping[AtomKey, LockedAtom], roots: tuple[AtomKey, ...], file: str
) -> set[AtomKey]:
    """Return what is reachable from ``roots``; depth first without recursion, O(edges)."""
    done: set[AtomKey] = set()
    path: dict[AtomKey, None] = {}
    stack = [(key, False) for key in sorted(roots, reverse=True)]
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
            stack.extend((each, False) for each in sorted(atoms[key].requires, reverse=True))
    return done


def _check_direct(lock: Lock, atoms: Mapping[AtomKey, LockedAtom], file: str) -> None:
    names = ((each.owner, each.kind, each.name, each.system) for each in lock.direct)
    _unique(names, lambda name: f"the direct source {name[1]}.{name[2]}", file)
    for each in lock.direct:
        if each.owner is not None and each.owner not in atoms:
            raise LockDangling(file, f"a direct source belongs to {each.owner.text}")
        _check_source(each, file)


def _check_source(direct: LockedDirect, file: str) -> None:
    for text in (direct.kind, direct.name):
        try:
            Label(text)
        except EkaError as error:
            raise InvalidLock(file, f"direct source {text!r}: {error.why}") from error
    name = f"the direct source {direct.kind}.{direct.name}"
    if _SYSTEM.fullmatch(direct.system) is None:
        raise InvalidLock(file, f"{name}: {direct.system!r} is not a system")
    if _SHA256.fullmatch(direct.declared) is None:
        raise InvalidLock(file, f"{name}: `declared` is not 64 lower-case hexadecimal digits")
    if not direct.files:
        raise InvalidLock(file, f"{name} has no files")
    _unique(((each.url, each.path) for each in direct.files), lambda each: f"{name}: {each}", file)
    for each in direct.files:
        if holds_userinfo(each.url):
            raise CredentialsInUrl(each.url, file)
        if why := _file_fault(each):
            raise InvalidLock(file, f"{name}: {why}")


def _file_fault(locked: LockedFile) -> str:
    if why := download_url_fault(locked.url):
        return f"url: {why}"
    if locked.path and not _is_below(locked.url, locked.path):
        return f"path: {locked.path!r} does not lie below the mirror"
    if _SUITE.fullmatch(locked.suite) is None:
        return f"suite: {locked.suite!r} is not the name of a suite"
    if not 0 <= locked.size <= MAX_SIZE_BYTES:
        return f"size: {locked.size} is not a number of bytes"
    if _SHA256.fullmatch(locked.sha256) is None:
        return f"sha256: {locked.sha256!r} is not 64 lower-case hexadecimal digits"
    return ""


def _is_below(url: str, path: str) -> bool:
    is_plain = "?" not in url and _POOL_PATH.fullmatch(path) is not None
    return is_plain and not any(part in {"", ".", ".."} for part in path.split("/"))


def _unique(things: Iterable[Thing], say: Callable[[Thing], str], file: str) -> None:
    seen: set[Thing] = set()
    for thing in things:
        if thing in seen:
            raise LockDuplicate(file, say(thing))
        seen.add(thing)
