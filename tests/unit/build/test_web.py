from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from eka.build.web import Web, checked, proxy_for

PROXY = "http://proxy.example:3128"


def proxy(url: str, **env: str) -> str | None:
    found = proxy_for(urlsplit(url), env)
    return found.geturl() if found else None


@pytest.mark.spec("fetch-proxy")
@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_is_found_in_either_case(name: str) -> None:
    assert proxy("https://a.example/x", **{name: PROXY}) == PROXY


@pytest.mark.spec("fetch-proxy")
def test_an_upper_case_http_proxy_is_not_believed() -> None:
    # In a CGI program it holds a header chosen by whoever asks.
    assert proxy("http://a.example/", HTTP_PROXY=PROXY) is None
    assert proxy("http://a.example/", http_proxy=PROXY) == PROXY


def test_a_proxy_needs_no_scheme() -> None:
    assert proxy("http://a.example/", http_proxy="proxy.example:3128") == PROXY


@pytest.mark.spec("fetch-proxy")
@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("a.example", True),
        (".example", True),
        ("other, EXAMPLE", True),
        ("*", True),
        ("b.example", False),
        ("xample", False),
        ("", False),
        (",", False),
    ],
)
def test_some_hosts_are_reached_directly(no_proxy: str, *, direct: bool) -> None:
    assert (proxy("https://a.example/", https_proxy=PROXY, no_proxy=no_proxy) is None) is direct


def test_another_kind_of_proxy_is_refused() -> None:
    with pytest.raises(ValueError, match="socks5"):
        proxy("http://a.example/", http_proxy="socks5://proxy.example")


@pytest.mark.spec("fetch-schemes")
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/x",
        "data:,x",
        "http:///nohost",
        "//a.example/x",
        "http://user:secret@a.example/x",
    ],
)
def test_only_plain_http_and_https_are_asked(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        checked(url)
    with pytest.raises(ValueError, match="URL"):
        Web({}, 1.0).check(url)
