"""Trees -> the bytes of a layer, a piece at a time.

Source: atom-spec/image.md [image-tar].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.image.archive import END, Entry, EntryKind, header, padding
from eka.store.image.errors import ImageSourceChanged
from eka.store.nodes import DirNode, FileNode, Node
from eka.store.path import LOGICAL_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STORE = LOGICAL_ROOT.strip("/").encode()
ABOVE_BITS = 0o755
DIRECTORY_BITS = EXECUTABLE_BITS = 0o555
PLAIN_BITS = 0o444
LINK_BITS = 0o777


def store_layer(trees: Iterable[tuple[bytes, Iterable[Node]]]) -> Iterator[bytes]:
    """Yield the archive that holds trees at their places in the store.

    Args:
        trees: (file name of the store path, its nodes, parents first), in order of the names.
    """
    steps = STORE.split(b"/")
    for number in range(len(steps)):
        name = b"/".join(steps[: number + 1])
        yield header(Entry(name, EntryKind.DIRECTORY, ABOVE_BITS))
    for base, nodes in trees:
        yield from _entries(STORE + b"/" + base, nodes)
    yield END


def root_layer(nodes: Iterable[Node]) -> Iterator[bytes]:
    """Yield the archive that holds a tree as ``/``."""
    yield from _entries(b"", nodes)
    yield END


def _entries(top: bytes, nodes: Iterable[Node]) -> Iterator[bytes]:
    for node in nodes:
        name = b"/".join([top, *node.path] if top else node.path)
        if isinstance(node, FileNode):
            yield from _file(name, node)
        elif isinstance(node, DirNode):
            if name:
                yield header(Entry(name, EntryKind.DIRECTORY, DIRECTORY_BITS))
        else:
            yield header(Entry(name, EntryKind.LINK, LINK_BITS, target=node.target))


def _file(name: bytes, node: FileNode) -> Iterator[bytes]:
    """Yield a file; its length stands before its contents, so it must be known."""
    chunks: Iterable[bytes] = node.chunks
    size_bytes = node.size_bytes
    if size_bytes is None:
        chunks = [b"".join(chunks)]
        size_bytes = len(chunks[0])
    mode = EXECUTABLE_BITS if node.executable else PLAIN_BITS
    yield header(Entry(name, EntryKind.FILE, mode, size_bytes))
    found = 0
    for chunk in chunks:
        found += len(chunk)
        yield chunk
    if found != size_bytes:
        shown = name.decode("utf-8", "backslashreplace")
        raise ImageSourceChanged(f"/{shown}", expected=size_bytes, found=found)
    yield padding(size_bytes)
