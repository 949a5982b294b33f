"""Locks written in a few words: ``a_lock("app > curl 8.0.0", "curl 8.0.0 > zlib 1.2.0", …)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import (
    AtomKey,
    ContentHash,
    Genesis,
    Label,
    Lock,
    LockedAtom,
    LockedSet,
    ObjectId,
    Version,
    atom_id,
)
from eka.hashing import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

SETS = {name: Genesis(ObjectId(name[0] * 40)) for name in ("core", "extra", "base", "app")}
OWN = "app"
URLS = {name: f"https://{name}.org/r" for name in SETS}
PROJECT = "project"


def key(words: str) -> AtomKey:
    """Return the key of ``[SET/]LABEL VERSION``; the set is core by default."""
    name, version = words.split()
    set_name, _, label = name.rpartition("/")
    return AtomKey(SETS[set_name or "core"], Label(label), Version.parse(version))


def a_lock(
    *lines: str, urls: Mapping[str, str] | None = None, built: Mapping[str, str] | None = None
) -> Lock:
    """Return a lock of lines ``ATOM > ATOM, ATOM``; the first may be ``project > …``.

    Without a line for the project, it requires every atom that no other one does. Atoms that
    are only required have a line of their own in thought. An atom of the set ``app`` is of the
    own set. ``built`` gives an atom other content than it usually has.
    """
    edges: dict[AtomKey, tuple[AtomKey, ...]] = {}
    roots: tuple[AtomKey, ...] = ()
    for line in lines:
        owner, _, needs = line.partition(" > ")
        found = tuple(sorted(key(each) for each in needs.split(", ") if each))
        if owner == PROJECT:
            roots = found
        else:
            edges[key(owner)] = found
        for each in found:
            edges.setdefault(each, ())
    needed = {each for found in edges.values() for each in found}
    places = {**URLS, **(urls or {})}
    contents = {key(words): content for words, content in (built or {}).items()}
    return Lock(
        requirements="0" * 64,
        sets=tuple(
            LockedSet(genesis, () if name == OWN else (places[name],), own=name == OWN)
            for name, genesis in SETS.items()
            if genesis in {each.genesis for each in edges}
        ),
        atoms=tuple(_atom(each, edges[each], contents.get(each, "")) for each in sorted(edges)),
        requires=roots or tuple(sorted(edges.keys() - needed)),
    )


def _atom(name: AtomKey, requires: tuple[AtomKey, ...], content: str) -> LockedAtom:
    identity = atom_id(name.genesis, name.label)
    if name.genesis == SETS[OWN]:
        return LockedAtom(name, identity, requires=requires)
    tree, rev = (digest(f"{kind}{name.text}{content}".encode()).hex()[:40] for kind in "tr")
    return LockedAtom(
        name,
        identity,
        ObjectId(tree),
        ContentHash(digest(tree.encode()).hex()),
        ObjectId(rev),
        requires,
    )
