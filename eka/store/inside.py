"""What is inside a store path: looked up by name, links followed only as far as the store goes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store.errors import NotAFile, NotInPath
from eka.store.path import LOGICAL_ROOT, NodeKind
from eka.store.read import CHUNK_BYTES, list_directory
from eka.store.tree import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.store.nodes import NodePath
    from eka.store.path import StorePath

MAX_LINKS = 40
_LOGICAL = os.fsencode(LOGICAL_ROOT)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """One node inside a store path."""

    path: NodePath  # below what was listed; () is that itself
    kind: NodeKind
    size_bytes: int  # of a directory 0
    target: bytes  # of a link; empty for everything else


def list_inside(
    home: Path, path: StorePath, names: NodePath, *, recursive: bool = False
) -> Iterator[Entry]:
    """Yield what is in a directory inside a path, in byte order; a file or link is itself.

    Args:
        home: The directory that holds the store paths.
        path: A valid path.
        names: From the root of the path down; () lists the path itself.
        recursive: Also what is in its directories, each directory before what is in it.

    Raises:
        NotInPath: There is nothing of that name.

    Source: atom-spec/store.md [inside-links].
    """
    place = _locate(home, path, names, follow_outside=False)
    entry = _entry(place, ())
    if entry.kind is not NodeKind.DIRECTORY:
        yield entry
        return
    yield from _children(place, (), recursive=recursive)


def read_inside(home: Path, path: StorePath, names: NodePath) -> Iterator[bytes]:
    """Yield the bytes of a file inside a path; links inside the store are followed.

    Raises:
        NotInPath: There is nothing of that name, or a link leads out of the store.
        NotAFile: It is a directory.
    """
    place = _locate(home, path, names, follow_outside=True)
    if not stat.S_ISREG(place_mode := os.lstat(place).st_mode):
        raise NotAFile(_told(path, names), "directory" if stat.S_ISDIR(place_mode) else "link")
    descriptor = os.open(place, _FILE)
    try:
        while data := os.read(descriptor, CHUNK_BYTES):
            yield data
    finally:
        os.close(descriptor)


def _children(place: bytes, below: NodePath, *, recursive: bool) -> Iterator[Entry]:
    descriptor = os.open(place, _DIRECTORY)
    try:
        found = list_directory(descriptor)
    finally:
        os.close(descriptor)
    for name, _ in found:
        entry = _entry(place + b"/" + name, (*below, name))
        yield entry
        if recursive and entry.kind is NodeKind.DIRECTORY:
            yield from _children(place + b"/" + name, entry.path, recursive=True)


def _entry(place: bytes, path: NodePath) -> Entry:
    status = os.lstat(place)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, NodeKind.DIRECTORY, 0, b"")
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(place)  # noqa: PTH115 - bytes: a name need not be text
        return Entry(path, NodeKind.LINK, len(target), target)
    executable = bool(status.st_mode & stat.S_IXUSR)
    kind = NodeKind.EXECUTABLE if executable else NodeKind.FILE
    return Entry(path, kind, status.st_size, b"")


def _locate(home: Path, path: StorePath, names: NodePath, *, follow_outside: bool) -> bytes:
    """Return where a node lies; every link on the way must lead to a place in the store.

    A last link that leads out of the store is found itself, unless ``follow_outside`` refuses it.
    """
    root = os.fsencode(home)
    pending = [*reversed(names), path.base.encode()]
    found: list[bytes] = []  # below the directory of the store
    links = 0
    while pending:
        name = pending.pop()
        if name in {b"", b"."}:
            continue
        if name == b"..":
            if not found:
                raise NotInPath(_told(path, names), "it lies outside of the store")
            found.pop()
            continue
        place = b"/".join((root, *found, name))
        mode = _mode(place, path, names)
        if not stat.S_ISLNK(mode):
            found.append(name)
            continue
        links += 1
        target = os.readlink(place)  # noqa: PTH115 - the same
        below = target.removeprefix(_LOGICAL + b"/")
        leads_out = target.startswith(b"/") and below == target
        if leads_out and not pending and not follow_outside:
            return place
        if leads_out or links > MAX_LINKS:
            why = f"a link leads to {shown((target,))}, which is not in the store"
            why = why if leads_out else "its links go round in circles"
            raise NotInPath(_told(path, names), why)
        if below != target:
            found.clear()
        pending += reversed(below.split(b"/"))
    if not found:
        raise NotInPath(_told(path, names), "it lies outside of the store")
    return b"/".join((root, *found))


def _mode(place: bytes, path: StorePath, names: NodePath) -> int:
    try:
        return os.lstat(place).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NotInPath(_told(path, names), "there is nothing of this name") from error
    except OSError as error:  # such as a name that no file system takes
        raise NotInPath(_told(path, names), error.strerror or str(error)) from error


def _told(path: StorePath, names: NodePath) -> str:
    return f"{path.text}/{shown(names)}" if names else path.text
