"""A whole object database in memory, and the history behind it: the ports of provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import ObjectId, object_id
from eka.git import Lineage, ObjectMissing, commit_parents
from eka.git.source_tree import SourceTrees
from tests.fakes.trees import FakeTrees

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Genesis, TreeEntry
    from eka.errors import EkaError


class FakeObjects(FakeTrees):
    """Trees, blobs and commits in memory; what is not there is missing as it is in git."""

    def __init__(self, algorithm: str = "sha1") -> None:
        super().__init__(algorithm)
        self._commits: dict[ObjectId, bytes] = {}

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        try:
            return super().tree(oid)
        except KeyError as error:
            raise ObjectMissing(oid, "memory") from error

    def blob(self, oid: ObjectId) -> bytes:
        try:
            return super().blob(oid)
        except KeyError as error:
            raise ObjectMissing(oid, "memory") from error

    def commit(self, oid: ObjectId) -> bytes:
        try:
            return self._commits[oid]
        except KeyError as error:
            raise ObjectMissing(oid, "memory") from error

    def read(self, oid: ObjectId) -> tuple[str, bytes]:
        if oid in self._commits:
            return "commit", self._commits[oid]
        return "blob", self.blob(oid)

    def add_commit(self, body: bytes) -> ObjectId:
        """Store the body of a commit; return its id."""
        oid = object_id("commit", body, self.algorithm)
        self._commits[oid] = body
        return oid

    def add_source(self, tree: ObjectId, *parents: ObjectId) -> ObjectId:
        """Store an ordinary commit, such as a person makes; return its id."""
        lines = [f"tree {tree.hex}", *(f"parent {parent.hex}" for parent in parents)]
        lines += ["author A <a@example.org> 1 +0000", "committer A <a@example.org> 1 +0000"]
        return self.add_commit("\n".join([*lines, "", "work\n"]).encode())

    def replace_commit(self, oid: ObjectId, body: bytes) -> None:
        """Store other bytes under an id, as a broken disk would."""
        self._commits[oid] = body


class FakeHistory:
    """The history behind a set: every source commit is in one database."""

    def __init__(self, objects: FakeObjects, *, fails: EkaError | None = None) -> None:
        self._objects = objects
        self._fails = fails
        self.is_shallow = False

    def reader(self, origin: ObjectId) -> FakeObjects:
        if self._fails is not None:
            raise self._fails
        self._objects.commit(origin)
        return self._objects

    def prepare(self, origins: Iterable[ObjectId]) -> None:
        """Nothing needs to be brought here."""

    def trees(self, origin: ObjectId) -> SourceTrees:
        return SourceTrees(self.reader(origin))

    def between(self, old: ObjectId, new: ObjectId) -> Sequence[ObjectId]:
        known = self._ancestors(old)
        return [oid for oid in self._ancestors(new) if oid not in known]

    def _ancestors(self, start: ObjectId) -> dict[ObjectId, None]:
        waiting, seen = [start], dict[ObjectId, None]()
        while waiting:
            oid = waiting.pop(0)
            if oid not in seen:
                seen[oid] = None
                waiting += commit_parents(self.reader(start).commit(oid))
        return seen

    def lineage(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        reader = self.reader(origin)
        if self.is_shallow:
            return Lineage.SHALLOW
        waiting, seen = [origin], set[ObjectId]()
        while waiting:
            oid = waiting.pop()
            if oid not in seen:
                seen.add(oid)
                waiting += commit_parents(reader.commit(oid))
        if genesis not in seen:
            return Lineage.STRANGER
        return Lineage.NOT_A_ROOT if commit_parents(reader.commit(genesis)) else Lineage.ANCESTOR
