"""Writable copies of store paths, for builds that change their sources in place."""

from __future__ import annotations

import errno
import os
import stat

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# All files are equally old, so that no build system sees one as newer than another.
MTIME = (1_000_000_000, 1_000_000_000)  # nanoseconds
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_COPY_BYTES = 1 << 30
_NOT_HERE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


def copy_writable(source: str | Path, destination: str | Path) -> None:
    """Copy a file, link or directory; what is made may be written to by its owner.

    Links are copied, never followed. The bytes are shared where the file system can do that, and
    part when either side writes. ``destination`` must not exist.
    """
    mode = os.lstat(source).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), destination)
        os.utime(destination, ns=MTIME, follow_symlinks=False)
    elif stat.S_ISDIR(mode):
        os.mkdir(destination, 0o755)
        for child in sorted(os.listdir(source)):
            copy_writable(f"{source}/{child}", f"{destination}/{child}")
        os.utime(destination, ns=MTIME)
    else:
        _copy_file(source, destination, 0o755 if mode & stat.S_IXUSR else 0o644)


def _copy_file(source: str | Path, destination: str | Path, bits: int) -> None:
    reading = os.open(source, _READ)
    try:
        writing = os.open(destination, _WRITE, bits)
        try:
            _copy_bytes(reading, writing)
            os.fchmod(writing, bits)  # whatever the umask is
            os.utime(writing, ns=MTIME)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_bytes(reading: int, writing: int) -> None:
    try:
        while os.copy_file_range(reading, writing, _COPY_BYTES):
            pass
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        while data := os.read(reading, 1 << 20):
            view = memoryview(data)
            while view:
                view = view[os.write(writing, view) :]
