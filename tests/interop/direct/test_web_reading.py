"""What is read of the web before its hash is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.build.web import Web
from eka.build.web_reading import read_web
from tests.fakes.web_server import reply, unsized, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.web_server import WebServer


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as found:
        yield found


def read(url: str, *, accept: str = "") -> bytes:
    return b"".join(read_web(url, {}, accept=accept))


def test_a_body_is_read_whole(server: WebServer) -> None:
    body = b"x" * 1_000_000

    assert read(server.serve("/a", reply("200 OK", body))) == body
    assert read(server.serve("/b", unsized(body))) == body


def test_the_form_that_is_wanted_is_asked_for(server: WebServer) -> None:
    read(server.serve("/a", reply("200 OK")), accept="application/json")
    read(server.serve("/b", reply("200 OK")))

    assert [headers.get("Accept") for _, headers in server.requests] == ["application/json", None]


@pytest.mark.spec("direct-schemes")
def test_redirects_to_other_web_addresses_are_followed(server: WebServer) -> None:
    server.serve("/b", reply("200 OK", b"there"))
    url = server.serve("/a", reply("302 Found", b"", "Location: /b"))

    assert read(url) == b"there"


@pytest.mark.spec("direct-schemes")
@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "http://me:pw@127.0.0.1/x",
    ],
)
def test_redirects_to_anything_else_are_refused(server: WebServer, place: str) -> None:
    url = server.serve("/a", reply("302 Found", b"", f"Location: {place}"))

    with pytest.raises(OSError, match=r"only http and https|user name or password"):
        read(url)


@pytest.mark.spec("direct-schemes")
def test_a_private_address_leads_to_private_ones_only(server: WebServer) -> None:
    url = server.serve("/a", reply("200 OK"))

    with pytest.raises(ValueError, match="leads to one that is not"):
        Web({}, 1.0).open(url, https_only=True)

    assert server.asked() == []


@pytest.mark.spec("direct-schemes")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://me:pw@127.0.0.1/", "ftp://a/b"])
def test_other_addresses_are_not_read(url: str) -> None:
    with pytest.raises(OSError, match=r"only http and https|user name or password"):
        read(url)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_what_is_not_there_is_told_from_what_failed(server: WebServer, status: str) -> None:
    with pytest.raises(FileNotFoundError, match=status):
        read(server.serve("/a", reply(status)))


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Broken", "204 No Content"])
def test_another_answer_is_a_failure(server: WebServer, status: str) -> None:
    with pytest.raises(OSError, match=status) as caught:
        read(server.serve("/a", reply(status)))

    assert not isinstance(caught.value, FileNotFoundError)


def test_a_body_that_ends_too_early_is_a_failure(server: WebServer) -> None:
    with pytest.raises(OSError, match="ended after 5 bytes"):
        read(server.serve("/a", reply("200 OK", b"short", length=100)))


def test_redirects_in_a_circle_end(server: WebServer) -> None:
    url = server.url("/a")
    server.serve("/a", reply("302 Found", b"", f"Location: {url}"))

    with pytest.raises(OSError, match="redirects"):
        read(url)


def test_nobody_listening_is_a_failure(server: WebServer) -> None:
    with pytest.raises(OSError, match="refused"):
        read("http://127.0.0.1:1/x")

    assert server.asked() == []


def test_an_answer_that_is_no_http_is_a_failure(server: WebServer) -> None:
    with pytest.raises(OSError, match=r".+"):
        read(server.serve("/a", b"SSH-2.0-OpenSSH\r\n"))
