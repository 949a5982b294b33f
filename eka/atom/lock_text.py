"""Writes a lock: the one legal sequence of bytes for what it says."""

from __future__ import annotations

from operator import attrgetter

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.atom.lock_model import (
        AtomKey,
        Lock,
        LockedAtom,
        LockedDirect,
        LockedFile,
        LockedSet,
        LockedTree,
    )

LOCK_VERSION = 2
_order = attrgetter("order")
HEADER = "# Written by eka: do not edit. `eka lock` renews it.\n"


def lock_text(lock: Lock) -> str:
    """Return the text of a lock; the order of its entries follows from their content alone."""
    return HEADER + "\n".join("".join(f"{line}\n" for line in part) for part in _parts(lock))


def direct_order(direct: LockedDirect) -> tuple[bool, tuple[AtomKey, ...], str, str, str]:
    """Return the sort key of direct sources: the root project's first, then by owner."""
    owner = () if direct.owner is None else (direct.owner,)
    return (direct.owner is not None, owner, direct.kind, direct.name, direct.system)


def _parts(lock: Lock) -> Iterator[Iterable[str]]:
    yield [
        f"version = {LOCK_VERSION}",
        f"requirements = {_quoted(lock.requirements)}",
        *_array("requires", (key.text for key in _ordered(lock.requires))),
    ]
    for each_set in sorted(lock.sets):
        yield _set(each_set)
    for atom in sorted(lock.atoms, key=lambda atom: atom.key.order):
        yield _atom(atom)
    for direct in sorted(lock.direct, key=direct_order):
        yield _direct(direct)


def _set(locked: LockedSet) -> Iterator[str]:
    yield "[[set]]"
    yield f"genesis = {_quoted(locked.genesis.hex)}"
    if locked.own:
        yield "own = true"
    else:
        yield from _array("urls", locked.urls)
    if locked.accepted:
        yield from _array("accepted", sorted(locked.accepted))


def _atom(atom: LockedAtom) -> Iterator[str]:
    yield "[[atom]]"
    yield f"set = {_quoted(atom.key.genesis.hex)}"
    yield f"label = {_quoted(atom.key.label.text)}"
    yield f"version = {_quoted(atom.key.version.text)}"
    yield f"id = {_quoted(atom.id.text)}"
    if atom.patched:
        yield "patched = true"
    for key, value in (("tree", atom.tree), ("blake3", atom.content), ("rev", atom.rev)):
        if value is not None:
            yield f"{key} = {_quoted(value.hex)}"
    yield from _array("requires", (key.text for key in _ordered(atom.requires)))


def _direct(direct: LockedDirect) -> Iterator[str]:
    yield "[[direct]]"
    if direct.owner is not None:
        yield f"owner = {_quoted(direct.owner.text)}"
    yield f"kind = {_quoted(direct.kind)}"
    yield f"name = {_quoted(direct.name)}"
    if direct.system:
        yield f"system = {_quoted(direct.system)}"
    yield f"declared = {_quoted(direct.declared)}"
    if direct.lock_sha256:
        yield f"lock_sha256 = {_quoted(direct.lock_sha256)}"
    if direct.tree is not None:
        yield from _tree(direct.tree)
        return
    yield "files = ["
    for file in direct.files:
        yield f"  {{ {', '.join(_file(file))} }},"
    yield "]"


def _tree(tree: LockedTree) -> Iterator[str]:
    yield f"url = {_quoted(tree.url)}"
    for key, value in (("ref", tree.ref), ("path", tree.path)):
        if value:
            yield f"{key} = {_quoted(value)}"
    for key, hashed in (("rev", tree.rev), ("tree", tree.tree), ("blake3", tree.content)):
        yield f"{key} = {_quoted(hashed.hex)}"


def _file(file: LockedFile) -> Iterator[str]:
    if file.name:
        yield f"name = {_quoted(file.name)}"
    if file.version:
        yield f"version = {_quoted(file.version)}"
    yield f"url = {_quoted(file.url)}"
    if file.mirrors:
        yield f"mirrors = [{', '.join(map(_quoted, file.mirrors))}]"
    if file.path:
        yield f"path = {_quoted(file.path)}"
    if file.suite:
        yield f"suite = {_quoted(file.suite)}"
    yield f"size = {file.size}"
    yield f"sha256 = {_quoted(file.sha256)}"
    if file.integrity:
        yield f"integrity = {_quoted(file.integrity)}"


def _ordered(keys: tuple[AtomKey, ...]) -> list[AtomKey]:
    return sorted(keys, key=_order)


def _array(key: str, values: Iterable[str]) -> Iterator[str]:
    lines = [f"  {_quoted(value)}," for value in values]
    if not lines:
        yield f"{key} = []"
        return
    yield f"{key} = ["
    yield from lines
    yield "]"


def _quoted(text: str) -> str:
    # Control characters never get here: the values refuse them.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
