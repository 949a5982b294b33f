"""The merged tree of several archives, kept in memory; no path of an archive touches a disk.

Layers lie over one another as dpkg would lay them: a directory symlink such as ``/bin -> usr/bin``
is followed when a later package ships ``bin/sh``, inside the tree and never out of it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from eka.build.errors import ArchiveConflict, ArchiveLacks, UnsafeArchive
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAME_BYTES = 255
MAX_TARGET_BYTES = 4095
MAX_DEPTH = 128
MAX_STEPS = 512  # path components walked for one entry, symlinks included
# Directories that Debian has merged into /usr; its packages still ship both spellings.
MERGED = (b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32")


@dataclass(frozen=True, slots=True)
class File:
    """A regular file; its bytes are ``size`` bytes of the spool from ``start``."""

    start: int
    size: int
    executable: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A symlink; the target is kept as written."""

    target: bytes


@dataclass(slots=True)
class Directory:
    """A directory and its children by name."""

    children: dict[bytes, File | Link | Directory] = field(
        default_factory=dict[bytes, "File | Link | Directory"]
    )


Entry = File | Link | Directory
Path = tuple[bytes, ...]


def parse_path(raw: bytes, archive: str) -> Path:
    """Return the components of an archive path; refuses absolute paths and ``..``."""
    if raw.startswith(b"/"):
        raise UnsafeArchive(archive, raw, "its path is absolute")
    parts = tuple(part for part in raw.split(b"/") if part not in (b"", b"."))
    for part in parts:
        if part == b"..":
            raise UnsafeArchive(archive, raw, "its path leaves the tree")
        if len(part) > MAX_NAME_BYTES or b"\0" in part:
            raise UnsafeArchive(archive, raw, f"a name has over {MAX_NAME_BYTES} bytes or a NUL")
    if len(parts) > MAX_DEPTH:
        raise UnsafeArchive(archive, raw, f"it lies over {MAX_DEPTH} directories deep")
    return parts


class Overlay:
    """A tree into which entries are put one after another; later ones win.

    Args:
        usr_merged: Give the top-level directories of `MERGED` the shape ``bin -> usr/bin``.
    """

    def __init__(self, *, usr_merged: bool = False) -> None:
        self._root = Directory()
        self._usr_merged = usr_merged

    def put_directory(self, path: Path, archive: str) -> None:
        """Add a directory; an existing one, or a symlink to one, stays."""
        self._walk(path, archive)

    def put(self, path: Path, entry: File | Link, archive: str) -> None:
        """Add a file or symlink in place of an existing file or symlink.

        Like dpkg, a symlink does not replace a directory that is already there.
        """
        if not path:
            raise UnsafeArchive(archive, b".", "the root of the tree must be a directory")
        parent = self._walk(path[:-1], archive)
        existing = parent.children.get(path[-1])
        if isinstance(existing, Directory):
            if isinstance(entry, Link):
                return
            raise ArchiveConflict(archive, b"/".join(path), "a directory is already there")
        if isinstance(entry, Link):
            _check_target(path, entry.target, archive)
        parent.children[path[-1]] = entry

    def put_copy(self, path: Path, source: Path, archive: str) -> None:
        """Add a hard link: a second entry with the content of ``source``."""
        found: Entry | None = None
        if source:
            with suppress(ArchiveConflict):
                found = self._walk(source[:-1], archive, create=False).children.get(source[-1])
        if not isinstance(found, File | Link):
            raise UnsafeArchive(
                archive, b"/".join(path), "it is a hard link to a file the tree does not hold"
            )
        self.put(path, found, archive)

    def graft(self, path: Path, other: Overlay, archive: str) -> None:
        """Put the tree of ``other`` at ``path`` in place of what was there.

        Where ``other`` holds one directory and nothing else, that directory is put there.
        """
        root = other._root
        only = next(iter(root.children.values())) if len(root.children) == 1 else None
        tree = only if isinstance(only, Directory) else root
        if path:
            self._walk(path[:-1], archive).children[path[-1]] = tree
        else:
            self._root = tree

    def lay(self, other: Overlay, path: Path, archive: str) -> None:
        """Lay what ``other`` has below ``path`` over this tree.

        Raises:
            ArchiveLacks: there is no such directory in it.
        """
        try:
            top = other._walk(path, archive, create=False)
        except ArchiveConflict as error:
            raise ArchiveLacks(archive, b"/".join(path)) from error
        todo: list[tuple[Path, Entry]] = _children((), top)
        while todo:
            place, entry = todo.pop()
            if isinstance(entry, Directory):
                self.put_directory(place, archive)
                todo.extend(_children(place, entry))
            else:
                self.put(place, entry, archive)

    def put_declared_link(self, path: Path, target: bytes, archive: str) -> None:
        """Add a symlink that must not hide anything; the same symlink may already be there."""
        parent = self._walk(path[:-1], archive)
        existing = parent.children.get(path[-1]) if path else self._root
        if existing is not None and existing != Link(target):
            raise ArchiveConflict(archive, b"/".join(path), "a declared link would replace it")
        self.put(path, Link(target), archive)

    def entries(self) -> Iterator[tuple[Path, Entry]]:
        """Yield every path but the root, parents first, siblings by name."""
        if self._usr_merged:
            self._complete_merge()
        todo: list[tuple[Path, Entry]] = _children((), self._root)
        while todo:
            path, entry = todo.pop()
            yield path, entry
            if isinstance(entry, Directory):
                todo.extend(_children(path, entry))

    def _complete_merge(self) -> None:
        # Scripts that start with #!/bin/sh expect the short name whoever ships the file.
        usr = self._root.children.get(b"usr")
        if isinstance(usr, Directory):
            for name in MERGED:
                if isinstance(usr.children.get(name), Directory):
                    self._root.children.setdefault(name, Link(b"usr/" + name))

    def _walk(self, path: Path, archive: str, *, create: bool = True) -> Directory:
        """Return the directory at ``path``, following symlinks as if the tree were ``/``."""
        stack = [self._root]
        todo = list(reversed(path))
        for _ in range(MAX_STEPS):
            if not todo:
                return stack[-1]
            name = todo.pop()
            if name == b"..":
                del stack[max(1, len(stack) - 1) :]  # the parent of the root is the root
                continue
            if name in (b"", b"."):
                continue
            child = self._child(stack[-1], name, create=create)
            if isinstance(child, Link):
                if child.target.startswith(b"/"):
                    del stack[1:]
                todo.extend(reversed(child.target.split(b"/")))
            elif isinstance(child, Directory):
                stack.append(child)
            else:
                raise ArchiveConflict(archive, b"/".join(path), "no directory is at its parent")
            if len(stack) > MAX_DEPTH:
                break
        raise UnsafeArchive(archive, b"/".join(path), "its path is a loop or too deep")

    def _child(self, parent: Directory, name: bytes, *, create: bool) -> Entry | None:
        child = parent.children.get(name)
        if child is None and create:
            merged = self._usr_merged and parent is self._root and name in MERGED
            child = Link(b"usr/" + name) if merged else Directory()
            parent.children[name] = child
        return child


def _children(path: Path, directory: Directory) -> list[tuple[Path, Entry]]:
    names = sorted(directory.children, reverse=True)
    return [((*path, name), directory.children[name]) for name in names]


def _check_target(path: Path, target: bytes, archive: str) -> None:
    if not target or len(target) > MAX_TARGET_BYTES or b"\0" in target:
        raise UnsafeArchive(
            archive, b"/".join(path), f"its target is empty or over {MAX_TARGET_BYTES} bytes long"
        )
