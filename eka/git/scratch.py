"""Directories for the length of one command; what killed commands left is removed by the next."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.git.failures import CacheUnusable

if TYPE_CHECKING:
    from collections.abc import Generator

_PREFIX = "scratch-"
_IN_USE = "in-use"
_GATE = "scratch.lock"


@contextmanager
def scratch_directory(home: Path) -> Generator[Path]:
    """Make a directory below ``home``, which is eka's own, and remove it in the end.

    Each is held by a file lock, which ends with its process, however that ends.

    Raises:
        CacheUnusable: ``home`` cannot be written to.
    """
    from shutil import rmtree  # noqa: PLC0415 - most commands need no such directory

    try:
        path, holder = _make(home)
    except OSError as error:
        raise CacheUnusable(home, error.strerror or str(error)) from error
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)
        os.close(holder)


def _make(home: Path) -> tuple[Path, int]:
    """Return a new directory and the descriptor that holds it; remove what nobody holds."""
    from shutil import rmtree  # noqa: PLC0415 - most commands need no such directory
    from tempfile import mkdtemp  # noqa: PLC0415 - as above

    gate = _open_locked(home / _GATE, os.O_CREAT)
    try:
        for left in home.glob(f"{_PREFIX}*"):
            if not _is_in_use(left):
                rmtree(left, ignore_errors=True)
        path = Path(mkdtemp(prefix=_PREFIX, dir=home))
        return path, _open_locked(path / _IN_USE, os.O_CREAT)
    finally:
        os.close(gate)


def _open_locked(path: Path, flags: int, operation: int = fcntl.LOCK_EX) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_in_use(directory: Path) -> bool:
    try:
        os.close(_open_locked(directory / _IN_USE, 0, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except FileNotFoundError:
        return False  # only whoever makes one, behind the gate, is between the two steps
    except OSError:
        return True
    return False
