"""What differs between two trees, path by path; pure, over readers.

Trees with one id are not looked into, so the work is what differs, not what is there.

Source: atom-spec/queries.md [diff-paths], [diff-renames].
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from eka.checking import TYPE_CHECKING, Protocol
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eka.atom import ObjectId, TreeEntry

# Two trees that obey the tree policy have fewer entries together. Others can be a few objects
# that unfold to any number of paths.
MOST_ENTRIES = 250_000
DIRECTORY_MODE = "40000"
FILE_MODES = frozenset({"100644", "100755"})


class TreesTooLarge(EkaError):
    """Two trees that differ in more entries than two atoms can have."""

    code = "trees-too-large"
    exit_status = Exit.INTEGRITY

    def __init__(self, old: ObjectId, new: ObjectId) -> None:
        super().__init__(
            what="these trees are too large to be compared",
            where=f"{old.hex} and {new.hex}",
            why=f"more than {MOST_ENTRIES} entries would have to be looked at",
            fix="no atom is that large: do not use it; eka verify says what is wrong with it",
        )


class Trees(Protocol):
    """Port: reads trees by id."""

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree, in stored order."""
        ...


class ChangeKind(StrEnum):
    """How a path differs."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    """Its bytes differ, or it is a link on one side and a file on the other."""
    MODE = "mode"
    """Its bytes are the same; whether it can be executed is not."""
    RENAMED = "renamed"
    """The same bytes stood at another path, which is gone."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file or link in a tree."""

    path: bytes
    mode: str
    oid: ObjectId


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs; ``old`` is None where it was added, ``new`` where it was removed."""

    kind: ChangeKind
    old: Leaf | None
    new: Leaf | None

    @property
    def path(self) -> bytes:
        """Where it is now; where it was, when it was removed."""
        leaf = self.new or self.old
        if leaf is None:
            message = "a change has one side at least"
            raise AssertionError(message)
        return leaf.path


def compare_trees(old: tuple[ObjectId, Trees], new: tuple[ObjectId, Trees]) -> tuple[Change, ...]:
    """Return what differs between two trees, ordered by path.

    Args:
        old: A tree, and what reads it.
        new: Another one.

    Raises:
        TreesTooLarge: more entries differ than two atoms can have.
    """
    removed: list[Leaf] = []
    added: list[Leaf] = []
    changed: list[Change] = []
    for before, after in _pairs(old, new):
        if before is None and after is not None:
            added.append(after)
        elif after is None and before is not None:
            removed.append(before)
        elif before is not None and after is not None:
            kind = ChangeKind.MODE if _only_mode(before, after) else ChangeKind.MODIFIED
            changed.append(Change(kind, before, after))
    found = [*changed, *_settled(removed, added)]
    return tuple(sorted(found, key=lambda change: change.path))


def _only_mode(before: Leaf, after: Leaf) -> bool:
    return before.oid == after.oid and {before.mode, after.mode} <= FILE_MODES


def _pairs(
    old: tuple[ObjectId, Trees], new: tuple[ObjectId, Trees]
) -> Iterator[tuple[Leaf | None, Leaf | None]]:
    """Yield the leaves of two trees by path, those that are alike left out."""
    (old_root, old_trees), (new_root, new_trees) = old, new
    waiting: list[tuple[bytes, ObjectId | None, ObjectId | None]] = [(b"", old_root, new_root)]
    looked_at = 0
    while waiting:
        prefix, before, after = waiting.pop()
        if before == after:
            continue
        left = {entry.name: entry for entry in _entries(old_trees, before)}
        right = {entry.name: entry for entry in _entries(new_trees, after)}
        looked_at += len(left) + len(right)
        if looked_at > MOST_ENTRIES:
            raise TreesTooLarge(old_root, new_root)
        for name in left | right:
            one, other = left.get(name), right.get(name)
            path = prefix + name
            trees = _tree(one), _tree(other)
            if any(trees):
                waiting.append((path + b"/", *trees))
            leaves = _leaf(path, one), _leaf(path, other)
            if leaves[0] != leaves[1]:
                yield leaves


def _entries(trees: Trees, oid: ObjectId | None) -> Iterable[TreeEntry]:
    return () if oid is None else trees.tree(oid)


def _tree(entry: TreeEntry | None) -> ObjectId | None:
    return entry.oid if entry is not None and entry.mode == DIRECTORY_MODE else None


def _leaf(path: bytes, entry: TreeEntry | None) -> Leaf | None:
    if entry is None or entry.mode == DIRECTORY_MODE:
        return None
    return Leaf(path, entry.mode, entry.oid)


def _settled(removed: list[Leaf], added: list[Leaf]) -> Iterator[Change]:
    """Pair what went away with what came at another path with the same bytes.

    First those whose file name stayed the same, then what is left, each time in order of path.
    """
    for key in (_named_substance, _substance):
        gone: dict[object, deque[Leaf]] = {}
        for leaf in sorted(removed, key=lambda leaf: leaf.path):
            gone.setdefault(key(leaf), deque()).append(leaf)
        unpaired: list[Leaf] = []
        for leaf in sorted(added, key=lambda leaf: leaf.path):
            if sources := gone.get(key(leaf)):
                yield Change(ChangeKind.RENAMED, sources.popleft(), leaf)
            else:
                unpaired.append(leaf)
        added, removed = unpaired, [leaf for leaves in gone.values() for leaf in leaves]
    yield from (Change(ChangeKind.ADDED, None, leaf) for leaf in added)
    yield from (Change(ChangeKind.REMOVED, leaf, None) for leaf in removed)


def _substance(leaf: Leaf) -> tuple[ObjectId, bool]:
    return leaf.oid, leaf.mode in FILE_MODES


def _named_substance(leaf: Leaf) -> tuple[ObjectId, bool, bytes]:
    return (*_substance(leaf), leaf.path.rpartition(b"/")[2])
