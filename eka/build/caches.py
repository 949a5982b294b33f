"""Binary caches by what people call them: a directory, or an address."""

from __future__ import annotations

import threading
from urllib.parse import unquote, urlsplit

from eka.checking import TYPE_CHECKING
from eka.store.cache.directory import DirectoryFiles, DirectorySink
from eka.store.cache.documents import GZIP
from eka.store.cache.errors import NotACache
from eka.store.cache.reading import Cache
from eka.text import discreet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.store.cache.port import CacheFiles, CacheSink

_SERVED = "/v1"  # where `eka-store serve --http` says it listens


def is_address(text: str) -> bool:
    """Tell whether a cache is on a web server."""
    return text.startswith(("http://", "https://"))


def find_cache(text: str, base: Path, env: Mapping[str, str]) -> Cache:
    """Return the cache that ``text`` names; it is asked nothing yet.

    Args:
        text: http or https address, file URL, or directory.
        base: Where relative directories begin.
        env: Where the proxy settings are read from.

    Raises:
        NotACache: It is an address of another kind.
    """
    if is_address(text):
        return Cache(_LaterFiles(_address(text), env))
    return Cache(DirectoryFiles(_directory(text, base)))


def find_sink(text: str, base: Path, env: Mapping[str, str], *, encoding: str = GZIP) -> CacheSink:
    """Return the cache that ``text`` names, to be pushed to; arguments as for `find_cache`."""
    if is_address(text):
        from eka.build.cache_web import WebSink  # noqa: PLC0415 - loads ssl

        return WebSink(_address(text), env)
    return DirectorySink(_directory(text, base), encoding=encoding)


def _address(text: str) -> str:
    return text.rstrip("/").removesuffix(_SERVED)


def _directory(text: str, base: Path) -> Path:
    if "://" in text and not text.startswith("file://"):
        raise NotACache(text, "caches have addresses of http, https or file, or are directories")
    return base / (unquote(urlsplit(text).path) if text.startswith("file://") else text)


class _LaterFiles:
    """A cache on a web server that costs nothing until it is asked: http and ssl load slowly."""

    def __init__(self, url: str, env: Mapping[str, str]) -> None:
        self.where = discreet(url)
        self._url, self._env = url, env
        self._lock = threading.Lock()
        self._found: CacheFiles | None = None

    def documents(
        self, names: Sequence[str], limit_bytes: int, *, batch: bool
    ) -> Mapping[str, bytes]:
        """See `CacheFiles`."""
        return self._files().documents(names, limit_bytes, batch=batch)

    def content(self, name: str) -> Iterator[bytes]:
        """See `CacheFiles`."""
        return self._files().content(name)

    def _files(self) -> CacheFiles:
        with self._lock:
            if self._found is None:
                from eka.build.cache_web import WebFiles  # noqa: PLC0415 - see above

                self._found = WebFiles(self._url, self._env)
            return self._found
