"""Binary caches by what people call them: a directory, or an address."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from eka.checking import TYPE_CHECKING
from eka.store.cache.directory import DirectoryFiles, DirectorySink
from eka.store.cache.documents import GZIP
from eka.store.cache.reading import Cache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eka.store.cache.port import CacheSink

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
        CacheUnreachable: The address or the proxy settings cannot be used.
    """
    if is_address(text):
        from eka.build.cache_web import WebFiles  # noqa: PLC0415 - loads ssl

        return Cache(WebFiles(_address(text), env))
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
    return base / (unquote(urlsplit(text).path) if text.startswith("file://") else text)
