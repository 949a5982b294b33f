"""Paths of the store -> a binary cache in Nix's format: a directory that any web server serves.

Source: atom-spec/nix.md [nix-cache], [nix-export].
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store.errors import refusals
from eka.store.files import sync_file_system
from eka.store.nix.base32 import encode
from eka.store.nix.errors import NixMismatch
from eka.store.nix.hashes import sha256_text
from eka.store.nix.nar import NarDigest
from eka.store.nix.narinfo import NarInfo
from eka.store.nix.path import NIX_STORE
from eka.store.nix_view.lower import Lowered, lower, nar_stream
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path
    from typing import IO

    from eka.store.nix.keys import NixSecretKey
    from eka.store.path import StorePath
    from eka.store.store import Store

CACHE_INFO = "nix-cache-info"
COMPRESSIONS = ("xz", "none")
_CACHE_INFO_TEXT = f"StoreDir: {NIX_STORE}\nWantMassQuery: 1\nPriority: 40\n"
_NARS = "nar"
_SUFFIXES = {"xz": ".nar.xz", "none": ".nar"}
_XZ_PRESET = 6
_BLOCK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Exported:
    """One path as it lies in the cache."""

    path: StorePath
    info: NarInfo
    is_new: bool  # whether its archive was written now


class NixExport:
    """Writes paths into one directory.

    Args:
        store: The open store.
        directory: The cache; made when missing. Others may read it meanwhile.
        key: What to sign with; None does not sign.
        compression: One of `COMPRESSIONS`.
    """

    def __init__(
        self, store: Store, directory: Path, *, key: NixSecretKey | None, compression: str
    ) -> None:
        self._store = store
        self._directory = directory
        self._key = key
        self._compression = compression

    def write(
        self, paths: Iterable[StorePath], on_progress: Callable[[int, int, Lowered], None]
    ) -> list[Exported]:
        """Write paths and all they refer to; what the cache holds already is left there.

        Args:
            paths: What to export.
            on_progress: Called before each path with its number, how many there are, and what
                it is.

        Raises:
            PathNotFound: The store does not hold one of them.
            NixMismatch: A path is not what it was when its digest was computed.
            StoreUnusable: The directory cannot be written.
        """
        wanted = list(paths)
        with refusals(self._directory), self._store.lease(wanted):
            lowered = lower(self._store, wanted)
            known = {each.path: each for each in lowered}
            (self._directory / _NARS).mkdir(parents=True, exist_ok=True)
            self._begin()
            found: list[Exported] = []
            for number, each in enumerate(lowered, 1):
                on_progress(number, len(lowered), each)
                found.append(self._export(each, known))
            sync_file_system(self._directory)
        return found

    def _begin(self) -> None:
        if not (self._directory / CACHE_INFO).exists():
            self._put(CACHE_INFO, _CACHE_INFO_TEXT)

    def _export(self, lowered: Lowered, known: Mapping[StorePath, Lowered]) -> Exported:
        name = f"{lowered.nix.digest32}.narinfo"
        present = self._present(name, lowered)
        info = present or self._archive(lowered, known)
        if self._key is not None:
            info = info.signed_by(self._key)
        if info != present:
            # Only now, when the archive is in place, is there something to be found.
            self._put(name, info.text)
        return Exported(lowered.path, info, present is None)

    def _present(self, name: str, lowered: Lowered) -> NarInfo | None:
        """Return what the cache says of a path, if that is right and its archive is there."""
        try:
            found = NarInfo.parse((self._directory / name).read_bytes(), name)
        except (FileNotFoundError, EkaError):
            return None
        described = (found.path, found.nar_sha256, found.nar_size_bytes, found.references)
        nar = lowered.nar
        if described != (lowered.nix, nar.sha256, nar.size_bytes, lowered.references):
            return None
        return found if (self._directory / found.url).is_file() else None

    def _archive(self, lowered: Lowered, known: Mapping[StorePath, Lowered]) -> NarInfo:
        with self._draft() as (place, file):
            sink = _Sink(file, self._compression)
            for chunk in nar_stream(self._store, lowered, known):
                sink.write(chunk)
            sink.end()
            if sink.nar != lowered.nar:
                expected, got = (sha256_text(each.sha256) for each in (lowered.nar, sink.nar))
                raise NixMismatch(lowered.path.text, expected=expected, found=got)
            packed = sink.packed
            url = f"{_NARS}/{encode(packed.sha256)}{_SUFFIXES[self._compression]}"
            self._rename(place, url)
        return NarInfo(
            path=lowered.nix,
            nar_sha256=lowered.nar.sha256,
            nar_size_bytes=lowered.nar.size_bytes,
            references=lowered.references,
            url=url,
            compression=self._compression,
            file_sha256=packed.sha256,
            file_size_bytes=packed.size_bytes,
            content_address=lowered.content_address,
        )

    def _put(self, name: str, text: str) -> None:
        with self._draft() as (place, file):
            file.write(text.encode())
            self._rename(place, name)

    def _rename(self, place: Path, name: str) -> None:
        place.chmod(0o644)
        place.rename(self._directory / name)

    @contextmanager
    def _draft(self) -> Generator[tuple[Path, IO[bytes]], None, None]:
        """Open a file that nobody reads yet; it goes away unless it is renamed."""
        place = self._directory / f".{os.getpid()}-{os.urandom(8).hex()}.tmp"
        try:
            with place.open("xb", buffering=0) as file:
                yield place, file
        finally:
            place.unlink(missing_ok=True)


class _Sink:
    """Compresses a NAR into a file, and hashes both."""

    def __init__(self, file: IO[bytes], compression: str) -> None:
        self._file = file
        self._plain, self._packed = hashlib.sha256(), hashlib.sha256()
        self._plain_bytes = self._packed_bytes = 0
        self._xz = None
        if compression == "xz":
            import lzma  # noqa: PLC0415 - costs start-up time

            self._xz = lzma.LZMACompressor(preset=_XZ_PRESET)
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes of the NAR."""
        self._plain.update(data)
        self._plain_bytes += len(data)
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= _BLOCK_BYTES:
            self._flush()

    def end(self) -> None:
        """Finish the file."""
        self._flush()
        if self._xz is not None:
            self._out(self._xz.flush())

    @property
    def nar(self) -> NarDigest:
        """What went in."""
        return NarDigest(self._plain.digest(), self._plain_bytes)

    @property
    def packed(self) -> NarDigest:
        """What came out."""
        return NarDigest(self._packed.digest(), self._packed_bytes)

    def _flush(self) -> None:
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        self._out(data if self._xz is None else self._xz.compress(data))

    def _out(self, data: bytes) -> None:
        self._packed.update(data)
        self._packed_bytes += len(data)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
