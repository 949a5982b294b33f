"""The tree policy: what an atom's tree may hold, checked on git objects before anything else.

Two rounds. `TreeMeasure` looks at each distinct object once and refuses what unfolds too large.
Only a tree within the limits is then walked, path by path, and all its problems are reported at
once.

Source: atom-spec/tree-policy.md.
"""

from __future__ import annotations

from eka.atom.content import DIRECTORY_MODE, GITLINK_MODE, LEGAL_MODES, LINK_MODE
from eka.atom.link_policy import LinkWalk
from eka.atom.name_policy import fold_name, join, name_fault, shown
from eka.atom.tree_measure import DEFAULT_LIMITS, TreeMeasure, TreePolicyViolation
from eka.checking import TYPE_CHECKING
from eka.errors import raise_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom.content import TreeEntry, TreeReader
    from eka.atom.name_policy import Fault
    from eka.atom.oid import ObjectId
    from eka.atom.tree_measure import TreeLimits, TreeSummary
    from eka.errors import EkaError

MAX_PROBLEMS = 50
MANIFEST_NAME = b"atom.toml"
# A pointer of Git LFS: its specification says below 1024 bytes, its fields make it above 100.
_POINTER_SIZES = range(100, 1024)
_POINTER_STARTS = (
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
)


def check_tree(
    root: ObjectId, reader: TreeReader, *, limits: TreeLimits = DEFAULT_LIMITS
) -> TreeSummary:
    """Return what the tree ``root`` unfolds to, when an atom may hold all of it.

    Args:
        root: A tree.
        reader: Where its objects are; blobs are read only where their size makes it needed.
        limits: How large it may be.

    Returns:
        Entries, bytes and depth. O(distinct objects + unfolded entries), the latter capped.

    Raises:
        TreePolicyViolation: It has one problem; `Problems` when it has several (at most 50).

    Source: atom-spec/tree-policy.md.
    """
    measure = TreeMeasure(reader, limits)
    summary = measure.unfolded(root)
    walk = _Walk(reader, measure, limits)
    raise_problems(walk.run(root), what="this tree cannot be an atom")
    return summary


class _Walk:
    """Visits every path of a tree whose size is known to be within the limits."""

    def __init__(self, reader: TreeReader, measure: TreeMeasure, limits: TreeLimits) -> None:
        self._reader = reader
        self._measure = measure
        self._limits = limits
        self._pointers: dict[ObjectId, bool] = {}
        self._links = LinkWalk()
        self._problems: list[tuple[bytes, Fault]] = []

    def run(self, root: ObjectId) -> list[EkaError]:
        """Return the problems of the tree ``root``, in the order of their paths."""
        waiting = [(root, b"")]
        while waiting and len(self._problems) < MAX_PROBLEMS:
            oid, path = waiting.pop()
            entries = self._reader.tree(oid)
            self._check_siblings(entries, path)
            sound = [entry for entry in entries if self._is_sound(entry, path)]
            waiting.extend(
                (entry.oid, join(path, entry.name))
                for entry in reversed(sound)
                if entry.mode == DIRECTORY_MODE
            )
        for path, fault in self._links.faults():
            self._report(path, fault)
        return [TreePolicyViolation(shown(path), *fault) for path, fault in sorted(self._problems)]

    def _report(self, path: bytes, fault: Fault) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append((path, fault))

    def _check_siblings(self, entries: Sequence[TreeEntry], path: bytes) -> None:
        seen: dict[str, bytes] = {}
        previous = b""
        for entry in entries:
            folded = fold_name(entry.name)
            if folded in seen:
                self._report(join(path, entry.name), _collision(seen[folded], entry.name))
            seen[folded] = entry.name
            # Git sorts a directory as if its name ended in a slash.
            order = entry.name + b"/" if entry.mode == DIRECTORY_MODE else entry.name
            if order < previous:
                fault = ("it stands out of git's order", "write the tree with git")
                self._report(join(path, entry.name), fault)
            previous = order

    def _is_sound(self, entry: TreeEntry, parent: bytes) -> bool:
        """Report what is wrong with one entry; return whether to look inside it."""
        path = join(parent, entry.name)
        fault = name_fault(entry.name, max_bytes=self._limits.name_bytes)
        if fault is None and len(path) > self._limits.path_bytes:
            why = f"the path is longer than {self._limits.path_bytes} bytes"
            fault = (why, "shorten the names of its directories")
        if fault is None and entry.mode not in LEGAL_MODES:
            fault = _mode_fault(entry.mode)
        if fault is not None:
            self._report(path, fault)
        elif entry.mode == LINK_MODE:
            self._check_link(entry.oid, path)
        elif entry.mode != DIRECTORY_MODE:
            self._check_file(entry.oid, path)
        return fault is None

    def _check_link(self, oid: ObjectId, path: bytes) -> None:
        if self._measure.blob_size(oid) > self._limits.target_bytes:
            why = f"the symlink's target is longer than {self._limits.target_bytes} bytes"
            self._report(path, (why, "write a shorter target"))
        else:
            self._links.add(path, self._reader.blob(oid))

    def _check_file(self, oid: ObjectId, path: bytes) -> None:
        if path == MANIFEST_NAME and self._measure.blob_size(oid) > self._limits.manifest_bytes:
            why = f"the manifest is larger than {self._limits.manifest_bytes} bytes"
            self._report(path, (why, "shorten it: a manifest holds no data"))
        if oid not in self._pointers:
            self._pointers[oid] = self._is_pointer(oid)
        if self._pointers[oid]:
            why = "it is a Git LFS pointer: the atom would hold the pointer, not the file"
            fix = "commit the file itself, or declare it as a direct source (`[deps.direct.url]`)"
            self._report(path, (why, fix))

    def _is_pointer(self, oid: ObjectId) -> bool:
        if self._measure.blob_size(oid) not in _POINTER_SIZES:
            return False
        return self._reader.blob(oid).startswith(_POINTER_STARTS)


def _collision(first: bytes, second: bytes) -> Fault:
    if first == second:
        return "the name stands twice in one directory", "write the tree with git"
    why = f"on some file systems it is the same name as {shown(first)}"
    return why, "rename one of the two so that they differ in more than case or normal form"


def _mode_fault(mode: str) -> Fault:
    if mode == GITLINK_MODE:
        fix = "copy its files in, or make it an atom of its own and depend on that"
        return "it is a submodule (gitlink), whose files no atom carries", fix
    why = f"its mode is {mode[:20]!r}, expected 100644, 100755, 120000 or 40000"
    return why, "set the mode with `git update-index --chmod=+x` (or `-x`) and commit"
