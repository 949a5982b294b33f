"""Binary caches in Nix's format, in a directory or on a web server: what they hold."""

from __future__ import annotations

from eka.build.web_reading import read_web
from eka.checking import TYPE_CHECKING, Protocol
from eka.store.nix.errors import (
    InvalidNarInfo,
    NixCacheUnreadable,
    NotANixCache,
    NotInNixCache,
)
from eka.store.nix.narinfo import MAX_NARINFO_BYTES, NarInfo
from eka.store.nix.path import NIX_STORE
from eka.store.nix_view.export import CACHE_INFO
from eka.text import discreet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from eka.store.nix.path import NixPath

_CHUNK_BYTES = 1 << 18
_MAX_CACHE_INFO_BYTES = 1 << 16


class CacheFiles(Protocol):
    """The files of a binary cache."""

    where: str

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file.

        Raises:
            FileNotFoundError: There is none of this name.
            OSError: Anything else that keeps it from being read.
        """
        ...


class DirectoryCache:
    """A cache in a directory of this machine."""

    def __init__(self, directory: Path) -> None:
        self.where = str(directory)
        self._directory = directory

    def read(self, name: str) -> Iterator[bytes]:
        """See `CacheFiles`."""
        with (self._directory / name).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


class WebCache:
    """A cache on a web server.

    Args:
        url: http or https, without user and password.
        env: Where the proxy settings are read from.
    """

    def __init__(self, url: str, env: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self.where = discreet(self._url)
        self._env = env

    def read(self, name: str) -> Iterator[bytes]:
        """See `CacheFiles`."""
        return read_web(f"{self._url}/{name}", self._env)


def check_cache(files: CacheFiles) -> None:
    """Raise `NotANixCache` unless it is a cache of paths of ``/nix/store``."""
    try:
        data = _small(files, CACHE_INFO, _MAX_CACHE_INFO_BYTES)
    except FileNotFoundError as error:
        raise NotANixCache(files.where, f"it holds no file {CACHE_INFO}") from error
    except OSError as error:
        raise NixCacheUnreadable(files.where, str(error)) from error
    for line in data.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name == "StoreDir" and value.strip().rstrip("/") != NIX_STORE:
            why = f"its paths lie in {value.strip()[:80]!r}, not in {NIX_STORE}"
            raise NotANixCache(files.where, why)


def read_narinfo(files: CacheFiles, path: NixPath) -> NarInfo:
    """Return what the cache says of a path; its signatures are not checked here.

    Raises:
        NotInNixCache: It does not know the path.
        InvalidNarInfo: What it says is malformed, or of another path.
        NixCacheUnreadable: It cannot be read.
    """
    name = f"{path.digest32}.narinfo"
    where = f"{files.where}/{name}"
    try:
        data = _small(files, name, MAX_NARINFO_BYTES)
    except FileNotFoundError as error:
        raise NotInNixCache(path.text, files.where) from error
    except OSError as error:
        raise NixCacheUnreadable(where, str(error)) from error
    info = NarInfo.parse(data, where)
    if info.path != path:
        raise InvalidNarInfo(where, f"it is about {info.path.text}")
    return info


def read_archive(files: CacheFiles, info: NarInfo) -> Iterator[bytes]:
    """Yield the bytes of the archive of a path, as they lie there; raises NixCacheUnreadable."""
    try:
        yield from files.read(info.url)
    except OSError as error:
        raise NixCacheUnreadable(f"{files.where}/{info.url}", str(error)) from error


def _small(files: CacheFiles, name: str, limit: int) -> bytes:
    data = b""
    for chunk in files.read(name):
        data += chunk
        if len(data) > limit:
            raise OSError(f"it is longer than {limit} bytes")
    return data
