"""The small packs of one round, put in place together: one run of git for hundreds of sources.

Nothing is believed for that: ids are recomputed here, and again, with detection of SHA-1
collisions, by the git that stores the objects.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.pack import build_pack
from eka.git.pack_reader import LeftToGit, read_pack

if TYPE_CHECKING:
    from collections.abc import Collection

    from eka.atom import ObjectId, SourceUrl

MOST_PACK_BYTES = 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024  # of all packs together, as they unfold


class PackCollector:
    """Takes packs from several threads."""

    def __init__(self) -> None:
        self._objects: dict[ObjectId, tuple[str, bytes]] = {}
        self._left_bytes = MOST_BYTES
        self.packs: list[tuple[SourceUrl, bytes]] = []
        """What was taken, as it came."""

    def take(self, url: SourceUrl, pack: bytes) -> bool:
        """Take a pack that came from ``url``; False: it is one for git."""
        if self._left_bytes < 0:
            return False
        try:
            found = read_pack(pack)
        except LeftToGit:
            return False
        self._left_bytes -= sum(len(body) for _, body in found.values())
        self._objects.update(found)
        self.packs.append((url, pack))
        return True

    def read(
        self, oids: Collection[ObjectId], kind: str, most_bytes: int
    ) -> dict[ObjectId, bytes]:
        """Return those of ``oids`` that were taken, are of a kind and not too large."""
        found: dict[ObjectId, bytes] = {}
        for oid in oids:
            taken = self._objects.get(oid)
            if taken is not None and taken[0] == kind and len(taken[1]) <= most_bytes:
                found[oid] = taken[1]
        return found

    def pack(self) -> bytes:
        """Return all that was taken as one pack, always the same for the same objects."""
        objects = [self._objects[oid] for oid in sorted(self._objects)]
        return build_pack(objects, "sha1", is_compressed=False) if objects else b""
