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


class NarWriter:
    """The bytes between the contents of files; nodes come parents first, names in byte order."""

    def __init__(self) -> None:
        # The directories that are open, from the root down: path, and the last name in it.
        self._open: list[tuple[NodePath, bytes]] = []
        self._begun = False

    def before(self, node: Node, size_bytes: int = 0) -> bytes:
        """Return what stands before the contents of a file; of other nodes, all there is.

        Args:
            node: The next node.
            size_bytes: Length of the contents of a file.

        Raises:
            UnorderedTree: The node does not come in the order of a NAR.
        """
        pieces = [self._entry(node.path)]
        if isinstance(node, FileNode):
            pieces += [_EXECUTABLE if node.executable else _FILE, size_bytes.to_bytes(8, "little")]
        elif isinstance(node, LinkNode):
            pieces += [_LINK, nar_string(node.target), self._close(node.path)]
        else:
            pieces.append(_DIRECTORY)
            self._open.append((node.path, b""))
        return b"".join(pieces)

    def after(self, node: FileNode, size_bytes: int) -> bytes:
        """Return what stands after the contents of a file."""
        return _PADDING[size_bytes % ALIGNMENT] + self._close(node.path)

    def end(self) -> bytes:
        """Return the end of the NAR."""
        pieces = [self._close(path) for path, _ in reversed(self._open)]
        self._open.clear()
        return b"".join(pieces)

    def _entry(self, path: NodePath) -> bytes:
        if not path:
            if self._begun:
                raise UnorderedTree("/")
            self._begun = True
            return MAGIC
        pieces: list[bytes] = []
        parent, name = path[:-1], path[-1]
        while self._open and self._open[-1][0] != parent:
            pieces.append(self._close(self._open.pop()[0]))
        if not self._open or self._open[-1][1] >= name:
            raise UnorderedTree(shown(path))
        self._open[-1] = (parent, name)
        return b"".join((*pieces, _ENTRY, nar_string(name), _NODE))

    @staticmethod
    def _close(path: NodePath) -> bytes:
        return _END + _END if path else _END  # of the node, and of the entry that holds it


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
                try:
                    if isinstance(node, FileNode) and not isinstance(node.chunks, tuple):
                        whole = yield from self._stream(node, hasher)
                    else:
                        hasher.update(self._whole(node))
                        whole = True
                        yield node
                except UnorderedTree:
                    whole = False
                    yield node
                if not whole:
                    break
            else:
                hasher.update(self._writer.end())
                self.digest = NarDigest(hasher.digest(), hasher.size_bytes)
        yield from rest

    def _whole(self, node: Node) -> bytes:
        if not isinstance(node, FileNode):
            return self._writer.before(node)
        chunks, size_bytes = sized(node)
        before, after = self._writer.before(node, size_bytes), self._writer.after(node, size_bytes)
        return b"".join((before, *chunks, after))

    def _stream(self, node: FileNode, hasher: BackgroundSha256) -> Generator[Node, None, bool]:
        """Pass a large file on; return whether it was as long as it should be."""
        size_bytes = node.size_bytes
        if size_bytes is None:
            yield node
            return False
        hasher.update(self._writer.before(node, size_bytes))
        read = [0]

        def chunks() -> Iterator[bytes]:
            for chunk in node.chunks:
                hasher.update(chunk)
                read[0] += len(chunk)
                yield chunk

        yield FileNode(node.path, node.executable, chunks(), size_bytes)
        hasher.update(self._writer.after(node, size_bytes))
        return read[0] == size_bytes
