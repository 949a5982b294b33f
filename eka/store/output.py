"""What a build left behind -> a path of the store: read-only, scanned, named modulo itself."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store.errors import UnsafeTree
from eka.store.nodes import FileNode, NodePath
from eka.store.read import list_directory, read_chunks
from eka.store.references import rewrite
from eka.store.tree import (
    EXECUTABLE_MODE,
    FILE_MODE,
    LINK_MODE,
    MAX_DEPTH,
    shown,
)
from eka.store.write import (
    EXECUTABLE_BITS,
    MTIME,
    PLAIN_BITS,
    WRITABLE_BITS,
    DirectoryCursor,
    finish_directories,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from eka.store.path import NodeKind, StorePath
    from eka.store.scan import Scanned

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_REWRITTEN = "rewritten"
# Put there by the system for every file; it cannot be removed.
_KEPT_ATTRIBUTES = {"security.selinux"}


def normalise(root: Path) -> None:
    """Set modes, times and owner of what a build left; directories stay writable for now.

    Raises:
        UnsafeTree: It holds a device, a pipe or a socket, or is nested too deep.
    """
    with DirectoryCursor(root.parent) as cursor:
        _normalise(cursor.at([]), os.fsencode(root.name), ())


def finish_output(
    root: Path, scanned: Scanned, final: StorePath, work: Path
) -> tuple[NodeKind, bytes]:
    """Write the final digest where the placeholder's was, and make directories read-only.

    Returns:
        What the root is, and its content digest as it now lies on disk.
    """
    name = os.fsencode(root.name)
    with DirectoryCursor(root.parent) as cursor:
        for path, positions in scanned.mentions.items():
            names = [name, *path]
            parent = cursor.at(names[:-1])
            mode, content = _rewrite(parent, names[-1], positions, final, work)
            scanned.tree.leaf(path, mode, content)
        finish_directories(cursor, name, scanned.tree.directories)
    return scanned.tree.result()


def _normalise(parent: int, name: bytes, path: NodePath) -> None:
    if len(path) > MAX_DEPTH:
        raise UnsafeTree(shown(path), f"nested deeper than {MAX_DEPTH} directories")
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if status.st_uid != os.geteuid():  # its owner could make it writable again
        os.chown(name, os.geteuid(), os.getegid(), dir_fd=parent, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        os.utime(name, ns=MTIME, dir_fd=parent, follow_symlinks=False)
    elif stat.S_ISREG(status.st_mode):
        bits = EXECUTABLE_BITS if status.st_mode & stat.S_IXUSR else PLAIN_BITS
        with _opened(parent, name, bits, _FILE) as descriptor:
            os.utime(descriptor, ns=MTIME)
    elif stat.S_ISDIR(status.st_mode):
        with _opened(parent, name, WRITABLE_BITS, _DIRECTORY) as descriptor:
            for child, _ in list_directory(descriptor):
                _normalise(descriptor, child, (*path, child))
    else:
        raise UnsafeTree(shown(path or (name,)), "it is a device, a pipe or a socket")


@contextmanager
def _opened(parent: int, name: bytes, bits: int, flags: int) -> Generator[int, None, None]:
    os.chmod(name, bits, dir_fd=parent)  # before opening: a build may leave mode 000
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        for attribute in os.listxattr(descriptor):
            if attribute not in _KEPT_ATTRIBUTES:
                os.removexattr(descriptor, attribute)
        yield descriptor
    finally:
        os.close(descriptor)


def _rewrite(
    parent: int, name: bytes, positions: list[int], final: StorePath, work: Path
) -> tuple[str, bytes]:
    """Replace a file or link by a copy that names ``final``; hard links to it stay as they are."""
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    fresh = os.fsencode(work / _REWRITTEN)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(name, dir_fd=parent)
        changed = b"".join(rewrite((target,), positions, final.digest32))
        os.symlink(changed, fresh)  # noqa: PTH211 - bytes: a target need not be text
        os.utime(fresh, ns=MTIME, follow_symlinks=False)
        mode, content = LINK_MODE, digest(changed)
    else:
        executable = bool(status.st_mode & stat.S_IXUSR)
        descriptor = os.open(name, _FILE, dir_fd=parent)
        try:
            chunks = read_chunks(descriptor, status.st_size, (name,))
            node = FileNode((), executable, rewrite(chunks, positions, final.digest32))
            content, _ = write_file(None, fresh, node)
        finally:
            os.close(descriptor)
        mode = EXECUTABLE_MODE if executable else FILE_MODE
    os.rename(fresh, name, dst_dir_fd=parent)
    return mode, content
