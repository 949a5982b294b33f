"""Pins of plain URLs: downloaded once to learn size and hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from eka.atom import LockedFile
from eka.direct.errors import UrlHashMismatch, UrlUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from eka.atom import UrlSource

MAX_URL_BYTES = 4 * 1024 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
SCHEMES = frozenset({"http", "https"})


def pin_url(source: UrlSource, open_url: Callable[[str], Iterable[bytes]]) -> LockedFile:
    """Download the source of a ``url`` declaration and return its pin.

    Args:
        source: What the manifest declares; its ``sha256``, if given, must match.
        open_url: Gives the body of a URL in chunks; raises OSError on failure.

    Raises:
        UrlUnavailable: it cannot be downloaded, or is larger than ``MAX_URL_BYTES``.
        UrlHashMismatch: the bytes are not those declared.
    """
    if urlsplit(source.url).scheme not in SCHEMES:
        raise UrlUnavailable(source.url, "only http and https addresses can be pinned")
    sha256, size = hashlib.sha256(), 0
    try:
        for chunk in open_url(source.url):
            size += len(chunk)
            if size > MAX_URL_BYTES:
                raise UrlUnavailable(source.url, f"it is larger than {MAX_URL_BYTES} bytes")
            sha256.update(chunk)
    except OSError as error:
        raise UrlUnavailable(source.url, _reason(error)) from error
    found = sha256.hexdigest()
    if source.sha256 is not None and source.sha256.lower() != found:
        raise UrlHashMismatch(source.url, expected=source.sha256.lower(), found=found)
    return LockedFile(url=source.url, path="", suite="", size=size, sha256=found)


def _reason(error: OSError) -> str:
    """Return why a download failed; urllib wraps what the system says into words of its own."""
    inner = getattr(error, "reason", None)
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return str(error)


def read_url(url: str) -> Iterable[bytes]:
    """Yield the body of ``url`` in chunks; proxies and certificates are the system's."""
    from urllib.request import Request, urlopen  # noqa: PLC0415 - ssl costs 60 ms at start

    request = Request(url, headers={"User-Agent": "eka"})  # noqa: S310 - the scheme was checked
    with urlopen(request, timeout=60) as response:  # noqa: S310
        while chunk := response.read(CHUNK_BYTES):
            yield chunk
