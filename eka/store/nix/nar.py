"""Nodes -> a NAR, Nix's archive: the one way to write a tree, and so what Nix hashes.

Source: atom-spec/nix.md [nix-nar].
"""

from __future__ import annotations

import hashlib

from eka.checking import TYPE_CHECKING
from eka.store.nix.background import BackgroundSha256
from eka.store.nix.errors import NarChanged, UnorderedTree
from eka.store.nodes import FileNode, LinkNode, Node, NodePath
from eka.store.tree import shown
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

ALIGNMENT = 8
_PADDING = [b"\0" * (-length % ALIGNMENT) for length in range(ALIGNMENT)]


@dataclass(frozen=True, slots=True)
class NarDigest:
    """What Nix knows a tree by."""

    sha256: bytes  # 32 bytes, over the whole NAR
    size_bytes: int  # of the NAR


def nar_string(data: bytes) -> bytes:
    """Return ``data`` as a NAR holds it: its length, itself, zeros up to a multiple of 8."""
    length = len(data)
    return length.to_bytes(8, "little") + data + _PADDING[length % ALIGNMENT]


def _strings(*words: bytes) -> bytes:
    return b"".join(map(nar_string, words))


MAGIC = _strings(b"nix-archive-1")
_FILE = _strings(b"(", b"type", b"regular", b"contents")
_EXECUTABLE = _strings(b"(", b"type", b"regular", b"executable", b"", b"contents")
_LINK = _strings(b"(", b"type", b"symlink", b"target")
_DIRECTORY = _strings(b"(", b"type", b"directory")
_ENTRY = _strings(b"entry", b"(", b"name")
_NODE = _strings(b"node")
_END = _strings(b")")
_ENTRY_END = _END + _END


class NarWriter:
    """The bytes between the contents of files; nodes come parents first, names in byte order."""

    def __init__(self) -> None:
        self._directory: NodePath | None = None  # the one that is open; None before the root
        self._name = b""  # the last one in it
        self._names: list[bytes] = []  # the last names in the directories above it
        self._begun = False

    def before(self, node: Node, size_bytes: int = 0) -> bytes:
        """Return what stands before the contents of a file; of other nodes, all there is.

        Args:
            node: The next node.
            size_bytes: Length of the contents of a file.

        Raises:
            UnorderedTree: The node does not come in the order of a NAR.
        """
        path = node.path
        entry = self._entry(path)
        if isinstance(node, FileNode):
            kind = _EXECUTABLE if node.executable else _FILE
            return entry + kind + size_bytes.to_bytes(8, "little")
        if isinstance(node, LinkNode):
            return entry + _LINK + nar_string(node.target) + _closed(path)
        if self._directory is not None:
            self._names.append(self._name)
        self._directory, self._name = path, b""
        return entry + _DIRECTORY

    def after(self, node: FileNode, size_bytes: int) -> bytes:
        """Return what stands after the contents of a file."""
        return _PADDING[size_bytes % ALIGNMENT] + _closed(node.path)

    def end(self) -> bytes:
        """Return the end of the NAR."""
        return self._leave(None)

    def _entry(self, path: NodePath) -> bytes:
        if not path:
            if self._begun:
                raise UnorderedTree("/")
            self._begun = True
            return MAGIC
        name, parent = path[-1], path[:-1]
        left = b"" if parent == self._directory else self._leave(parent)
        if self._directory is None or self._name >= name:
            raise UnorderedTree(shown(path))
        self._name = name
        return left + _ENTRY + nar_string(name) + _NODE

    def _leave(self, wanted: NodePath | None) -> bytes:
        """Close directories until ``wanted`` is the one that is open; None closes all."""
        pieces: list[bytes] = []
        while self._directory is not None and self._directory != wanted:
            pieces.append(_closed(self._directory))
            if self._names:
                self._directory, self._name = self._directory[:-1], self._names.pop()
            else:
                self._directory = None
        return b"".join(pieces)


def _closed(path: NodePath) -> bytes:
    return _ENTRY_END if path else _END  # of the node, and of the entry that holds it


