"""Files -> nodes: reads a directory of the file system without following links."""

from __future__ import annotations

import os
import stat

from eka.checking import TYPE_CHECKING
from eka.store.errors import SourceUnreadable, UnsafeTree
from eka.store.nodes import DirNode, FileNode, LinkNode, Node, NodePath
from eka.store.tree import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

CHUNK_BYTES = 1 << 20
# Without O_NONBLOCK a named pipe would make the open wait for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def read_tree(source: Path) -> Iterator[Node]:
    """Yield the nodes of a file, link or directory, parents first, names in byte order.

    Raises:
        SourceUnreadable: It does not exist, or may not be read.
        UnsafeTree: It holds a device, a pipe or a socket.
    """
    name = os.fsencode(source)
    with readable(source):
        mode = os.lstat(name).st_mode
    if not stat.S_ISDIR(mode):
        yield from _leaf(None, name, (), mode)
        return
    yield DirNode(())
    # The directories that are open, from the root down, each with what is left to read in it.
    pending: list[tuple[int, NodePath, Iterator[tuple[bytes, int]]]] = []
    try:
        pending.append(_opened(None, name, ()))
        while pending:
            descriptor, path, entries = pending[-1]
            for child, kind in entries:
                here = (*path, child)
                if kind != stat.S_IFDIR:
                    yield from _leaf(descriptor, child, here, kind)
                    continue
                yield DirNode(here)
                pending.append(_opened(descriptor, child, here))
                break
            else:
                pending.pop()
                os.close(descriptor)
    finally:
        for descriptor, _, _ in pending:
            os.close(descriptor)


def read_apart(source: Path, store: Path) -> Iterator[Node]:
    """Yield what `read_tree` does, unless the tree would grow while it is read.

    Raises:
        UnsafeTree: The store lies in it, and so would what is written meanwhile.
    """
    with readable(source):
        is_directory = source.is_dir() and not source.is_symlink()
    if is_directory and store.resolve().is_relative_to(source.resolve()):
        raise UnsafeTree(str(source), f"the store itself lies in it, at {store}")
    return read_tree(source)


def _opened(
    parent: int | None, name: bytes, path: NodePath
) -> tuple[int, NodePath, Iterator[tuple[bytes, int]]]:
    with readable(path or (name,)):
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        return descriptor, path, iter(list_directory(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _leaf(parent: int | None, name: bytes, path: NodePath, mode: int) -> Iterable[Node]:
    if stat.S_ISREG(mode):
        return _file(parent, name, path)
    if stat.S_ISLNK(mode):
        with readable(path or (name,)):
            return (LinkNode(path, os.readlink(name, dir_fd=parent)),)
    raise UnsafeTree(shown(path or (name,)), "it is a device, a pipe or a socket")


def list_directory(descriptor: int) -> list[tuple[bytes, int]]:
    """Return (name, file type bits) of each entry, in byte order; links are not followed."""
    found: list[tuple[bytes, int]] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            if entry.is_symlink():
                kind = stat.S_IFLNK
            elif entry.is_dir(follow_symlinks=False):
                kind = stat.S_IFDIR
            elif entry.is_file(follow_symlinks=False):
                kind = stat.S_IFREG
            else:
                kind = 0
            found.append((os.fsencode(entry.name), kind))
    found.sort()
    return found


def _file(parent: int | None, name: bytes, path: NodePath) -> Iterable[Node]:
    """Return the node of a file; only a large one stays open while its chunks pass."""
    place = path or (name,)
    with readable(place):
        descriptor = os.open(name, _FILE, dir_fd=parent)
    is_large = False
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnsafeTree(shown(place), "it became something else while it was read")
        size_bytes, executable = status.st_size, bool(status.st_mode & stat.S_IXUSR)
        chunks = read_chunks(descriptor, size_bytes, place)
        is_large = not isinstance(chunks, tuple)
        node = FileNode(path, executable, chunks, size_bytes)
    finally:
        if not is_large:
            os.close(descriptor)
    return _kept_open(descriptor, node) if is_large else (node,)


def _kept_open(descriptor: int, node: Node) -> Iterator[Node]:
    try:
        yield node
    finally:
        os.close(descriptor)


def read_chunks(descriptor: int, size_bytes: int, place: NodePath) -> Iterable[bytes]:
    """Return the rest of a file in pieces; a small file in one, with one call of the system."""
    if size_bytes < CHUNK_BYTES:
        with readable(place):
            data = os.read(descriptor, size_bytes + 1)
        if len(data) <= size_bytes:
            return (data,)
        return _more_chunks(descriptor, data, place)
    return _more_chunks(descriptor, b"", place)


def _more_chunks(descriptor: int, first: bytes, place: NodePath) -> Iterator[bytes]:
    if first:
        yield first
    while True:
        with readable(place):
            data = os.read(descriptor, CHUNK_BYTES)
        if not data:
            return
        yield data


class readable:  # noqa: N801 - a context manager, used like a function
    """Turns a refusal to read the source into `SourceUnreadable`; entered for every file."""

    __slots__ = ("_place",)

    def __init__(self, place: Path | NodePath) -> None:
        self._place = place

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise what the error means."""
        if isinstance(error, OSError):
            place = shown(self._place) if isinstance(self._place, tuple) else str(self._place)
            raise SourceUnreadable(place, error.strerror or str(error)) from error
