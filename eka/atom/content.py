"""The content hash: BLAKE3 over a git-shaped tree, independent of git's own hash function."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING, Protocol
from eka.errors import EkaError, Exit
from eka.hashing import digest, directory_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom.oid import ObjectId

DIRECTORY_MODE = "40000"
FILE_MODE = "100644"
EXECUTABLE_MODE = "100755"
LINK_MODE = "120000"
GITLINK_MODE = "160000"
LEGAL_MODES = frozenset({DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE, LINK_MODE})

_HEX = re.compile(r"[0-9a-f]{64}")
_SHOWN_CHARACTERS = 80
_MOST_REMEMBERED = 1_000_000


class InvalidContentHash(EkaError):
    """A text that cannot be a content hash."""

    code = "invalid-content-hash"
    exit_status = Exit.USAGE

    def __init__(self, raw: str) -> None:
        super().__init__(
            what="this is not a content hash",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why="expected 64 lower-case hexadecimal digits",
            fix="copy the hash from `eka info <atom>`",
        )
        self.raw = raw


class ContentUndefined(EkaError):
    """A tree holds an entry that is neither a file, a symlink nor a directory."""

    code = "content-undefined"
    exit_status = Exit.INTEGRITY

    def __init__(self, tree: str, name: str, mode: str) -> None:
        super().__init__(
            what="this tree has no content hash",
            where=f"{name} in tree {tree}",
            why=f"expected a file, symlink or directory, found mode {mode[:20]!r}",
            fix="remove the entry (a submodule, for example) from the atom's directory",
        )
        self.tree, self.name, self.mode = tree, name, mode


@dataclass(frozen=True, slots=True, order=True)
class ContentHash:
    """BLAKE3 of a tree's content: 64 lower-case hexadecimal digits."""

    hex: str

    def __post_init__(self) -> None:
        if _HEX.fullmatch(self.hex) is None:
            raise InvalidContentHash(self.hex)

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the hash."""
        return bytes.fromhex(self.hex)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a git tree, exactly as it is stored: mode and name may be hostile."""

    mode: str
    name: bytes
    oid: ObjectId


class TreeReader(Protocol):
    """Port: reads git objects by id. Implemented by the git layer, and in memory by tests."""

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree, in stored order; any other kind of object is an error."""
        ...

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob; any other kind of object is an error."""
        ...

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes without reading it."""
        ...


def content_hash(root: ObjectId, reader: TreeReader) -> ContentHash:
    """Return the content hash of the tree ``root``.

    Every distinct object is read once, whatever its number of places: O(bytes of distinct
    objects). A foreign tree must have passed `check_tree` before.

    Source: atom-spec/content.md; vectors in fixtures/content.
    """
    return ContentHasher().hash(root, reader)


class ContentHasher:
    """Hashes many trees; what they share is read and hashed once.

    Blobs and trees are known apart, for a mode may lie about the kind.
    """

    def __init__(self) -> None:
        self._trees: dict[ObjectId, bytes] = {}
        self._blobs: dict[ObjectId, bytes] = {}

    def hash(self, root: ObjectId, reader: TreeReader) -> ContentHash:
        """Return the content hash of the tree ``root``; as `content_hash`."""
        if len(self._trees) + len(self._blobs) > _MOST_REMEMBERED:
            self._trees.clear()
            self._blobs.clear()
        listed: dict[ObjectId, Sequence[TreeEntry]] = {}
        waiting = [root]
        # A stack of our own: the depth of a foreign tree must not be the depth of our calls.
        while waiting:
            oid = waiting[-1]
            if oid not in self._trees and oid not in listed:
                listed[oid] = _entries(oid, reader)
                waiting += [
                    entry.oid
                    for entry in listed[oid]
                    if entry.mode == DIRECTORY_MODE
                    and entry.oid not in self._trees
                    and entry.oid not in listed
                ]
                continue
            waiting.pop()
            if oid not in self._trees:
                self._trees[oid] = directory_digest(
                    (entry.mode, entry.name, self._child(entry, reader)) for entry in listed[oid]
                )
        return ContentHash(self._trees[root].hex())

    def _child(self, entry: TreeEntry, reader: TreeReader) -> bytes:
        if entry.mode == DIRECTORY_MODE:
            return self._trees[entry.oid]
        known = self._blobs.get(entry.oid)
        if known is None:
            known = self._blobs[entry.oid] = digest(reader.blob(entry.oid))
        return known


def _entries(oid: ObjectId, reader: TreeReader) -> Sequence[TreeEntry]:
    entries = reader.tree(oid)
    for entry in entries:
        if entry.mode not in LEGAL_MODES:
            raise ContentUndefined(oid.hex, _shown(entry.name), entry.mode)
    return entries


def _shown(name: bytes) -> str:
    return ascii(name.decode(errors="backslashreplace"))
