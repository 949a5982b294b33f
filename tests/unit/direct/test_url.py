from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import Label, UrlSource
from eka.direct import (
    DirectSourceNotFound,
    UrlHashMismatch,
    UrlUnavailable,
    measure,
    pin_url,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://example.org/x.tar.gz"
BODY = [b"one", b"two"]
SHA = hashlib.sha256(b"onetwo").hexdigest()


def source(*, url: str = URL, sha256: str | None = None) -> UrlSource:
    return UrlSource(name=Label("src"), url=url, sha256=sha256, unpack=False)


def served(url: str, /, *, accept: str = "") -> list[bytes]:
    assert (url, accept) == (URL, "")
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
    def broken(_: str, *, accept: str = "") -> Iterator[bytes]:
        yield b"some"
        raise OSError(f"connection reset{accept}")

    with pytest.raises(UrlUnavailable) as caught:
        pin_url(source(), broken)

    assert caught.value.why == "connection reset"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x"])
def test_only_the_web_is_read(url: str) -> None:
    with pytest.raises(UrlUnavailable):
        pin_url(source(url=url), served)


def test_the_words_of_the_system_are_part_of_a_sentence() -> None:
    def refused(_: str, *, accept: str = "") -> list[bytes]:
        raise ConnectionRefusedError(111, f"Connection refused{accept}")

    with pytest.raises(UrlUnavailable) as caught:
        pin_url(source(), refused)

    assert caught.value.why == "connection refused"


def test_a_file_that_is_not_there_is_not_found() -> None:
    def absent(_: str, *, accept: str = "") -> list[bytes]:
        raise FileNotFoundError(f"HTTP 404{accept}")

    with pytest.raises(DirectSourceNotFound) as caught:
        pin_url(source(), absent)

    assert caught.value.why == "HTTP 404"


def test_a_file_larger_than_the_limit_is_given_up() -> None:
    with pytest.raises(UrlUnavailable) as caught:
        measure(URL, served, max_bytes=5)

    assert "5 bytes" in caught.value.why


@pytest.mark.spec("url-mirrors")
def test_a_mirror_serves_where_the_first_address_does_not() -> None:
    mirror = "http://mirror.example.org/x"

    def one_is_down(url: str, *, accept: str = "") -> list[bytes]:
        if url != mirror:
            raise OSError(f"down{accept}")
        return BODY

    pin = pin_url(replace(source(), mirrors=("http://gone.example.org/x", mirror)), one_is_down)

    assert (pin.url, pin.sha256) == (URL, SHA)
    assert pin.mirrors == ("http://gone.example.org/x", mirror)


@pytest.mark.spec("url-mirrors")
def test_where_nothing_serves_the_first_address_is_what_is_complained_about() -> None:
    def down(url: str, *, accept: str = "") -> list[bytes]:
        raise OSError(f"{url} is down{accept}")

    with pytest.raises(UrlUnavailable) as caught:
        pin_url(replace(source(), mirrors=("http://gone.example.org/x",)), down)

    assert caught.value.where == URL


def test_other_digests_are_taken_on_the_way() -> None:
    found = measure(URL, served, others=["sha512"])

    assert found.digests == {"sha512": hashlib.sha512(b"onetwo").digest()}
