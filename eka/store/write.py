"""Nodes -> files: one pass that writes and hashes, and that no name can lead astray.

Every file is made relative to the descriptor of its directory, with O_EXCL and O_NOFOLLOW, and
every name is checked first, so a hostile stream cannot write outside the destination.
"""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.hashing import digest, new_hasher
from eka.store.nodes import DirNode, FileNode, LinkNode, Node, NodePath
from eka.store.tree import (
    EXECUTABLE_MODE,
    FILE_MODE,
    LINK_MODE,
    TreeDigest,
    check_target,
)
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from eka.store.path import NodeKind

MTIME_NS = 1_000_000_000
MTIME = (MTIME_NS, MTIME_NS)
PLAIN_BITS = 0o444
EXECUTABLE_BITS = 0o555
DIRECTORY_BITS = 0o555
WRITABLE_BITS = 0o755
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Written:
    """What a stream of nodes turned out to be."""

    kind: NodeKind
    content: bytes
    size_bytes: int


class DirectoryCursor:
    """Descriptors of the directories from a start down to where the last node was."""

    def __init__(self, start: Path) -> None:
        self._stack = [os.open(start, _DIRECTORY)]
        self._names: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._stack:
            os.close(self._stack.pop())

    def at(self, names: list[bytes]) -> int:
        """Return the descriptor of a directory, opened step by step from the start."""
        if names == self._names:
            return self._stack[-1]
        common = 0
        for mine, theirs in zip(self._names, names, strict=False):
            if mine != theirs:
                break
            common += 1
        while len(self._names) > common:
            self._names.pop()
            os.close(self._stack.pop())
        for name in names[common:]:
            self._stack.append(os.open(name, _DIRECTORY, dir_fd=self._stack[-1]))
            self._names.append(name)
        return self._stack[-1]


def write_tree(destination: Path, nodes: Iterable[Node]) -> Written:
    """Write a tree at ``destination``, which must not exist, and hash it on the way.

    Files become 0444 or 0555 with time 1, directories 0555; only the root stays writable, or an
    ordinary user could not rename it: `seal` follows the rename.

    Raises:
        UnsafeTree: A name leaves its directory, occurs twice, or has no parent.
        OSError: The file system refuses.
    """
    tree, size_bytes = TreeDigest(), 0
    root = os.fsencode(destination.name)
    with DirectoryCursor(destination.parent) as cursor:
        for node in nodes:
            path = node.path
            names = [root, *path]
            if isinstance(node, FileNode):
                mode = EXECUTABLE_MODE if node.executable else FILE_MODE
                tree.reserve(path, mode)
                content, length = write_file(cursor.at(names[:-1]), names[-1], node)
                tree.leaf(path, mode, content)
                size_bytes += length
            elif isinstance(node, LinkNode):
                tree.reserve(path, LINK_MODE)
                _write_link(cursor.at(names[:-1]), names[-1], node)
                tree.leaf(path, LINK_MODE, digest(node.target))
                size_bytes += len(node.target)
            else:
                _write_directory(tree, cursor, names, node)
        kind, content = tree.result()
        finish_directories(cursor, root, tree.directories)
    return Written(kind, content, size_bytes)


def seal(path: Path) -> None:
    """Make the root of a written tree read-only and give it its time."""
    if not path.is_symlink():
        if path.is_dir():
            path.chmod(DIRECTORY_BITS)
        os.utime(path, ns=MTIME)


def write_file(parent: int | None, name: bytes, node: FileNode) -> tuple[bytes, int]:
    """Write one file; return its digest and its length in bytes."""
    descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
    try:
        content, length = _write_chunks(descriptor, node)
        # After opening, so that no umask takes part.
        os.fchmod(descriptor, EXECUTABLE_BITS if node.executable else PLAIN_BITS)
        os.utime(descriptor, ns=MTIME)
    finally:
        os.close(descriptor)
    return content, length


def _write_chunks(descriptor: int, node: FileNode) -> tuple[bytes, int]:
    chunks = node.chunks
    if isinstance(chunks, tuple) and len(chunks) == 1:  # nearly every file
        data = chunks[0]
        if data:
            write_all(descriptor, data)
        return digest(data), len(data)
    hasher, length = new_hasher(), 0
    for chunk in chunks:
        hasher.update(chunk)
        length += len(chunk)
        write_all(descriptor, chunk)
    return hasher.digest(), length


def _write_link(parent: int, name: bytes, node: LinkNode) -> None:
    check_target(node.path, node.target)
    os.symlink(node.target, name, dir_fd=parent)
    os.utime(name, ns=MTIME, dir_fd=parent, follow_symlinks=False)


def _write_directory(
    tree: TreeDigest, cursor: DirectoryCursor, names: list[bytes], node: DirNode
) -> None:
    tree.enter(node.path)
    parent = cursor.at(names[:-1])
    os.mkdir(names[-1], 0o700, dir_fd=parent)
    os.chmod(names[-1], WRITABLE_BITS, dir_fd=parent)  # a umask may have taken bits away


def finish_directories(cursor: DirectoryCursor, root: bytes, directories: list[NodePath]) -> None:
    """Make directories read-only, the deepest first; the root is left to `seal`."""
    for path in sorted(directories, reverse=True):
        if path:
            descriptor = cursor.at([root, *path])
            os.fchmod(descriptor, DIRECTORY_BITS)
            os.utime(descriptor, ns=MTIME)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``: one call of the system may take less."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])
