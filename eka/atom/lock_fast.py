"""Reads locks in their one legal form, a pattern at a time: ten times as fast as TOML.

Whoever reads one this way must write it again and compare: only then was it in that form. What
does not look like it is left to the reader of TOML, which says what is wrong.
"""

from __future__ import annotations

import re
from functools import cache

from eka.atom.content import ContentHash
from eka.atom.identity import AtomId
from eka.atom.lock_model import AtomKey, Lock, LockedAtom, LockedSet
from eka.atom.lock_text import HEADER, LOCK_VERSION
from eka.atom.oid import Genesis, ObjectId
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.atom.lock_model import LockedDirect

_TEXT = r'[^"\\\x00-\x1f\x7f]*'
_STRING = rf'"({_TEXT})"'
_ARRAY = rf'(\[\]|\[\n(?:  "{_TEXT}",\n)+\])'
_HEX = r'"([0-9a-f]+)"'
_HEAD = re.compile(
    re.escape(HEADER) + rf"version = {LOCK_VERSION}\nrequirements = {_HEX}\nrequires = {_ARRAY}\n"
)
_SET = re.compile(
    rf"\n\[\[set\]\]\ngenesis = {_HEX}\n(?:own = true|urls = {_ARRAY})\n(?:accepted = {_ARRAY}\n)?"
)
_ATOM = re.compile(
    rf"\n\[\[atom\]\]\nset = {_HEX}\nlabel = {_STRING}\nversion = {_STRING}\nid = {_STRING}\n"
    rf"(patched = true\n)?(?:tree = {_HEX}\nblake3 = {_HEX}\nrev = {_HEX}\n)?requires = {_ARRAY}\n"
)
_ITEM = re.compile(_STRING)
_DIRECT = "\n[[direct]]\n"


def read_fast(text: str, read_direct: Callable[[str], tuple[LockedDirect, ...]]) -> Lock | None:
    """Return what a lock says; None where it is not in the legal form, as far as can be seen.

    Args:
        text: Of the file.
        read_direct: Reads the last part of it, the direct sources, if there are any.
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    try:
        return _read(text, head, read_direct)
    except EkaError:
        return None


def _read(
    text: str, head: re.Match[str], read_direct: Callable[[str], tuple[LockedDirect, ...]]
) -> Lock | None:
    key = cache(AtomKey.parse)  # most keys stand in a lock several times
    at = head.end()
    sets: list[LockedSet] = []
    while found := _SET.match(text, at):
        urls, accepted = _items(found[2]), _items(found[3])
        sets.append(LockedSet(_genesis(found[1]), urls, found[2] is None, accepted))
        at = found.end()
    atoms: list[LockedAtom] = []
    while found := _ATOM.match(text, at):
        atoms.append(_atom(found, key))
        at = found.end()
    direct: tuple[LockedDirect, ...] = ()
    if text.startswith(_DIRECT, at):
        direct = read_direct(text[at:])
    elif at < len(text):
        return None
    return Lock(
        requirements=head[1],
        requires=tuple(map(key, _items(head[2]))),
        sets=tuple(sets),
        atoms=tuple(atoms),
        direct=direct,
    )


def _atom(found: re.Match[str], key: Callable[[str], AtomKey]) -> LockedAtom:
    genesis, label, version, identity, patched, tree, content, rev, requires = found.groups()
    return LockedAtom(
        key=key(f"{genesis}::{label}@{version}"),
        id=AtomId(identity),
        tree=None if tree is None else ObjectId(tree),
        content=None if content is None else ContentHash(content),
        rev=None if rev is None else ObjectId(rev),
        requires=tuple(map(key, _items(requires))),
        patched=patched is not None,
    )


def _items(array: str | None) -> tuple[str, ...]:
    return tuple(_ITEM.findall(array)) if array else ()


@cache
def _genesis(text: str) -> Genesis:
    return Genesis(ObjectId(text))
