"""An in-memory object database: the TreeReader of tests, with git's own object ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import ObjectId, TreeEntry, object_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class FakeTrees:
    """Objects in memory. Counts what is read, so that tests can prove what is *not* read."""

    def __init__(self, algorithm: str = "sha1") -> None:
        self.algorithm = algorithm
        self._trees: dict[ObjectId, tuple[TreeEntry, ...]] = {}
        self._blobs: dict[ObjectId, bytes] = {}
        self._claimed_sizes: dict[ObjectId, int] = {}
        self.blobs_read: list[ObjectId] = []
        self.trees_read: list[ObjectId] = []

    # --- the port ---

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        self.trees_read.append(oid)
        return self._trees[oid]

    def blob(self, oid: ObjectId) -> bytes:
        self.blobs_read.append(oid)
        return self._blobs[oid]

    def size(self, oid: ObjectId) -> int:
        return self._claimed_sizes.get(oid, len(self._blobs[oid]))

    # --- building ---

    def add_blob(self, data: bytes) -> ObjectId:
        """Store a blob; return its id."""
        oid = object_id("blob", data, self.algorithm)
        self._blobs[oid] = data
        return oid

    def add_blob_of_size(self, size_bytes: int) -> ObjectId:
        """Store a blob that claims a size without having it."""
        oid = self.add_blob(f"pretends to have {size_bytes} bytes".encode())
        self._claimed_sizes[oid] = size_bytes
        return oid

    def add_tree(self, entries: Iterable[TreeEntry]) -> ObjectId:
        """Store a tree exactly as given, however wrong; return its id."""
        listed = tuple(entries)
        body = b"".join(
            entry.mode.encode() + b" " + entry.name + b"\0" + entry.oid.raw for entry in listed
        )
        oid = object_id("tree", body, self.algorithm)
        self._trees[oid] = listed
        return oid

    def add_sorted_tree(self, entries: Iterable[TreeEntry]) -> ObjectId:
        """Store a tree in git's order; return its id."""
        return self.add_tree(sorted(entries, key=git_order))

    def add_files(self, files: Mapping[str, bytes | str]) -> ObjectId:
        """Store a tree of files given by path; return its id.

        Bytes are a file's content (executable where the path ends in ``*``, which is dropped), a
        string is a symlink's target.
        """
        folders: dict[str, dict[str, bytes | str]] = {}
        entries: list[TreeEntry] = []
        for path, content in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(head, {})[rest] = content
            else:
                entries.append(self._leaf(head, content))
        entries += [
            TreeEntry("40000", name.encode(), self.add_files(inside))
            for name, inside in folders.items()
        ]
        return self.add_sorted_tree(entries)

    def file(self, name: bytes, data: bytes = b"") -> TreeEntry:
        """Store a blob; return an entry for it."""
        return TreeEntry("100644", name, self.add_blob(data))

    def link(self, name: bytes, target: bytes) -> TreeEntry:
        """Store a symlink's target; return an entry for it."""
        return TreeEntry("120000", name, self.add_blob(target))

    def folder(self, name: bytes, entries: Iterable[TreeEntry]) -> TreeEntry:
        """Store a sorted tree; return an entry for it."""
        return TreeEntry("40000", name, self.add_sorted_tree(entries))

    def _leaf(self, name: str, content: bytes | str) -> TreeEntry:
        if isinstance(content, str):
            return self.link(name.encode(), content.encode())
        mode = "100755" if name.endswith("*") else "100644"
        return TreeEntry(mode, name.removesuffix("*").encode(), self.add_blob(content))


def git_order(entry: TreeEntry) -> bytes:
    """Return the key git sorts a tree's entries by: directories as if they ended in a slash."""
    return entry.name + b"/" if entry.mode == "40000" else entry.name
