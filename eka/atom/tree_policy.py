"""The tree policy: what an atom's tree may hold, checked on git objects before anything else.

The check has two rounds. The first measures each *distinct* tree once, so that a tree that is
small on the wire and immense when unfolded is refused in milliseconds. Only a tree within the
limits is then walked, path by path, and every problem is reported at once.

Source: atom-spec/tree-policy.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom.content import DIRECTORY_MODE, GITLINK_MODE, LEGAL_MODES, LINK_MODE
from eka.atom.link_policy import LinkWalk
from eka.atom.name_policy import MAX_NAME_BYTES, fold_name, name_fault, shown
from eka.errors import EkaError, Exit, raise_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom.content import TreeEntry, TreeReader
    from eka.atom.oid import ObjectId

MANIFEST_NAME = b"atom.toml"
MAX_PROBLEMS = 50
# A pointer of Git LFS: its specification says "less than 1024 bytes", its fields make it > 100.
_POINTER_SIZES = range(100, 1024)
_POINTER_STARTS = (
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
)


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
    """What a tree holds when it is unfolded: entries, bytes of its blobs, names in its deepest path."""

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


def check_tree(
    root: ObjectId, reader: TreeReader, *, limits: TreeLimits = DEFAULT_LIMITS
) -> TreeSummary:
    """Return how large the tree ``root`` is, or raise all of its problems (at most 50).

    Raises:
        TreePolicyViolation: for one problem, `Problems` for several; exit status 5.

    Source: atom-spec/tree-policy.md.
    """
    summary = _Measure(reader, limits).whole(root)
    walk = _Walk(reader, limits)
    walk.run(root)
    raise_problems(list(walk.problems), what="this tree cannot be an atom")
    return summary


class _Measure:
    """First round: sizes of distinct trees, children before parents, on a stack of our own."""

    def __init__(self, reader: TreeReader, limits: TreeLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._known: dict[ObjectId, TreeSummary] = {}
        self._sizes: dict[ObjectId, int] = {}

    def whole(self, root: ObjectId) -> TreeSummary:
        """Return the unfolded size of ``root``; raises TreePolicyViolation beyond a limit."""
        open_trees: list[tuple[ObjectId, bytes, Sequence[TreeEntry]]] = []
        waiting: list[tuple[ObjectId, bytes, bool]] = [(root, b"", False)]
        while waiting:
            oid, path, is_listed = waiting.pop()
            if is_listed:
                _, _, entries = open_trees.pop()
                self._known[oid] = self._sum(entries, path)
            elif oid not in self._known:
                if len(open_trees) >= self._limits.depth:
                    raise self._too_deep(path)
                entries = self._reader.tree(oid)
                open_trees.append((oid, path, entries))
                waiting.append((oid, path, True))
                waiting.extend(
                    (entry.oid, _join(path, entry.name), False)
                    for entry in entries
                    if entry.mode == DIRECTORY_MODE and entry.oid not in self._known
                )
        return self._known[root]

    def _sum(self, entries: Sequence[TreeEntry], path: bytes) -> TreeSummary:
        count, size_bytes, depth = len(entries), 0, 0
        for entry in entries:
            if entry.mode == DIRECTORY_MODE:
                child = self._known[entry.oid]
                count += child.entries
                size_bytes += child.size_bytes
                depth = max(depth, child.depth)
            elif entry.mode in LEGAL_MODES:
                size_bytes += self._size(entry.oid)
        depth += bool(entries)
        limits = self._limits
        if count > limits.entries:
            why = f"it unfolds to more than {limits.entries} entries"
            raise TreePolicyViolation(shown(path), why, "split the atom into smaller ones")
        if size_bytes > limits.size_bytes:
            why = f"its files are larger than {limits.size_bytes} bytes together"
            fix = "split the atom, or declare large files as direct sources (`[deps.direct.url]`)"
            raise TreePolicyViolation(shown(path), why, fix)
        if depth > limits.depth:
            raise self._too_deep(path)
        return TreeSummary(count, size_bytes, depth)

    def _size(self, oid: ObjectId) -> int:
        if oid not in self._sizes:
            self._sizes[oid] = self._reader.size(oid)
        return self._sizes[oid]

    def _too_deep(self, path: bytes) -> TreePolicyViolation:
        why = f"directories are nested deeper than {self._limits.depth}"
        return TreePolicyViolation(shown(path), why, "flatten the directories")


class _Walk:
    """Second round: every path of a tree whose size is known to be within the limits."""

    def __init__(self, reader: TreeReader, limits: TreeLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._pointers: dict[ObjectId, bool] = {}
        self._links = LinkWalk()
        self.problems: list[EkaError] = []

    def run(self, root: ObjectId) -> None:
        """Collect the problems of the tree ``root``."""
        waiting = [(root, b"")]
        while waiting and len(self.problems) < MAX_PROBLEMS:
            oid, path = waiting.pop()
            entries = self._reader.tree(oid)
            self._check_siblings(entries, path)
            for entry in entries:
                if self._check_entry(entry, path) and entry.mode == DIRECTORY_MODE:
                    waiting.append((entry.oid, _join(path, entry.name)))
        for path, why, fix in self._links.faults():
            self._report(path, why, fix)

    def _report(self, path: bytes, why: str, fix: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(TreePolicyViolation(shown(path), why, fix))

    def _check_siblings(self, entries: Sequence[TreeEntry], path: bytes) -> None:
        seen: dict[str, bytes] = {}
        previous = b""
        for entry in entries:
            folded = fold_name(entry.name)
            first = seen.setdefault(folded, entry.name)
            where = _join(path, entry.name)
            if first is not entry.name:
                self._report(where, *_collision(first, entry.name))
            order = entry.name + b"/" if entry.mode == DIRECTORY_MODE else entry.name
            if order < previous:
                fix = "write the tree with git: `git fsck` names it too"
                self._report(where, "it stands out of git's order", fix)
            previous = order

    def _check_entry(self, entry: TreeEntry, parent: bytes) -> bool:
        """Report what is wrong with one entry; return whether to look inside it."""
        path = _join(parent, entry.name)
        limits = self._limits
        if fault := name_fault(entry.name, max_bytes=limits.name_bytes):
            self._report(path, *fault)
            return False
        if len(path) > limits.path_bytes:
            why = f"the path is longer than {limits.path_bytes} bytes"
            self._report(path, why, "shorten the names of the directories")
            return False
        if entry.mode not in LEGAL_MODES:
            self._report(path, *_mode_fault(entry.mode))
            return False
        if entry.mode == LINK_MODE:
            self._check_link(entry.oid, path)
        elif entry.mode != DIRECTORY_MODE:
            self._check_file(entry.oid, path)
        return True

    def _check_link(self, oid: ObjectId, path: bytes) -> None:
        if self._reader.size(oid) > self._limits.target_bytes:
            why = f"the symlink's target is longer than {self._limits.target_bytes} bytes"
            self._report(path, why, "write a shorter target")
        else:
            self._links.add(path, self._reader.blob(oid))

    def _check_file(self, oid: ObjectId, path: bytes) -> None:
        if path == MANIFEST_NAME and self._reader.size(oid) > self._limits.manifest_bytes:
            why = f"the manifest is larger than {self._limits.manifest_bytes} bytes"
            self._report(path, why, "shorten it")
        if oid not in self._pointers:
            self._pointers[oid] = self._is_pointer(oid)
        if self._pointers[oid]:
            why = "it is a Git LFS pointer: the atom would hold the pointer, not the file"
            fix = "commit the file itself, or declare it as a direct source (`[deps.direct.url]`)"
            self._report(path, why, fix)

    def _is_pointer(self, oid: ObjectId) -> bool:
        if self._reader.size(oid) not in _POINTER_SIZES:
            return False
        return self._reader.blob(oid).startswith(_POINTER_STARTS)


def _join(parent: bytes, name: bytes) -> bytes:
    return parent + b"/" + name if parent else name


def _collision(first: bytes, second: bytes) -> tuple[str, str]:
    if first == second:
        return "the name stands twice in one directory", "write the tree with git"
    why = f"on some file systems it is the same name as {shown(first)}"
    return why, "rename one of the two so that they differ in more than case or normal form"


def _mode_fault(mode: str) -> tuple[str, str]:
    if mode == GITLINK_MODE:
        fix = "copy the files in, or make it an atom of its own and depend on that"
        return "it is a submodule (gitlink), whose files no atom carries", fix
    why = f"its mode is {mode[:20]!r}, expected 100644, 100755, 120000 or 40000"
    return why, "set the mode with `git update-index --chmod=+x` or `--chmod=-x`, and commit"
