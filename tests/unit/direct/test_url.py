from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from eka.atom import Label, UrlSource
from eka.direct import UrlHashMismatch, UrlUnavailable, pin_url

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://example.org/x.tar.gz"
BODY = [b"one", b"two"]
SHA = hashlib.sha256(b"onetwo").hexdigest()


def source(*, url: str = URL, sha256: str | None = None) -> UrlSource:
    return UrlSource(name=Label("src"), url=url, sha256=sha256, unpack=False)


def served(url: str) -> list[bytes]:
    assert url == URL
    return BODY


@pytest.mark.spec("url-pin")
def test_a_url_is_pinned_by_size_and_hash() -> None:
    pin = pin_url(source(), served)

    assert (pin.download_url, pin.size, pin.sha256) == (URL, 6, SHA)


@pytest.mark.spec("url-pin")
def test_a_declared_hash_must_match() -> None:
    assert pin_url(source(sha256=SHA.upper()), served).sha256 == SHA
    with pytest.raises(UrlHashMismatch) as caught:
        pin_url(source(sha256="00" * 32), served)

    assert (caught.value.expected, caught.value.found) == ("00" * 32, SHA)


def test_a_failing_download_says_why() -> None:
    def broken(_: str) -> Iterator[bytes]:
        yield b"some"
        message = "connection reset"
        raise OSError(message)

    with pytest.raises(UrlUnavailable) as caught:
        pin_url(source(), broken)

    assert caught.value.why == "connection reset"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x"])
def test_only_the_web_is_read(url: str) -> None:
    with pytest.raises(UrlUnavailable):
        pin_url(source(url=url), served)


def test_what_the_system_says_is_not_wrapped_in_words_of_a_library() -> None:
    def refused(_: str) -> list[bytes]:
        raise URLError(ConnectionRefusedError(111, "Connection refused"))

    with pytest.raises(UrlUnavailable) as caught:
        pin_url(source(), refused)

    assert caught.value.why == "connection refused"
