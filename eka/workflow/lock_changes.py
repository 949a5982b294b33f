"""What differs between two locks, atom by atom: versions, their direction, sources, signers.

Source: atom-spec/workflow.md [changes-pairs], [changes-direction].
"""

from __future__ import annotations

from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.resolve import bucket_of
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import Genesis, Label, Lock, LockedAtom, Version

MOST_DESCRIBED = 20
OWN_SOURCE = "::"


class Direction(StrEnum):
    """Which way an atom went from one lock to another."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REBUILT = "rebuilt"  # the same version with other content
    REPUBLISHED = "republished"  # the same content from another commit
    MOVED = "moved"  # the same version and content, from another place


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between the previous lock and the new one.

    Attributes:
        label: Of the atom.
        before: Its version; None: it was not there.
        after: Its version; None: it is not there any more.
        set: Genesis of its set, of the new one where that changed.
        direction: Which way it went.
        source_before: First URL of its set, ``::`` for the own one; None where it stays.
        source_after: The same now.
        signers_before: Fingerprints of the keys that signed it; None where that is not known or
            stays.
        signers_after: The same now.
    """

    label: str
    before: str | None
    after: str | None
    set: str = ""
    direction: Direction = Direction.ADDED
    source_before: str | None = None
    source_after: str | None = None
    signers_before: tuple[str, ...] | None = None
    signers_after: tuple[str, ...] | None = None


def diff_locks(before: Lock | None, after: Lock | None) -> tuple[Change, ...]:
    """Return what changes for each atom, sorted by label, set and version; O(atoms).

    Versions of one label are paired within a compatibility bucket, so that 1.1 -> 1.2 and a new
    2.0 are two changes. What is left over is paired where it can only mean one thing.
    """
    old, new = _Atoms(before), _Atoms(after)
    changes: list[Change] = []
    gone: dict[Label, list[LockedAtom]] = {}
    come: dict[Label, list[LockedAtom]] = {}
    for name in old.by_name.keys() | new.by_name.keys():
        were, are = old.by_name.get(name, {}), new.by_name.get(name, {})
        for version in were.keys() & are.keys():
            changes += _changed(old, new, were[version], are[version])
        left = [were[each] for each in sorted(were.keys() - are.keys())]
        fresh = [are[each] for each in sorted(are.keys() - were.keys())]
        for one, other in _paired(left, fresh):
            changes += _changed(old, new, one, other)
        gone.setdefault(name[1], []).extend(left)
        come.setdefault(name[1], []).extend(fresh)
    for label in gone.keys() | come.keys():
        left, fresh = gone.get(label, []), come.get(label, [])
        if len(left) == len(fresh) == 1:  # the atom comes from another set now
            changes += _changed(old, new, left.pop(), fresh.pop())
        changes += [_one_sided(atom, Direction.REMOVED) for atom in left]
        changes += [_one_sided(atom, Direction.ADDED) for atom in fresh]
    return tuple(sorted(changes, key=_order))


def describe(changes: tuple[Change, ...]) -> str:
    """Return changes in one line, such as ``added zlib 1.3.1, upgraded lua 5.4.4 -> 5.4.6``."""
    told = [_described(change) for change in changes[:MOST_DESCRIBED]]
    more = len(changes) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _described(change: Change) -> str:
    versions = [each for each in (change.before, change.after) if each is not None]
    return f"{change.direction.value} {change.label} {' -> '.join(dict.fromkeys(versions))}"


class _Atoms:
    """The atoms of a lock by set and label, then by version; and where its sets are."""

    def __init__(self, lock: Lock | None) -> None:
        self.by_name: dict[tuple[Genesis, Label], dict[Version, LockedAtom]] = {}
        for atom in lock.atoms if lock else ():
            name = (atom.key.genesis, atom.key.label)
            self.by_name.setdefault(name, {})[atom.key.version] = atom
        self._sources = {
            each.genesis: each.urls[0] if each.urls else OWN_SOURCE
            for each in (lock.sets if lock else ())
        }

    def source(self, atom: LockedAtom) -> str:
        return self._sources[atom.key.genesis]


def _paired(
    left: list[LockedAtom], fresh: list[LockedAtom]
) -> Iterator[tuple[LockedAtom, LockedAtom]]:
    """Take out of two lists and yield what belongs together: of one bucket, or the only ones."""
    waiting = {bucket_of(atom.key.version): atom for atom in fresh}
    for atom in left.copy():
        other = waiting.pop(bucket_of(atom.key.version), None)
        if other is not None:
            left.remove(atom)
            fresh.remove(other)
            yield atom, other
    if len(left) == len(fresh) == 1:
        yield left.pop(), fresh.pop()


def _changed(old: _Atoms, new: _Atoms, one: LockedAtom, other: LockedAtom) -> Iterator[Change]:
    """Yield the change from ``one`` to ``other``, if there is any."""
    sources = old.source(one), new.source(other)
    direction = _direction(one, other)
    if direction is None and sources[0] == sources[1]:
        return
    has_moved = sources[0] != sources[1]
    yield Change(
        other.key.label.text,
        one.key.version.text,
        other.key.version.text,
        other.key.genesis.hex,
        direction or Direction.MOVED,
        source_before=sources[0] if has_moved else None,
        source_after=sources[1] if has_moved else None,
    )


def _direction(one: LockedAtom, other: LockedAtom) -> Direction | None:
    if one.key.version != other.key.version:
        is_newer = other.key.version > one.key.version
        return Direction.UPGRADED if is_newer else Direction.DOWNGRADED
    if (one.tree, one.content) != (other.tree, other.content):
        return Direction.REBUILT
    return None if one.rev == other.rev else Direction.REPUBLISHED


def _one_sided(atom: LockedAtom, direction: Direction) -> Change:
    version, key = atom.key.version.text, atom.key
    before, after = (None, version) if direction is Direction.ADDED else (version, None)
    return Change(key.label.text, before, after, key.genesis.hex, direction)


def _order(change: Change) -> tuple[str, str, str, str]:
    return change.label, change.set, change.before or "", change.after or ""
