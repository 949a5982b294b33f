"""One writer at a time for a repository of eka's own; nothing stays of writers that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_TEMPORARY_PREFIXES = ("tmp_pack_", "tmp_idx_", "tmp_rev_", "tmp_obj_", "tmp_objdir-")


@contextmanager
def exclusive(git_dir: Path) -> Generator[int]:
    """Hold the lock of ``git_dir`` (a file beside it); yields its descriptor.

    Children that inherit the descriptor hold the lock as long as they live: a git that outlives
    a killed eka keeps the next one waiting, and whoever gets the lock knows that nobody writes.
    """
    git_dir.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{git_dir}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def sweep(git_dir: Path) -> int:
    """Remove the lock files and half-written objects of killed writers; returns how many.

    Only to be called while holding the lock of ``git_dir``.
    """
    swept = 0
    for directory, subdirectories, names in os.walk(git_dir):
        for name in names:
            if name.endswith(".lock") or name.startswith(_TEMPORARY_PREFIXES):
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(directory, name))  # noqa: PTH108, PTH118 - os.walk gives strings
                    swept += 1
        for name in [name for name in subdirectories if name.startswith(_TEMPORARY_PREFIXES)]:
            subdirectories.remove(name)
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)  # noqa: PTH118 - as above
            swept += 1
    return swept
