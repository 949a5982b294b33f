"""A binary cache in a directory, read and written; any web server can serve it.

A document appears whole, by one rename, and only after all it speaks of.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from itertools import count

from eka.checking import TYPE_CHECKING
from eka.store.cache.documents import (
    GZIP,
    MAX_DOCUMENT_BYTES,
    MAX_REDUCTIONS,
    ROOT,
    CacheEntry,
    CacheRoot,
    encode_entry,
    encode_files,
    encode_reductions,
    encode_root,
    files_name,
    info_name,
    object_name,
    parse_files,
    parse_reductions,
    reductions_name,
)
from eka.store.cache.errors import CacheFalse, CacheUnreachable, CacheUnwritable, NotACache
from eka.store.cache.objects import Made, object_chunks
from eka.store.cache.reading import Cache
from eka.store.files import lock_file, sync_file_system

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from eka.store.cache.documents import SignedReduction
    from eka.store.facts import PathInfo
    from eka.store.nix.keys import NixSignature
    from eka.store.path import StorePath
    from eka.store.store import Store

_CHUNK_BYTES = 1 << 18
# Without O_NONBLOCK a named pipe would make the open wait for ever.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = ".lock"
_BITS = 0o644
_DAY_S = 86_400


class DirectoryFiles:
    """The documents and objects of a cache in a directory of this machine."""

    def __init__(self, directory: Path) -> None:
        self.where = str(directory)
        self._directory = directory

    def documents(
        self, names: Sequence[str], limit_bytes: int, *, batch: bool
    ) -> dict[str, bytes]:
        """See `CacheFiles`."""
        del batch
        found: dict[str, bytes] = {}
        for name in names:
            data = self.read(name, limit_bytes)
            if data is not None:
                found[name] = data
        return found

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Return the beginning of a document, a byte more than the limit at most; or None."""
        try:
            with self._opened(name) as descriptor:
                data = b""
                while len(data) <= limit_bytes:
                    chunk = os.read(descriptor, limit_bytes + 1 - len(data))
                    if not chunk:
                        break
                    data += chunk
                return data
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unreachable(name, error) from error

    def content(self, name: str) -> Iterator[bytes]:
        """See `CacheFiles`."""
        try:
            with self._opened(name) as descriptor:
                while chunk := os.read(descriptor, _CHUNK_BYTES):
                    yield chunk
        except FileNotFoundError as error:
            raise CacheFalse(self.where, name, "it is not there") from error
        except OSError as error:
            raise self._unreachable(name, error) from error

    @contextmanager
    def _opened(self, name: str) -> Generator[int, None, None]:
        descriptor = os.open(self._directory / name, _FILE)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CacheFalse(self.where, name, "it is not a file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _unreachable(self, name: str, error: OSError) -> CacheUnreachable:
        return CacheUnreachable(f"{self.where}/{name}", error.strerror or str(error))


class DirectorySink:
    """A cache in a directory, to be pushed to; made when there is none.

    Args:
        directory: Absent, empty, or a cache.
        encoding: Of the objects.
    """

    def __init__(self, directory: Path, *, encoding: str = GZIP) -> None:
        self.where = str(directory)
        self._directory = directory
        self._files = DirectoryFiles(directory)
        self._encoding = encoding
        self._numbers = count()

    def open(self, *, may_make: bool) -> None:
        """See `CacheSink`."""
        if self._files.read(ROOT, 1) is None:
            self._make(may_make=may_make)
        elif may_make:
            with self._writing(), self._locked():
                self._clear()
        if may_make:
            Cache(self._files).root()

    def _make(self, *, may_make: bool) -> None:
        """Make a cache of what is absent or empty."""
        with self._writing():
            if self._directory.exists() and any(
                each.name != _LOCK for each in self._directory.iterdir()
            ):
                raise NotACache(self.where, f"it is not empty, and holds no {ROOT}")
            if not may_make:
                return
            self._directory.mkdir(parents=True, exist_ok=True)
            with self._locked():
                if self._files.read(ROOT, 1) is None:
                    self._write(ROOT, (encode_root(CacheRoot()),))

    def known(self, paths: Sequence[StorePath]) -> set[StorePath]:
        """See `CacheSink`; a path whose object was lost or cut does not count."""
        if self._files.read(ROOT, 1) is None:
            return set()  # it would be made
        cache = Cache(self._files)
        found: set[StorePath] = set()
        for path in paths:
            try:
                entry = cache.entries([path]).get(path)
            except CacheFalse:
                continue
            if entry is not None and self._has_object(entry):
                found.add(path)
        return found

    def add(self, store: Store, info: PathInfo, signatures: Sequence[NixSignature]) -> int:
        """See `CacheSink`."""
        made = Made()
        with self._writing():
            fresh = self._fresh("object")
            try:
                _write_file(fresh, object_chunks(store, info.path, self._encoding, made))
                fresh.rename(self._directory / object_name(made.digest))
            finally:
                fresh.unlink(missing_ok=True)
            entry = CacheEntry(
                info.path,
                info.kind,
                info.content,
                info.size_bytes,
                info.references,
                tuple(signatures),
                made.digest,
                made.size_bytes,
                self._encoding,
            )
            self._write(info_name(info.path), (encode_entry(entry),))
        return made.size_bytes

    def add_reductions(self, resolved: str, facts: Sequence[SignedReduction]) -> int:
        """See `CacheSink`."""

        def merged(data: bytes | None) -> bytes:
            known = [] if data is None else parse_reductions(data, self.where, resolved)
            lines = dict.fromkeys([*known, *facts])
            if len(lines) > MAX_REDUCTIONS:
                raise CacheUnwritable(self.where, f"{resolved} has too many reductions")
            return encode_reductions(resolved, lines)

        self._merge(reductions_name(resolved), merged)
        return len(facts)

    def add_file(self, sha256: str, path: StorePath) -> None:
        """See `CacheSink`."""

        def merged(data: bytes | None) -> bytes:
            known = [] if data is None else parse_files(data, self.where, sha256)
            return encode_files(sha256, [*known, path])

        self._merge(files_name(sha256), merged)

    def finish(self) -> None:
        """See `CacheSink`."""
        with self._writing():
            sync_file_system(self._directory)

    def _clear(self) -> None:
        """Remove what pushes left that were killed; one under way is not older than a day."""
        lock = self._directory / _LOCK
        lock.touch()
        oldest = lock.stat().st_mtime - _DAY_S
        for area in self._directory.iterdir():
            for left in area.glob(".*") if area.is_dir() else ():
                with suppress(FileNotFoundError):  # somebody else was faster
                    if left.stat().st_mtime < oldest:
                        left.unlink()

    def _has_object(self, entry: CacheEntry) -> bool:
        try:
            status = (self._directory / object_name(entry.object)).stat()
        except OSError:
            return False
        return status.st_size == entry.object_bytes

    def _merge(self, name: str, merged: Callable[[bytes | None], bytes]) -> None:
        """Replace a document by what it held and more; other processes wait."""
        with self._writing(), self._locked():
            before = self._files.read(name, MAX_DOCUMENT_BYTES)
            try:
                after = merged(before)
            except CacheFalse:  # damaged, as after a loss of power
                after = merged(None)
            if after != before:
                self._write(name, (after,))

    def _write(self, name: str, chunks: Iterable[bytes]) -> None:
        fresh = self._fresh(name.partition("/")[0])
        try:
            _write_file(fresh, chunks)
            place = self._directory / name
            place.parent.mkdir(exist_ok=True)
            fresh.rename(place)
        finally:
            fresh.unlink(missing_ok=True)

    def _fresh(self, area: str) -> Path:
        directory = self._directory if area == ROOT else self._directory / area
        directory.mkdir(exist_ok=True)
        return directory / f".{os.getpid()}-{next(self._numbers)}-{os.urandom(4).hex()}"

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        # The file stays: it would have to be removed under its own lock.
        descriptor = lock_file(self._directory / _LOCK)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    @contextmanager
    def _writing(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise CacheUnwritable(self.where, error.strerror or str(error)) from error


def _write_file(place: Path, chunks: Iterable[bytes]) -> None:
    with os.fdopen(os.open(place, _NEW, _BITS), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
