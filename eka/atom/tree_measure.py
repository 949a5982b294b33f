"""How large a tree is when it is unfolded, learnt from its distinct objects only.

A tree of eleven objects can unfold to 10^10 files. Each distinct tree is listed once and summed
once, so the work is bounded by what was really transferred, and by the limits.

Source: atom-spec/tree-policy.md [tree-limits].
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom.content import DIRECTORY_MODE, LEGAL_MODES
from eka.atom.name_policy import MAX_NAME_BYTES, join, shown
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom.content import TreeEntry, TreeReader
    from eka.atom.oid import ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeLimits:
    """How large an atom may be."""

    entries: int = 100_000
    size_bytes: int = 512 * 1024 * 1024
    depth: int = 64
    name_bytes: int = MAX_NAME_BYTES
    path_bytes: int = 1024
    target_bytes: int = 1024
    manifest_bytes: int = 256 * 1024


DEFAULT_LIMITS = TreeLimits()


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """What a tree unfolds to: entries, bytes of its blobs, names in its longest path."""

    entries: int
    size_bytes: int
    depth: int


class TreePolicyViolation(EkaError):
    """A tree holds what no atom may hold."""

    code = "tree-policy"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, why: str, fix: str) -> None:
        super().__init__(what="an atom may not hold this", where=path, why=why, fix=fix)
        self.path = path


@dataclass(frozen=True, slots=True)
class _Visit:
    """A tree to look at; ``entries`` is None before it is listed, then its children come first."""

    oid: ObjectId
    path: bytes
    depth: int
    entries: Sequence[TreeEntry] | None = None


class TreeMeasure:
    """Sizes of the objects of one tree."""

    def __init__(self, reader: TreeReader, limits: TreeLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._listed_entries = 0
        self._trees: dict[ObjectId, TreeSummary] = {}
        self._blobs: dict[ObjectId, int] = {}

    def blob_size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes, asking the reader once."""
        if oid not in self._blobs:
            self._blobs[oid] = self._reader.size(oid)
        return self._blobs[oid]

    def unfolded(self, root: ObjectId) -> TreeSummary:
        """Return what ``root`` unfolds to; raises TreePolicyViolation beyond a limit."""
        waiting = [_Visit(root, b"", 1)]
        while waiting:
            visit = waiting.pop()
            if visit.entries is not None:
                self._trees[visit.oid] = self._sum(visit.entries, visit.path)
            elif visit.oid not in self._trees:
                waiting.extend(self._open(visit))
        return self._trees[root]

    def _open(self, visit: _Visit) -> list[_Visit]:
        """List a tree; return it and, to be visited before it, its unknown subtrees."""
        if visit.depth > self._limits.depth:
            raise self._too_deep(visit.path)
        entries = self._reader.tree(visit.oid)
        self._listed_entries += len(entries)
        self._check_entries(self._listed_entries, visit.path)
        subtrees = [
            _Visit(entry.oid, join(visit.path, entry.name), visit.depth + 1)
            for entry in reversed(entries)  # the first of them is visited first
            if entry.mode == DIRECTORY_MODE and entry.oid not in self._trees
        ]
        return [_Visit(visit.oid, visit.path, visit.depth, entries), *subtrees]

    def _sum(self, entries: Sequence[TreeEntry], path: bytes) -> TreeSummary:
        count, size_bytes, depth = len(entries), 0, min(len(entries), 1)
        for entry in entries:
            if entry.mode == DIRECTORY_MODE:
                subtree = self._trees[entry.oid]
                count += subtree.entries
                size_bytes += subtree.size_bytes
                depth = max(depth, subtree.depth + 1)
            elif entry.mode in LEGAL_MODES:
                size_bytes += self.blob_size(entry.oid)
        self._check_entries(count, path)
        if size_bytes > self._limits.size_bytes:
            why = f"its files are larger than {self._limits.size_bytes} bytes together"
            fix = "split the atom, or declare large files as direct sources (`[deps.direct.url]`)"
            raise TreePolicyViolation(shown(path), why, fix)
        if depth > self._limits.depth:
            raise self._too_deep(path)
        return TreeSummary(count, size_bytes, depth)

    def _check_entries(self, count: int, path: bytes) -> None:
        if count > self._limits.entries:
            why = f"it unfolds to more than {self._limits.entries} entries"
            raise TreePolicyViolation(shown(path), why, "split the atom into smaller ones")

    def _too_deep(self, path: bytes) -> TreePolicyViolation:
        why = f"directories are nested deeper than {self._limits.depth}"
        return TreePolicyViolation(shown(path), why, "flatten the directories")
