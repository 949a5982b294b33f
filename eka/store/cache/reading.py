"""A binary cache that is asked: its documents, parsed and capped."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.cache.documents import (
    MAX_DOCUMENT_BYTES,
    MAX_ROOT_BYTES,
    ROOT,
    CacheRoot,
    files_name,
    info_name,
    object_name,
    parse_entry,
    parse_files,
    parse_reductions,
    parse_root,
    reductions_name,
)
from eka.store.cache.errors import NotACache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.store.cache.documents import CacheEntry, SignedReduction
    from eka.store.cache.port import CacheFiles
    from eka.store.path import StorePath

BATCH = 500  # documents asked for at once


class Cache:
    """One cache, asked by several threads; every answer is checked for its form.

    All methods raise `CacheUnreachable` and `CacheFalse`.
    """

    def __init__(self, files: CacheFiles) -> None:
        self._files = files
        self._root: CacheRoot | None = None

    @property
    def where(self) -> str:
        """What it is called in messages."""
        return self._files.where

    def root(self) -> CacheRoot:
        """Return what the cache says of itself; raises `NotACache`."""
        if self._root is None:
            found = self._files.documents([ROOT], MAX_ROOT_BYTES, batch=False)
            if ROOT not in found:
                raise NotACache(self.where, f"there is no {ROOT}")
            if len(found[ROOT]) > MAX_ROOT_BYTES:
                raise NotACache(self.where, f"{ROOT} is longer than it may be")
            self._root = parse_root(found[ROOT], self.where)
        return self._root

    def entries(self, paths: Iterable[StorePath]) -> dict[StorePath, CacheEntry]:
        """Return what the cache says of those of the paths that it knows."""
        named = {info_name(path): path for path in paths}
        return {
            named[name]: parse_entry(data, self.where, named[name])
            for name, data in self._documents(list(named))
        }

    def reductions(self, resolved: Iterable[str]) -> dict[str, list[SignedReduction]]:
        """Return what is asserted of resolved actions; no signature is checked."""
        named = {reductions_name(each): each for each in resolved}
        return {
            named[name]: parse_reductions(data, self.where, named[name])
            for name, data in self._documents(list(named))
        }

    def files(self, sha256: str) -> list[StorePath]:
        """Return which paths are said to be files with a SHA-256."""
        found = dict(self._documents([files_name(sha256)]))
        return [path for data in found.values() for path in parse_files(data, self.where, sha256)]

    def content(self, entry: CacheEntry) -> Iterator[bytes]:
        """Yield the bytes of the object of a path; not checked."""
        return self._files.content(object_name(entry.object))

    def _documents(self, names: list[str]) -> Iterator[tuple[str, bytes]]:
        batch = self.root().answers_batches
        for start in range(0, len(names), BATCH):
            part = names[start : start + BATCH]
            found = self._files.documents(part, MAX_DOCUMENT_BYTES, batch=batch)
            yield from ((name, found[name]) for name in part if name in found)
