"""Files whose download has not ended: kept beside the store's paths until they are whole.

Each is named by the hash and the size it must come to, and locked while somebody writes it. What
is in it is a claim: who takes it up reads it again.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import contextmanager, suppress

from eka.checking import TYPE_CHECKING
from eka.store.files import lock_file, make_directory
from eka.store.reserve import is_short_of_room
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import IO

    from eka.store.session import Layout, Session

UNFINISHED = "unfinished"  # directory below that of the store
MAX_AGE_S = 7 * 24 * 3600  # since it last grew
_TRIES, _PAUSE_S = 3, 0.01
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Swept:
    """What was deleted, or would be."""

    files: int
    size_bytes: int


@contextmanager
def unfinished(
    layout: Layout, session: Session, sha256: str, size_bytes: int
) -> Generator[IO[bytes], None, None]:
    """Open the file in which a download goes on, empty or as far as it came before.

    At the end it is deleted. After an error it stays, if anything is in it and the disk has room;
    so it does when the process is killed. While another download of the same file goes on, in this
    process or another one, a nameless file is given instead.

    Args:
        layout: Where the store is.
        session: Of this process.
        sha256: What the whole file hashes to, 64 hex digits.
        size_bytes: Of the whole file.

    Source: atom-spec/build.md [fetch-unfinished].
    """
    if not _HASH.fullmatch(sha256):
        raise ValueError(sha256)  # it becomes a name
    directory = layout.root / UNFINISHED
    make_directory(directory)
    place = directory / f"{sha256}-{size_bytes}"
    descriptor = _lock(place)
    if descriptor is None:
        with tempfile.TemporaryFile(dir=session.scratch(layout.tmp)) as nameless:
            yield nameless
        return
    # Unbuffered: what was written is there after a kill, and nothing is left for closing to write.
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        os.utime(descriptor)
        now = int(os.fstat(descriptor).st_mtime)
        sweep(layout.root, before=None if is_short_of_room(layout.root) else now - MAX_AGE_S)
        try:
            yield file
        except BaseException:
            if not os.fstat(descriptor).st_size or is_short_of_room(layout.root):
                place.unlink(missing_ok=True)
            raise
        place.unlink(missing_ok=True)


def _lock(place: Path) -> int | None:
    """Lock a file; None when another download holds it, and not only a sweep for a moment."""
    for _ in range(_TRIES):
        descriptor = lock_file(place, wait=False)
        if descriptor is not None:
            return descriptor
        time.sleep(_PAUSE_S)
    return None


def sweep(root: Path, *, before: int | None, dry_run: bool = False) -> Swept:
    """Delete the unfinished files that nobody writes and that last grew before a time.

    Args:
        root: The directory of the store.
        before: Seconds since 1970; None: however young they are.
        dry_run: Only tell.
    """
    files = size_bytes = 0
    for place in _grown(root, before):
        descriptor = lock_file(place, wait=False, create=False)
        if descriptor is None:
            continue
        try:
            files, size_bytes = files + 1, size_bytes + os.fstat(descriptor).st_size
            if not dry_run:
                place.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    return Swept(files, size_bytes)


def _grown(root: Path, before: int | None) -> Iterator[Path]:
    """Yield the files that last grew before a time; younger ones are not even locked."""
    with suppress(FileNotFoundError):
        for place in sorted((root / UNFINISHED).iterdir()):
            with suppress(FileNotFoundError):
                if before is None or place.lstat().st_mtime < before:
                    yield place
