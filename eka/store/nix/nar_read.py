"""A NAR -> nodes: a hostile stream, of which only the one form that Nix writes is taken.

Source: atom-spec/nix.md [nix-nar-strict].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.errors import InvalidNar
from eka.store.nix.nar import ALIGNMENT
from eka.store.nodes import DirNode, FileNode, LinkNode, Node, NodePath
from eka.store.tree import MAX_NAME_BYTES, MAX_TARGET_BYTES, check_name, check_target, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK_BYTES = 1 << 20
_MAX_WORD_BYTES = 16
_LENGTH_BYTES = 8
_MAX_FILE_BYTES = 1 << 62


def read_nar(chunks: Iterable[bytes]) -> Iterator[Node]:
    """Yield the nodes of a NAR, parents first; the chunks of a file pass before the next node.

    The size of the whole is the caller's to limit; what is held in memory at a time is not more
    than a chunk, and the names from the root down.

    Args:
        chunks: The bytes of the NAR, cut anywhere.

    Raises:
        InvalidNar: It is not the one form that Nix writes, or does not end where it should.
        UnsafeTree: A name could leave its directory, or a directory lies too deep.
    """
    source = _Source(chunks)
    source.expect(b"nix-archive-1")
    yield from _nodes(source)
    source.end()


def _nodes(source: _Source) -> Iterator[Node]:
    # The last name seen in each directory that is open, from the root down.
    names: list[bytes] = []
    path: NodePath = ()
    while True:
        source.expect(b"(", b"type")
        kind = source.word()
        source.place = path
        if kind == b"directory":
            yield DirNode(path)
            names.append(b"")
        elif kind == b"regular":
            yield from _file(source, path)
            source.close(path)
        elif kind == b"symlink":
            source.expect(b"target")
            target = source.string(MAX_TARGET_BYTES)
            check_target(path, target)
            yield LinkNode(path, target)
            source.close(path)
        else:
            source.refuse(f"{kind!r} is no kind of node")
        here = _next(source, path if kind == b"directory" else path[:-1], names)
        if here is None:
            return
        path = here


def _next(source: _Source, directory: NodePath, names: list[bytes]) -> NodePath | None:
    """Return the path of the next entry; None after the last one of the root."""
    while names:
        word = source.word()
        if word == b"entry":
            source.expect(b"(", b"name")
            name = source.string(MAX_NAME_BYTES)
            path = (*directory, name)
            check_name(path)
            if name <= names[-1]:
                source.place = path
                source.refuse("its name is not greater than the one before it")
            names[-1] = name
            source.expect(b"node")
            return path
        if word != b")":
            source.refuse(f"{word!r} stands where an entry or the end should")
        names.pop()
        if directory:
            source.expect(b")")
        directory = directory[:-1]
    return None


def _file(source: _Source, path: NodePath) -> Iterator[Node]:
    word = source.word()
    executable = word == b"executable"
    if executable:
        source.expect(b"", b"contents")
    elif word != b"contents":
        source.refuse(f"{word!r} stands where the contents of a file should")
    size_bytes = source.length(_MAX_FILE_BYTES)
    if size_bytes <= _CHUNK_BYTES:
        yield FileNode(path, executable, (source.take(size_bytes),), size_bytes)
    else:
        contents = source.pieces(size_bytes)
        yield FileNode(path, executable, contents, size_bytes)
        for _ in contents:  # whoever took the node need not have read it
            pass
    source.pad(size_bytes)


class _Source:
    """Takes words and pieces off a stream of chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._data = b""
        self._at = 0
        self.place: NodePath = ()

    def refuse(self, why: str) -> None:
        """Raise `InvalidNar` for where the stream is."""
        raise InvalidNar(shown(self.place), why)

    def expect(self, *words: bytes) -> None:
        """Take words that must stand here."""
        for word in words:
            found = self.word()
            if found != word:
                self.refuse(f"{found!r} stands where {word!r} should")

    def close(self, path: NodePath) -> None:
        """Take the end of a leaf, and of the entry that holds it."""
        self.expect(b")")
        if path:
            self.expect(b")")

    def word(self) -> bytes:
        """Return the next word of the format itself."""
        return self.string(_MAX_WORD_BYTES)

    def string(self, limit: int) -> bytes:
        """Return the next string, of at most ``limit`` bytes."""
        size_bytes = self.length(limit)
        found = self.take(size_bytes)
        self.pad(size_bytes)
        return found

    def length(self, limit: int) -> int:
        """Return the next length."""
        found = int.from_bytes(self.take(_LENGTH_BYTES), "little")
        if found > limit:
            self.refuse(f"a length of {found} bytes, where {limit} is the most")
        return found

    def pad(self, size_bytes: int) -> None:
        """Take the zeros that follow so many bytes."""
        padding = self.take(-size_bytes % ALIGNMENT)
        if padding.strip(b"\0"):
            self.refuse("there is something else than zeros between two strings")

    def take(self, size_bytes: int) -> bytes:
        """Return exactly so many bytes."""
        end = self._at + size_bytes
        if end <= len(self._data):
            found = self._data[self._at : end]
            self._at = end
            return found
        pieces, missing = [self._data[self._at :]], end - len(self._data)
        while missing > 0:
            self._fill()
            pieces.append(self._data[:missing])
            self._at = len(pieces[-1])
            missing -= self._at
        return b"".join(pieces)

    def pieces(self, size_bytes: int) -> Iterator[bytes]:
        """Yield so many bytes, a piece at a time."""
        while size_bytes:
            if self._at == len(self._data):
                self._fill()
            piece = self._data[self._at : self._at + min(size_bytes, _CHUNK_BYTES)]
            self._at += len(piece)
            size_bytes -= len(piece)
            yield piece

    def end(self) -> None:
        """Refuse what follows the end."""
        if self._at < len(self._data) or any(self._chunks):
            self.place = ()
            self.refuse("something follows its end")

    def _fill(self) -> None:
        self._data, self._at = next(filter(None, self._chunks), b""), 0
        if not self._data:
            self.refuse("it ends too early")
