"""Where two outcomes of one action differ, for people to look at."""

from __future__ import annotations

from itertools import zip_longest

from eka.checking import TYPE_CHECKING
from eka.hashing import new_hasher
from eka.store import DirNode, FileNode, LinkNode, Store, StorePath, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.store import Node, NodePath

_BLANK = b"0" * 32
Shape = tuple["NodePath", str]


def first_difference(store: Store, one: StorePath, other: StorePath) -> str:
    """Return the path of the first entry that differs; mentions of the own path do not count."""
    pairs = zip_longest(_shapes(store, one), _shapes(store, other))
    for mine, theirs in pairs:
        if mine != theirs:
            paths = [shape[0] for shape in (mine, theirs) if shape is not None]
            return "/".join(part.decode(errors="backslashreplace") for part in min(paths)) or "."
    return "."


def _shapes(store: Store, path: StorePath) -> Iterator[Shape]:
    for node in read_tree(store.physical(path)):
        yield node.path, _shape(node, path.digest32.encode())


def _shape(node: Node, own: bytes) -> str:
    match node:
        case DirNode():
            return "directory"
        case LinkNode(_, target):
            return f"link {target.replace(own, _BLANK)!r}"
        case FileNode(_, executable, chunks):
            hasher = new_hasher()
            for chunk in _blanked(chunks, own):
                hasher.update(chunk)
            return f"file {executable} {hasher.digest().hex()}"


def _blanked(chunks: Iterable[bytes], own: bytes) -> Iterator[bytes]:
    tail = b""
    for chunk in chunks:
        data = (tail + chunk).replace(own, _BLANK)
        keep = len(data) - len(own) + 1
        if keep > 0:
            yield data[:keep]
            tail = data[keep:]
        else:
            tail = data
    yield tail
