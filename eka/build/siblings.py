"""Outputs of one build that mention each other: found, ordered, and told their final names.

While a build runs each output has a placeholder path of the same length as the final one. The
store mends what an output says of itself; what it says of its siblings is mended here, once the
sibling has its name.
"""

from __future__ import annotations

import mmap
import os
import shutil
import stat
from graphlib import CycleError, TopologicalSorter

from eka.checking import TYPE_CHECKING
from eka.store.tree import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from eka.store import NodePath

_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SiblingCycle(Exception):
    """Outputs mention each other in a circle, so none can have its name first."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(" -> ".join(names))
        self.names = names


def in_order(outputs: Mapping[str, tuple[Path, str]]) -> list[str]:
    """Return the names of outputs, each after those it mentions.

    Args:
        outputs: Where each output lies, and the digest of its placeholder.

    Raises:
        SiblingCycle: there is no such order.
        UnsafeTree: what an output holds lies too deep.

    Source: atom-spec/build.md [build-siblings].
    """
    graph = {
        name: {
            other
            for other, (_, digest) in sorted(outputs.items())
            if other != name and _mentions(root, digest.encode())
        }
        for name, (root, _) in sorted(outputs.items())
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SiblingCycle(error.args[1]) from error


def rename_mentions(root: Path, old: str, new: str) -> None:
    """Write ``new`` wherever ``old``, a digest of the same length, occurs below ``root``."""
    for path in list(_leaves(root)):
        if path.is_symlink():
            target = os.fsencode(path.readlink())
            if old.encode() in target:
                path.unlink()
                path.symlink_to(os.fsdecode(target.replace(old.encode(), new.encode())))
        elif _holds(path, old.encode()):
            _replace(path, old.encode(), new.encode())


def _mentions(root: Path, digest: bytes) -> bool:
    for path in _leaves(root):
        if path.is_symlink():
            if digest in os.fsencode(path.readlink()):
                return True
        elif _holds(path, digest):
            return True
    return False


def _holds(path: Path, digest: bytes) -> bool:
    descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    try:
        if not os.fstat(descriptor).st_size:
            return False
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            return content.find(digest) >= 0
    finally:
        os.close(descriptor)


def _replace(path: Path, old: bytes, new: bytes) -> None:
    """Replace in place, in a file that has no other name: that may be in the store by now."""
    status = path.lstat()
    bits = stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR
    if status.st_nlink > 1:
        fresh = path.with_name(f".{os.urandom(8).hex()}")
        shutil.copyfile(path, fresh, follow_symlinks=False)
        fresh.replace(path)
    path.chmod(bits)
    descriptor = os.open(path, os.O_RDWR | _FLAGS)
    try:
        with mmap.mmap(descriptor, 0) as content:
            at = content.find(old)
            while at >= 0:
                content[at : at + len(old)] = new
                at = content.find(old, at + len(old))
    finally:
        os.close(descriptor)


def _leaves(root: Path, below: NodePath = ()) -> Iterator[Path]:
    """Yield files and links, opening on the way what a build closed to its owner.

    Raises:
        UnsafeTree: It is no tree that a store takes; here it could not even be walked.
    """
    mode = root.lstat().st_mode
    if stat.S_ISDIR(mode):
        root.chmod(stat.S_IMODE(mode) | 0o700)
        for child in sorted(root.iterdir()):
            names = (*below, os.fsencode(child.name))
            check_name(names)
            yield from _leaves(child, names)
    elif stat.S_ISREG(mode):
        if not mode & stat.S_IRUSR:
            root.chmod(stat.S_IMODE(mode) | stat.S_IRUSR)
        yield root
    elif stat.S_ISLNK(mode):
        yield root
