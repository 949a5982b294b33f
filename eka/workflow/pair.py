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

from eka.checking import TYPE_CHECKING
from eka.workflow.durable import digest_of, replace_file, sync_directory
from eka.workflow.set_files import noted_root, repair_set

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

NOTE = ".atom.pending"
# A note that names anything else was not written by eka.
NAMES = ("atom.toml", "atom.lock")
NOTE_CAP = 128 * 1024 * 1024  # bytes; a note holds a manifest and a lock


@contextmanager
def project_lock(directory: Path) -> Generator[None]:
    """Hold ``directory`` against other eka processes that would write its manifest or lock.

    Whoever held it before may have been killed: its update is finished first.
    """
    handle = _hold(directory)
    try:
        _finish_noted(directory)
        yield
    finally:
        os.close(handle)


def _hold(directory: Path) -> int:
    """Lock a directory when no update of the whole set waits to be finished there."""
    while True:
        # Not while the directory is held: finishing takes the locks of all it is about.
        repair_set(directory)
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if noted_root(directory) is None:
            return handle
        os.close(handle)


def write_files(directory: Path, texts: Mapping[str, bytes]) -> None:
    """Replace the files named in ``texts`` together; the caller holds `project_lock`.

    Durable when it returns. After a kill, `repair` brings the files to all old or all new.

    Args:
        directory: The project's.
        texts: Manifest, lock or both, by name.
    """
    note = {
        name: {"old": digest_of(directory / name), "new": text.decode("utf-8")}
        for name, text in texts.items()
    }
    replace_file(directory / NOTE, json.dumps(note).encode())
    _finish(directory, note)
    _sweep(directory)


def is_pending(directory: Path) -> bool:
    """Return whether a kill interrupted an update that the next command must finish first."""
    return (directory / NOTE).exists() or noted_root(directory) is not None


def repair(directory: Path) -> bool:
    """Finish an update that a kill interrupted; return True if there was one.

    A file that a person has changed since is left as that person wrote it.
    """
    repair_set(directory)
    if (directory / NOTE).exists():
        with project_lock(directory):
            return True
    if any(_leftovers(directory)):
        _sweep_unless_busy(directory)
    return False


def _finish_noted(directory: Path) -> None:
    path = directory / NOTE
    if not path.exists():
        return
    try:
        with path.open("rb") as stream:
            note = json.loads(stream.read(NOTE_CAP))
        _finish(directory, note)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Notes are renamed into place whole: this one is not ours. It says nothing usable.
        path.unlink()
    _sweep(directory)


def _finish(directory: Path, note: Mapping[str, Mapping[str, str]]) -> None:
    for name in NAMES:
        if name in note and digest_of(directory / name) == note[name]["old"]:
            replace_file(directory / name, note[name]["new"].encode("utf-8"))
    with contextlib.suppress(FileNotFoundError):
        (directory / NOTE).unlink()
    sync_directory(directory)


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
