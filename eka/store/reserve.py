"""Room set aside on the disk, so that a collection can begin when nothing else is left."""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RESERVE_BYTES = 1 << 20
LITTLE_BYTES = 64 << 20
_FILE = "reserve"


def keep_reserve(root: Path) -> None:
    """Set room aside in a store, where none is yet; a disk that is full gives none."""
    place = root / _FILE
    if place.exists():
        return
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)
    except FileExistsError:
        return  # another process was faster
    except OSError:
        place.unlink(missing_ok=True)


def release_reserve(root: Path) -> bool:
    """Give back the room that was set aside in a store; tell whether there was any."""
    try:
        (root / _FILE).unlink()
    except OSError:
        return False
    return True


def is_short_of_room(root: Path) -> bool:
    """Tell whether so little is left on the disk that every change should be small."""
    status = os.statvfs(root)
    return status.f_bavail * status.f_frsize < LITTLE_BYTES
