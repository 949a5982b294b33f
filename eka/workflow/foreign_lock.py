"""Lock files of other tools in an atom's directory: they stay the truth, and atom.lock follows."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from eka.atom import DirectSource, LockedDirect, Manifest

KIND = "pypi"  # the one kind that can be read from such a file
MAX_BYTES = 32 * 1024 * 1024


def lock_bytes(directory: Path, path: str) -> bytes:
    """Return the bytes of a lock file.

    Args:
        directory: The atom's.
        path: Below it.

    Raises:
        ForeignLockMissing: it is not there, is no file, is too large, or lies elsewhere.
    """
    from eka.direct import ForeignLockMissing  # noqa: PLC0415 - few projects have such files

    place = directory / path
    try:
        if not place.resolve(strict=True).is_relative_to(directory.resolve()):
            raise ForeignLockMissing(str(place), "it is a link that leads out of the atom")
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ForeignLockMissing(str(place), error.strerror or str(error)) from error
    if len(data) > MAX_BYTES:
        raise ForeignLockMissing(str(place), f"it is larger than {MAX_BYTES} bytes")
    return data


def lock_digest(directory: Path, source: DirectSource) -> str:
    """Return the SHA-256 of the lock file that a source is read from; empty where there is none.

    Raises:
        ForeignLockMissing: it cannot be read.
    """
    if source.kind != KIND:
        return ""
    import hashlib  # noqa: PLC0415 - few projects have such files

    from eka.atom import PypiSource  # noqa: PLC0415 (the same)

    if not isinstance(source, PypiSource) or not source.lock:
        return ""
    return hashlib.sha256(lock_bytes(directory, source.lock)).hexdigest()


def changed_source(
    directory: Path, manifest: Manifest, pins: Iterable[LockedDirect]
) -> str | None:
    """Return a source whose lock file was written anew since it was pinned; None: there is none.

    Args:
        directory: The atom's.
        manifest: Its manifest.
        pins: Those of its own lock, of its own sources.

    Raises:
        ForeignLockMissing: a lock file that the manifest names cannot be read.
    """
    read = {pin.name: pin.lock_sha256 for pin in pins if pin.kind == KIND}
    for source in manifest.direct:
        name = source.name.text
        if name in read and source.kind == KIND and read[name] != lock_digest(directory, source):
            return name
    return None
