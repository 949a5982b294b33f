"""A working directory as git trees in memory, so that it compares with what was published."""

from __future__ import annotations

import os

from eka.atom import ObjectId, TreeEntry, object_id
from eka.checking import TYPE_CHECKING
from eka.store import FileNode, LinkNode
from eka.workflow.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.git import GitRunner
    from eka.store import Node

DIRECTORY_MODE, LINK_MODE = "40000", "120000"
EXECUTABLE_MODE, FILE_MODE = "100755", "100644"


class WorkingTree:
    """The tree that would be committed of a directory; an `eka.atom.TreeReader`.

    Ids are computed, bytes are read again when they are asked for: only the listing is held.
    """

    def __init__(self, directory: Path, runner: GitRunner, *, algorithm: str) -> None:
        self._directory = directory
        self._runner = runner
        self._algorithm = algorithm
        self._trees: dict[ObjectId, tuple[TreeEntry, ...]] = {}
        self._places: dict[ObjectId, Path] = {}
        self._sizes: dict[ObjectId, int] = {}
        self.root = self._build()

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree."""
        return self._trees[oid]

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a file, or the target of a link, as they are now."""
        path = self._places[oid]
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes."""
        return self._sizes[oid]

    def _build(self) -> ObjectId:
        children: dict[tuple[bytes, ...], list[TreeEntry]] = {(): []}
        for node in snapshot(self._directory, self._runner):
            if not isinstance(node, FileNode | LinkNode):
                children.setdefault(node.path, [])
                continue
            data = _content(node)
            oid = object_id("blob", data, self._algorithm)
            self._places[oid] = self._directory / os.fsdecode(b"/".join(node.path))
            self._sizes[oid] = len(data)
            children[node.path[:-1]].append(TreeEntry(_mode(node), node.path[-1], oid))
        for path in sorted(children, key=len, reverse=True)[:-1]:  # the root comes last
            if entries := tuple(sorted(children[path], key=_tree_order)):
                oid = self._write(entries)
                children[path[:-1]].append(TreeEntry(DIRECTORY_MODE, path[-1], oid))
        return self._write(tuple(sorted(children[()], key=_tree_order)))

    def _write(self, entries: tuple[TreeEntry, ...]) -> ObjectId:
        body = b"".join(b"%s %s\0%s" % (e.mode.encode(), e.name, e.oid.raw) for e in entries)
        oid = object_id("tree", body, self._algorithm)
        self._trees[oid] = entries
        return oid


def _tree_order(entry: TreeEntry) -> bytes:
    return entry.name + b"/" if entry.mode == DIRECTORY_MODE else entry.name


def _mode(node: FileNode | LinkNode) -> str:
    if isinstance(node, LinkNode):
        return LINK_MODE
    return EXECUTABLE_MODE if node.executable else FILE_MODE


def _content(node: Node) -> bytes:
    if isinstance(node, LinkNode):
        return node.target
    return b"".join(node.chunks) if isinstance(node, FileNode) else b""
