"""An image on disk: blobs named by their hash, put in place as a whole.

Source: atom-spec/image.md [image-documents], [image-replace].
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import zlib
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store.files import delete_tree, exchange, make_directory
from eka.store.image.config import (
    LAYOUT,
    OCI,
    Blob,
    ImageConfig,
    Layer,
    config_document,
    index_document,
    manifest_document,
)
from eka.store.image.errors import ImagePlaceTaken

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path

_LAYOUT_FILE = "oci-layout"
_INDEX_FILE = "index.json"
_BLOBS = ("blobs", "sha256")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_GZIP_LEVEL = 6
_GZIP_WINDOW = 31  # zlib then writes gzip's header, without a time or a name


class LayoutWriter:
    """Writes one image into an empty directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blobs = directory.joinpath(*_BLOBS)
        make_directory(self._blobs)

    def layer(self, chunks: Iterable[bytes], made_from: str, *, gzip: bool) -> Layer:
        """Write a layer; what stands in it already is written once."""
        plain, packed = hashlib.sha256(), hashlib.sha256()
        squeeze = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW) if gzip else None
        fresh = self._directory / "layer"
        size_bytes = 0
        with fresh.open("wb") as file:

            def put(data: bytes) -> None:
                nonlocal size_bytes
                packed.update(data)
                size_bytes += file.write(data)

            for chunk in chunks:
                plain.update(chunk)
                put(chunk if squeeze is None else squeeze.compress(chunk))
            if squeeze is not None:
                put(squeeze.flush())
        sha256 = packed.hexdigest()
        fresh.rename(self._blobs / sha256)
        kind = f"{OCI}.layer.v1.tar{'+gzip' if gzip else ''}"
        return Layer(Blob(sha256, size_bytes, kind), plain.hexdigest(), made_from)

    def finish(self, config: ImageConfig, layers: Sequence[Layer]) -> Blob:
        """Write the documents; return the manifest, whose hash is the image's digest."""
        described = self._document(config_document(config, layers), f"{OCI}.config.v1+json")
        manifest = self._document(manifest_document(described, layers), f"{OCI}.manifest.v1+json")
        (self._directory / _LAYOUT_FILE).write_bytes(LAYOUT)
        (self._directory / _INDEX_FILE).write_bytes(index_document(config, manifest))
        return manifest

    def _document(self, data: bytes, media_type: str) -> Blob:
        sha256 = hashlib.sha256(data).hexdigest()
        (self._blobs / sha256).write_bytes(data)
        return Blob(sha256, len(data), media_type)


@contextmanager
def replacing(directory: Path) -> Generator[Path, None, None]:
    """Give an empty directory that becomes ``directory`` at the end, if all went well.

    An image that lies there stays whole until then, and is replaced in one step. What killed
    processes left beside it is deleted.

    Raises:
        ImagePlaceTaken: Something else lies there.
    """
    check_place(directory)
    _clear_up(directory)
    fresh = directory.with_name(f"{_mark(directory)}{os.urandom(8).hex()}")
    make_directory(fresh)
    descriptor = os.open(fresh, _DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # the sign of a living process
        yield fresh
        if os.path.lexists(directory):
            exchange(fresh, directory)
        else:
            fresh.rename(directory)
    finally:
        delete_tree(fresh)
        os.close(descriptor)


def _clear_up(directory: Path) -> None:
    if not directory.parent.is_dir():
        return
    for found in directory.parent.glob(f"{glob.escape(_mark(directory))}*"):
        try:
            descriptor = os.open(found, _DIRECTORY)
        except FileNotFoundError:
            continue  # its process was done with it
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            delete_tree(found)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def _mark(directory: Path) -> str:
    """Return how the names of unfinished images begin."""
    return f".{directory.name}.eka-image-"


def check_place(directory: Path) -> None:
    """Raise `ImagePlaceTaken` if no image may be written to ``directory``."""
    if not os.path.lexists(directory) or (directory / _LAYOUT_FILE).is_file():
        return
    if directory.is_symlink() or not directory.is_dir() or any(directory.iterdir()):
        raise ImagePlaceTaken(str(directory))
