"""Pins of plain URLs: downloaded once to learn size and hash."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from eka.atom import LockedFile
from eka.checking import TYPE_CHECKING, Protocol
from eka.direct.errors import DirectSourceNotFound, UrlHashMismatch, UrlUnavailable
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.atom import UrlSource
    from eka.errors import EkaError

MAX_URL_BYTES = 4 * 1024 * 1024 * 1024
SCHEMES = frozenset({"http", "https"})


class OpenUrl(Protocol):
    """Reads what an http or https address serves."""

    def __call__(self, url: str, /, *, accept: str = "") -> Iterable[bytes]:
        """Return the body in chunks; ``accept`` says which form of it is wanted.

        Raises:
            FileNotFoundError: the server says that there is no such thing.
            OSError: anything else went wrong, while it is read too.
        """
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What a body turned out to be."""

    size: int
    sha256: str
    digests: dict[str, bytes]
    """Of the other algorithms that were asked for."""


def measure(
    url: str, open_url: OpenUrl, *, max_bytes: int = MAX_URL_BYTES, others: Iterable[str] = ()
) -> Measured:
    """Download a file to learn its size and digests; nothing of it is kept.

    Args:
        url: Where it is.
        open_url: Gives the body of a URL in chunks.
        max_bytes: A larger one is given up.
        others: Further algorithms, as `hashlib` calls them.

    Raises:
        DirectSourceNotFound: the server has no such file.
        UrlUnavailable: it cannot be downloaded, or is larger than ``max_bytes``.
    """
    sha256, size = hashlib.sha256(), 0
    states = {name: hashlib.new(name) for name in others}
    for chunk in chunks(url, open_url, max_bytes=max_bytes):
        size += len(chunk)
        for state in (sha256, *states.values()):
            state.update(chunk)
    return Measured(
        size, sha256.hexdigest(), {name: state.digest() for name, state in states.items()}
    )


def chunks(url: str, open_url: OpenUrl, *, max_bytes: int, accept: str = "") -> Iterable[bytes]:
    """Yield the body of a URL; errors are as those of `measure`."""
    if urlsplit(url).scheme not in SCHEMES:
        raise UrlUnavailable(url, "only http and https addresses can be pinned")
    size = 0
    try:
        for chunk in open_url(url, accept=accept):
            size += len(chunk)
            if size > max_bytes:
                raise UrlUnavailable(url, f"it is larger than {max_bytes} bytes")
            yield chunk
    except FileNotFoundError as error:
        raise DirectSourceNotFound(url, str(error)) from error
    except OSError as error:
        said = error.strerror.lower() if error.strerror else str(error)
        raise UrlUnavailable(url, said) from error


def pin_url(source: UrlSource, open_url: OpenUrl) -> LockedFile:
    """Download the source of a ``url`` declaration and return its pin.

    The first address that serves it is enough; the others are believed to be mirrors, because
    whatever they serve is held against the hash before it is used.

    Args:
        source: What the manifest declares, resolved; its ``sha256``, if given, must match.
        open_url: Gives the body of a URL in chunks.

    Raises:
        DirectSourceNotFound: the server has no such file.
        UrlUnavailable: it cannot be downloaded, or is larger than ``MAX_URL_BYTES``.
        UrlHashMismatch: the bytes are not those declared.

    Source: atom-spec/direct.md [url-pin], [url-mirrors].
    """
    first: EkaError | None = None
    for url in (source.url, *source.mirrors):
        try:
            found = measure(url, open_url)
        except (DirectSourceNotFound, UrlUnavailable) as error:
            first = first or error
            continue
        if source.sha256 is not None and source.sha256.lower() != found.sha256:
            raise UrlHashMismatch(url, expected=source.sha256.lower(), found=found.sha256)
        return LockedFile(
            url=source.url,
            path="",
            suite="",
            size=found.size,
            sha256=found.sha256,
            mirrors=source.mirrors,
        )
    raise first or AssertionError(source)
