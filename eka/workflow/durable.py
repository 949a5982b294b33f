"""Files written such that a power cut or a kill leaves the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import os

from eka.checking import TYPE_CHECKING
from eka.hashing import digest

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = ""


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` to ``path`` at once, keeping the permissions of an old file.

    ``durable``: it is on disk when this returns; False for what can be asked for again.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    # A stranger's repository may hold a link of this name that leads anywhere.
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    if durable:
        sync_directory(path.parent)


def digest_of(path: Path) -> str:
    """Return the digest of a file, `ABSENT` where there is none."""
    # What is no file (a stranger's repository may link to an endless one) has nothing to keep.
    return digest(path.read_bytes()).hex() if path.is_file() else ABSENT


def sync_directory(directory: Path) -> None:
    """Bring the entries of a directory to the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
