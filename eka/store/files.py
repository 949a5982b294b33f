"""Moving, deleting and locking files so that a kill at any moment leaves nothing in doubt."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.store.write import WRITABLE_BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
_PAUSE_S = 0.05  # between two tries to get a lock
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, that its owner can use under any umask."""
    if path.is_dir():
        return
    make_directory(path.parent)
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
        return  # another process was faster
    path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IRWXU)


def move(source: Path, destination: Path) -> None:
    """Rename a store path; a read-only directory is opened first, or only root could move it."""
    if stat.S_ISDIR(source.lstat().st_mode):
        source.chmod(WRITABLE_BITS)
    source.rename(destination)


def delete_tree(path: Path) -> None:
    """Delete a file, link or directory, read-only parts included; links are not followed."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        path.unlink()
        return
    path.chmod(0o700)
    descriptor = os.open(path, _DIRECTORY)
    try:
        _empty(descriptor)
    finally:
        os.close(descriptor)
    path.rmdir()


def _empty(top: int) -> None:
    """Delete what is in a directory, however deep: directories are first moved up to ``top``."""
    pending = _unlink_files(top)
    taken = set(pending)
    numbers = count()
    while pending:
        name = pending.pop()
        os.chmod(name, 0o700, dir_fd=top)
        descriptor = os.open(name, _DIRECTORY, dir_fd=top)
        try:
            for child in _unlink_files(descriptor):
                os.chmod(child, 0o700, dir_fd=descriptor)
                fresh = next(each for each in map(str, numbers) if each not in taken)
                os.rename(child, fresh, src_dir_fd=descriptor, dst_dir_fd=top)
                pending.append(fresh)
        finally:
            os.close(descriptor)
        os.rmdir(name, dir_fd=top)


def _unlink_files(descriptor: int) -> list[str]:
    """Delete all but the directories of a directory; return their names."""
    with os.scandir(descriptor) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=descriptor)
    return [name for name, is_directory in found if is_directory]


def boot_id() -> str:
    """Return what names this run of the machine's kernel; empty where nothing does."""
    try:
        return _BOOT_ID.read_text("utf-8").strip()
    except OSError:
        return ""


def sync_file_system(path: Path) -> None:
    """Wait until all that was written to the file system of ``path`` is on its medium."""
    import ctypes  # noqa: PLC0415 - costs start-up time

    descriptor = os.open(path, _DIRECTORY)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def exchange(one: Path, other: Path) -> None:
    """Let two paths of one file system change places, in one step where the system can."""
    import ctypes  # noqa: PLC0415 - costs start-up time

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    places = os.fsencode(one), os.fsencode(other)
    if rename is not None and rename(_HERE, places[0], _HERE, places[1], _EXCHANGE) == 0:
        return
    aside = one.with_name(f"{one.name}.aside")
    other.rename(aside)
    one.rename(other)
    aside.rename(one)


def lock_file(path: Path, *, wait: bool = True, create: bool = True) -> int | None:
    """Lock a file for as long as the returned descriptor is open.

    Returns:
        The descriptor; None when somebody else holds the lock and ``wait`` is false, or when the
        file is gone and ``create`` is false.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _is_at(descriptor, path):
                os.fchmod(descriptor, 0o600)  # a umask may have taken bits away
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)  # or this process would wait for itself the next time
            raise
        os.close(descriptor)  # its owner removed it while we waited


@contextmanager
def locked(
    path: Path, *, is_wanted: Callable[[], bool] | None = None
) -> Generator[bool, None, None]:
    """Hold a lock file; it is removed at the end.

    Args:
        path: Where it is.
        is_wanted: Asked from time to time while somebody else holds the lock.

    Yields:
        True; False when the lock was wanted no more before it was ours.
    """
    descriptor = lock_file(path, wait=is_wanted is None)
    while descriptor is None and is_wanted is not None and is_wanted():
        time.sleep(_PAUSE_S)
        descriptor = lock_file(path, wait=False)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            try:
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(status, os.fstat(descriptor))
