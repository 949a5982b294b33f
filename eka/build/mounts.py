"""Many inputs shown at once, bound by us and not by bubblewrap.

bubblewrap reads the table of all mounts anew for each thing it binds, which grows with the square
of their number. Root puts the inputs into a sandbox that is made already and still waits at its
gate. Others may not do that: for them the inputs are bound before bubblewrap starts, which then
binds one directory. Both happen in a new process, by system calls alone.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import time
from dataclasses import dataclass
from functools import cache

from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.build.sandbox import Shown

# <sched.h>, <sys/mount.h>, <linux/mount.h>; the numbers are those of every architecture.
_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 1, 2, 4, 32
_MS_BIND, _MS_REC, _MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_TREE_CLONE, _TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_FROM_DESCRIPTOR = 4
_ATTRIBUTES = _MS_RDONLY | _MS_NOSUID | _MS_NODEV  # the same numbers there
_READ = {b"0", b"63"}  # the number of the call that reads, of the machines there are
_TRIES, _PAUSE_S = 60_000, 0.0005
# What a mount may have that others than root must not take from it, for statvfs and for mount.
_KEPT = ((8, 8), (1024, 1024), (2048, 2048), (4096, 1 << 21))


@dataclass(frozen=True, slots=True)
class Mounts:
    """The inputs of one build that are to be bound.

    Source: mount(2), open_tree(2), user_namespaces(7).
    """

    pairs: tuple[tuple[bytes, bytes], ...]  # what is shown, and its name
    below: bytes  # the directory that is shown as /eka/store
    flags: int

    @classmethod
    def of(cls, inputs: Sequence[Shown], below: Path) -> Mounts:
        """Make a place below a directory for each input that is no link, to be bound there."""
        pairs: list[tuple[bytes, bytes]] = []
        for entry in inputs:
            if entry.source is None:
                continue
            source, name = os.fsencode(entry.source), os.fsencode(entry.name)
            place = os.path.join(os.fsencode(below), name)  # noqa: PTH118 - of very many
            if os.path.isdir(source):  # noqa: PTH112 - the same
                os.mkdir(place)  # noqa: PTH102 - the same
            else:
                os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
            pairs.append((source, name))
        had = os.statvfs(below).f_flag
        kept = sum(option for bit, option in _KEPT if had & bit)
        return cls(tuple(pairs), os.fsencode(below), kept | _ATTRIBUTES)

    def clear(self) -> None:
        """Remove the empty places, once nothing runs that sees anything in them."""
        below = os.open(self.below, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for _, name in self.pairs:
                try:
                    os.rmdir(name, dir_fd=below)
                except NotADirectoryError:
                    os.unlink(name, dir_fd=below)
                except OSError:
                    break  # what is left goes with the rest of the build
        finally:
            os.close(below)

    def bind(self) -> None:
        """Enter user and mount namespaces of our own and bind; for a process not yet started."""
        library = _library()
        user, group = os.geteuid(), os.getegid()
        _must(library.unshare(_CLONE_NEWNS | _CLONE_NEWUSER))
        _write(b"/proc/self/setgroups", b"deny")
        _write(b"/proc/self/uid_map", b"%d %d 1" % (user, user))
        _write(b"/proc/self/gid_map", b"%d %d 1" % (group, group))
        # Nothing of this is to be seen outside.
        _must(library.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
        for source, name in self.pairs:
            place = self.below + b"/" + name
            _must(library.mount(source, place, None, _MS_BIND, None))
            _must(library.mount(source, place, None, _MS_BIND | _MS_REMOUNT | self.flags, None))

    def attach(self, pid: int, gate: int) -> bool:
        """Put the inputs into a sandbox that is made; tells whether that worked.

        Args:
            pid: A process that makes a sandbox, and then waits until it can read.
            gate: The descriptor it waits to read from.
        """
        library = _library()
        if not _waits(pid, gate):
            return False
        try:
            space = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False  # somebody killed it
        try:
            child = os.fork()
            if not child:
                status = 1
                try:
                    self._move(library, space)
                    status = 0
                finally:
                    os._exit(status)
        finally:
            os.close(space)
        return os.waitpid(child, 0)[1] == 0

    def _move(self, library: ctypes.CDLL, space: int) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        wanted = struct.pack("=4Q", _ATTRIBUTES, 0, 0, 0)  # struct mount_attr
        size = ctypes.c_size_t(len(wanted))
        trees: list[tuple[int, bytes]] = []
        for source, name in self.pairs:
            tree = _must(library.syscall(_OPEN_TREE, _AT_FDCWD, source, _TREE_CLONE))
            _must(library.syscall(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, wanted, size))
            trees.append((tree, f"{LOGICAL_ROOT}/".encode() + name))
        _must(library.setns(space, _CLONE_NEWNS))
        for tree, place in trees:
            _must(library.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, place, _MOVE_FROM_DESCRIPTOR))


@cache
def can_attach() -> bool:
    """Tell whether this process may put mounts into the namespaces of others."""
    if os.geteuid() != 0:
        return False
    if not os.path.exists("/proc/self/syscall"):  # noqa: PTH110 - a question, no path
        return False
    tree = _library().syscall(_OPEN_TREE, _AT_FDCWD, b"/", _TREE_CLONE | _TREE_CLOEXEC)
    if tree < 0:
        return False
    os.close(tree)
    return True


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_void_p]
    return library


def _waits(pid: int, gate: int) -> bool:
    """Wait until a process waits to read from ``gate``; False when it ends before."""
    for _ in range(_TRIES):
        try:
            with open(f"/proc/{pid}/syscall", "rb") as file:  # noqa: PTH123 - read many times
                words = file.read().split()
        except OSError:
            return False
        if len(words) > 1 and words[0] in _READ and int(words[1], 16) == gate:
            return True
        time.sleep(_PAUSE_S)
    return False


def _must(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the inputs cannot be bound")
    return result


def _write(file: bytes, text: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    os.write(descriptor, text)
    os.close(descriptor)
