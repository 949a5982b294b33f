"""A reader that remembers the trees of one atom: several checks walk them, one after another."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import ObjectId, TreeEntry
    from eka.git.object_port import ObjectReader


class Remembering:
    """An `ObjectReader` for one atom, whose trees the tree policy keeps small."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._trees: dict[ObjectId, Sequence[TreeEntry]] = {}

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree, in stored order."""
        entries = self._trees.get(oid)
        if entries is None:
            entries = self._trees[oid] = self._reader.tree(oid)
        return entries

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob."""
        return self._reader.blob(oid)

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes."""
        return self._reader.size(oid)

    def read(self, oid: ObjectId) -> tuple[str, bytes]:
        """Return kind and body of an object."""
        return self._reader.read(oid)

    def commit(self, oid: ObjectId) -> bytes:
        """Return the body of a commit."""
        return self._reader.commit(oid)
