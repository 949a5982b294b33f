"""Checked trees as plain directories: written without following a link, and hashed again.

Every name is resolved from an open directory and never through a link; a file is made, never
opened if it is there. What is written is what the content hash covers: bytes, the executable bit,
targets of links.

Source: atom-spec/vendor.md.
"""

from __future__ import annotations

import os
import stat

from eka.atom import ContentHash
from eka.checking import TYPE_CHECKING
from eka.hashing import directory_digest, new_hasher
from eka.workflow.vendor_errors import UnhashableTree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import ObjectId, TreeReader

DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE, LINK_MODE = "40000", "100644", "100755", "120000"
MAX_DEPTH = 64  # of the tree policy
MAX_ENTRIES = 100_000
CHUNK_BYTES = 1024 * 1024
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_tree(parent: int, name: str, tree: ObjectId, reader: TreeReader) -> None:
    """Write a checked tree as the new directory ``name`` in an open directory.

    Args:
        parent: Descriptor of the directory.
        name: Of the directory to make; it must not exist.
        tree: It has passed the tree policy.
        reader: Reads it.
    """
    os.mkdir(name, 0o755, dir_fd=parent)
    handle = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
    try:
        for entry in reader.tree(tree):
            if entry.mode == DIRECTORY_MODE:
                # The policy limits the depth, and the names to plain ones.
                write_tree(handle, os.fsdecode(entry.name), entry.oid, reader)
            elif entry.mode == LINK_MODE:
                os.symlink(reader.blob(entry.oid), entry.name, dir_fd=handle)
            else:
                _write_file(handle, entry.name, entry.mode, reader.blob(entry.oid))
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_file(parent: int, name: bytes, mode: str, data: bytes) -> None:
    permissions = 0o755 if mode == EXECUTABLE_MODE else 0o644
    handle = os.open(name, _MAKE_FILE, permissions, dir_fd=parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fchmod(stream.fileno(), permissions)  # whatever the umask took away


def hash_directory(parent: int, name: str) -> ContentHash:
    """Return the content hash of the directory ``name`` as it is on disk.

    Raises:
        UnhashableTree: it holds something that is neither file, link nor directory, or too much.
    """
    return ContentHash(_Hashing().directory(parent, os.fsencode(name), (name,)).hex())


class _Hashing:
    def __init__(self) -> None:
        self._entries = 0

    def directory(self, parent: int, name: bytes, path: tuple[str, ...]) -> bytes:
        if len(path) > MAX_DEPTH + 1:
            raise UnhashableTree("/".join(path), f"it is deeper than {MAX_DEPTH} directories")
        handle = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
        try:
            children = [
                self._child(handle, os.fsencode(each), (*path, each)) for each in names_in(handle)
            ]
        finally:
            os.close(handle)
        children.sort(key=_git_order)
        return directory_digest(children)

    def _child(self, parent: int, name: bytes, path: tuple[str, ...]) -> tuple[str, bytes, bytes]:
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise UnhashableTree(path[0], f"it has more than {MAX_ENTRIES} entries")
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            return DIRECTORY_MODE, name, self.directory(parent, name, path)
        hasher = new_hasher()
        if stat.S_ISLNK(mode):
            hasher.update(os.readlink(name, dir_fd=parent))
            return LINK_MODE, name, hasher.digest()
        if not stat.S_ISREG(mode):
            raise UnhashableTree("/".join(path), "it is neither a file, a link nor a directory")
        for chunk in _chunks(os.open(name, _OPEN_FILE, dir_fd=parent)):
            hasher.update(chunk)
        return EXECUTABLE_MODE if mode & stat.S_IXUSR else FILE_MODE, name, hasher.digest()


def _chunks(handle: int) -> Iterator[bytes]:
    with os.fdopen(handle, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _git_order(entry: tuple[str, bytes, bytes]) -> bytes:
    # git sorts a directory as if its name ended in a slash
    return entry[1] + b"/" if entry[0] == DIRECTORY_MODE else entry[1]


def names_in(handle: int) -> list[str]:
    """Return the names in an open directory."""
    with os.scandir(handle) as entries:
        return [entry.name for entry in entries]


def remove_tree(parent: int, name: str) -> None:
    """Remove the directory ``name`` of an open one, and all below it; no link is followed."""
    import shutil  # noqa: PLC0415 - costs start-up time

    shutil.rmtree(name, dir_fd=parent)
