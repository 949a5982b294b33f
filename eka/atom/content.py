"""The content hash: BLAKE3 over a git-shaped tree, independent of git's own hash function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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
            why=f"expected a file, symlink or directory, found mode {mode}",
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
        """Return the entries of a tree, in stored order."""
        ...

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob."""
        ...

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes without reading it."""
        ...


def content_hash(root: ObjectId, reader: TreeReader) -> ContentHash:
    """Return the content hash of the tree ``root``.

    Every distinct object is read once, whatever its number of places. O(bytes of distinct
    objects). The tree must have passed `check_tree`.

    Source: atom-spec/content.md; vectors in fixtures/content.
    """
    digests: dict[ObjectId, bytes] = {}
    listed: dict[ObjectId, Sequence[TreeEntry]] = {}
    waiting = [root]
    # A stack of our own: the depth of a foreign tree must not be the depth of our calls.
    while waiting:
        oid = waiting[-1]
        if oid in digests:
            waiting.pop()
        elif oid in listed:
            digests[oid] = _directory_digest(listed.pop(oid), digests)
            waiting.pop()
        else:
            listed[oid] = reader.tree(oid)
            waiting.extend(_read_children(oid, listed[oid], reader, digests))
    return ContentHash(digests[root].hex())


def _read_children(
    tree: ObjectId,
    entries: Sequence[TreeEntry],
    reader: TreeReader,
    digests: dict[ObjectId, bytes],
) -> list[ObjectId]:
    """Digest the blobs of one tree; return its subtrees that have no digest yet."""
    subtrees: list[ObjectId] = []
    for entry in entries:
        if entry.mode not in LEGAL_MODES:
            name = entry.name.decode(errors="backslashreplace")
            raise ContentUndefined(tree.hex, repr(name), entry.mode)
        if entry.oid in digests:
            continue
        if entry.mode == DIRECTORY_MODE:
            subtrees.append(entry.oid)
        else:
            digests[entry.oid] = digest(reader.blob(entry.oid))
    return subtrees


def _directory_digest(entries: Sequence[TreeEntry], digests: dict[ObjectId, bytes]) -> bytes:
    return directory_digest((entry.mode, entry.name, digests[entry.oid]) for entry in entries)
