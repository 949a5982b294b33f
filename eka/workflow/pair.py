"""The pair atom.toml and atom.lock, written so that a crash never leaves a mixture in use.

Both new texts go first into one note beside them. Once the note is on disk the update has
happened; whoever comes next finishes it. A kill before that leaves old/old, after it new/new or
the note.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eka.hashing import digest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

NOTE = ".atom.pending"
# A note that names anything else was not written by eka.
NAMES = ("atom.toml", "atom.lock")
NOTE_CAP = 128 * 1024 * 1024  # bytes; a note holds a manifest and a lock
ABSENT = ""


@contextmanager
def project_lock(directory: Path) -> Generator[None]:
    """Hold ``directory`` against other eka processes that would write its manifest or lock.

    Whoever held it before may have been killed: its update is finished first.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _finish_noted(directory)
        yield
    finally:
        os.close(handle)


def write_files(directory: Path, texts: Mapping[str, bytes]) -> None:
    """Replace the files named in ``texts`` together; the caller holds `project_lock`.

    Durable when it returns. After a kill, `repair` brings the files to all old or all new.

    Args:
        directory: The project's.
        texts: Manifest, lock or both, by name.
    """
    note = {
        name: {"old": _digest_of(directory / name), "new": text.decode("utf-8")}
        for name, text in texts.items()
    }
    replace_file(directory / NOTE, json.dumps(note).encode())
    _finish(directory, note)
    _sweep(directory)


def repair(directory: Path) -> bool:
    """Finish an update that a kill interrupted; return True if there was one.

    A file that a person has changed since is left as that person wrote it.
    """
    if (directory / NOTE).exists():
        with project_lock(directory):
            return True
    if any(_leftovers(directory)):
        _sweep_unless_busy(directory)
    return False


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
        _sync_directory(path.parent)


def _finish_noted(directory: Path) -> None:
    path = directory / NOTE
    if not path.exists():
        return
    try:
        with path.open("rb") as stream:
            note = json.loads(stream.read(NOTE_CAP))
        _finish(directory, note)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Notes are renamed into place whole: this one is not ours. It says nothing usable.
        path.unlink()
    _sweep(directory)


def _finish(directory: Path, note: Mapping[str, Mapping[str, str]]) -> None:
    for name in NAMES:
        if name in note and _digest_of(directory / name) == note[name]["old"]:
            replace_file(directory / name, note[name]["new"].encode("utf-8"))
    with contextlib.suppress(FileNotFoundError):
        (directory / NOTE).unlink()
    _sync_directory(directory)


def _leftovers(directory: Path) -> Iterator[Path]:
    """Yield the temporary files that killed writers left."""
    for name in (*NAMES, NOTE):
        yield from directory.glob(f".{name}.*.tmp")


def _sweep(directory: Path) -> None:
    """Delete what killed writers left; safe under the project lock, which every writer holds."""
    for leftover in _leftovers(directory):
        leftover.unlink(missing_ok=True)


def _sweep_unless_busy(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sweep(directory)
    except BlockingIOError:
        return  # somebody is writing right now: the file may be theirs
    finally:
        os.close(handle)


def _digest_of(path: Path) -> str:
    # What is no file (a stranger's repository may link to an endless one) has nothing to keep.
    return digest(path.read_bytes()).hex() if path.is_file() else ABSENT


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