def nar_chunks(nodes: Iterable[Node]) -> Iterator[bytes]:
    """Yield the NAR of a tree.

    Args:
        nodes: As `eka.store.read.read_tree` yields them. A file whose node does not tell its
            size, and whose chunks are not at hand, is held in memory.

    Raises:
        UnorderedTree: The nodes do not come in the order of a NAR.
        NarChanged: A file is shorter or longer than its node says.
    """
    writer = NarWriter()
    for node in nodes:
        if isinstance(node, FileNode):
            yield from _file(writer, node)
        else:
            yield writer.before(node)
    yield writer.end()


def _file(writer: NarWriter, node: FileNode) -> Iterator[bytes]:
    chunks, expected = sized(node)
    yield writer.before(node, expected)
    found = 0
    for chunk in chunks:
        found += len(chunk)
        yield chunk
    if found != expected:
        raise NarChanged(shown(node.path), expected=expected, found=found)
    yield writer.after(node, expected)


def sized(node: FileNode) -> tuple[Iterable[bytes], int]:
    """Return the chunks of a file and what they should come to."""
    if isinstance(node.chunks, tuple):
        # At hand: what the file system said before it was read does not matter.
        return node.chunks, sum(map(len, node.chunks))
    if node.size_bytes is not None:
        return node.chunks, node.size_bytes
    chunks = tuple(node.chunks)
    return chunks, sum(map(len, chunks))


def nar_digest(nodes: Iterable[Node]) -> NarDigest:
    """Return the SHA-256 and the size of the NAR of a tree; raises as `nar_chunks` does."""
    return digest_chunks(nar_chunks(nodes))


def digest_chunks(chunks: Iterable[bytes]) -> NarDigest:
    """Return the SHA-256 and the size of a NAR."""
    hasher, size_bytes = hashlib.sha256(), 0
    for chunk in chunks:
        hasher.update(chunk)
        size_bytes += len(chunk)
    return NarDigest(hasher.digest(), size_bytes)


class NarTee:
    """Computes the digest of a NAR of nodes that pass on their way to elsewhere."""

    def __init__(self) -> None:
        self._writer = NarWriter()
        self.digest: NarDigest | None = None
        """Known once all nodes have passed; None where they cannot be hashed in one pass."""

    def watch(self, nodes: Iterable[Node]) -> Iterator[Node]:
        """Pass nodes on; whoever takes them reads the chunks of each before the next."""
        rest = iter(nodes)
        with BackgroundSha256() as hasher:
            for node in rest:
                if isinstance(node, FileNode) and not isinstance(node.chunks, tuple):
                    is_whole = yield from self._stream(node, hasher)
                else:
                    is_whole = self._take(node, hasher)
                    yield node
                if not is_whole:
                    break
            else:
                hasher.update(self._writer.end())
                self.digest = NarDigest(hasher.digest(), hasher.size_bytes)
        yield from rest

    def _take(self, node: Node, hasher: BackgroundSha256) -> bool:
        """Hash a node whose bytes are at hand; return whether it came in order."""
        chunks, size_bytes = sized(node) if isinstance(node, FileNode) else ((), 0)
        try:
            hasher.update(self._writer.before(node, size_bytes))
        except UnorderedTree:
            return False
        if isinstance(node, FileNode):
            for chunk in chunks:
                hasher.update(chunk)
            hasher.update(self._writer.after(node, size_bytes))
        return True

    def _stream(self, node: FileNode, hasher: BackgroundSha256) -> Generator[Node, None, bool]:
        """Pass a large file on; return whether it came in order, and as long as it should be."""
        size_bytes, found = node.size_bytes or 0, 0
        try:
            hasher.update(self._writer.before(node, size_bytes))
        except UnorderedTree:
            yield node
            return False

        def chunks() -> Iterator[bytes]:
            nonlocal found
            for chunk in node.chunks:
                hasher.update(chunk)
                found += len(chunk)
                yield chunk

        yield FileNode(node.path, node.executable, chunks(), node.size_bytes)
        hasher.update(self._writer.after(node, size_bytes))
        return found == node.size_bytes
