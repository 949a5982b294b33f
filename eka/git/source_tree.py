"""Finds an atom's tree in the source commit it was published from; pure, over a reader."""

from __future__ import annotations

import re

from eka.atom import MANIFEST_NAME, ObjectId, object_id
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.atom import AtomCommit, TreeEntry, TreeReader
    from eka.git.object_port import ObjectReader

DIRECTORY_MODE = "40000"
_FILE_MODES = frozenset({"100644", "100755"})
_OLD_MANIFEST_SUFFIX = b".atom"
_ORIGIN = re.compile(rb"^(?:origin|src) ([0-9a-f]{40}(?:[0-9a-f]{24})?)$", re.MULTILINE)
_MANIFEST = re.compile(rb"^manifest ([0-9a-f]{40}(?:[0-9a-f]{24})?)$", re.MULTILINE)
MOST_TREES = 1_000_000


def commit_tree(body: bytes) -> ObjectId:
    """Return the tree that a commit, of anybody's making, names."""
    line = body.partition(b"\n")[0].decode("ascii", errors="replace")
    return ObjectId(line.removeprefix("tree "))


def commit_parents(body: bytes) -> list[ObjectId]:
    """Return the parents that a commit's own bytes name: no graft or shallow boundary counts."""
    head = body.partition(b"\n\n")[0].decode("ascii", errors="replace")
    return [
        ObjectId(line.removeprefix("parent "))
        for line in head.split("\n")
        if line.startswith("parent ")
    ]


def claimed_origin(body: bytes) -> ObjectId | None:
    """Return the source commit that an atom commit names; nothing else of it is looked at."""
    found = _ORIGIN.search(body.partition(b"\n\n")[0])
    return None if found is None else ObjectId(found[1].decode())


def claimed_manifest(body: bytes) -> ObjectId | None:
    """Return the manifest that an atom commit names; nothing else of it is looked at."""
    found = _MANIFEST.search(body.partition(b"\n\n")[0])
    return None if found is None else ObjectId(found[1].decode())


def is_manifest(entry: TreeEntry, *, is_old: bool) -> bool:
    """Return whether an entry of an atom's root is its manifest; ``is_old``: of format 1."""
    if entry.mode not in _FILE_MODES:
        return False
    if is_old:
        return entry.name.endswith(_OLD_MANIFEST_SUFFIX)
    return entry.name == MANIFEST_NAME.encode()


class SourceTrees:
    """Finds trees below source commits; a tree that was read once is remembered.

    Many atoms come from one commit, or from commits that share most of their directories.
    """

    def __init__(self, reader: ObjectReader) -> None:
        self.reader = reader
        self._directories: dict[ObjectId, dict[bytes, ObjectId]] = {}
        self._below: tuple[ObjectId, set[ObjectId]] | None = None
        self._remembered = 0

    def at(self, root: ObjectId, path: str) -> ObjectId | None:
        """Return the tree at ``path`` (``.``: the root), None where there is none."""
        found: ObjectId | None = root
        for part in [] if path == "." else path.split("/"):
            if found is None:
                return None
            found = self._subtrees(found).get(part.encode())
        return found

    def holds(self, root: ObjectId, wanted: ObjectId) -> bool:
        """Return whether ``wanted`` is ``root`` or stands below it; each tree is read once."""
        if self._below is None or self._below[0] != root:
            self._below = root, self._all_below(root)
        return wanted in self._below[1]

    def _all_below(self, root: ObjectId) -> set[ObjectId]:
        seen = {root}
        waiting = [root]
        while waiting and len(seen) <= MOST_TREES:
            new = set(self._subtrees(waiting.pop()).values()) - seen
            seen |= new
            waiting += new
        return seen

    def _subtrees(self, tree: ObjectId) -> dict[bytes, ObjectId]:
        found = self._directories.get(tree)
        if found is None:
            found = dict[bytes, ObjectId]()
            for entry in self.reader.tree(tree):
                if entry.mode == DIRECTORY_MODE:
                    found.setdefault(entry.name, entry.oid)
            if self._remembered > MOST_TREES:
                self._directories.clear()
                self._remembered = 0
            self._directories[tree] = found
            self._remembered += len(found) + 1
        return found


def filtered_tree(
    commit: AtomCommit, reader: TreeReader, source: SourceTrees, root: ObjectId
) -> ObjectId | None:
    """Build the tree of a format 1 atom again: its manifest ``x.atom`` and the directory ``x``.

    Source: atom-spec/provenance.md [subtree-format-1].
    """
    directory = source.at(root, commit.path or ".")
    manifests = [e.name for e in reader.tree(commit.tree) if is_manifest(e, is_old=True)]
    if directory is None or len(manifests) != 1:
        return None
    wanted = {manifests[0], manifests[0].removesuffix(_OLD_MANIFEST_SUFFIX)}
    kept = [entry for entry in source.reader.tree(directory) if entry.name in wanted]
    body = b"".join(b"%s %s\0%s" % (e.mode.encode(), e.name, e.oid.raw) for e in kept)
    return object_id("tree", body, commit.tree.algorithm)
