"""Addresses of repositories."""

from __future__ import annotations

import copy
import pickle

import pytest

from eka.atom import InvalidUri, SourceUrl

HTTPS = SourceUrl("https", "git.example.org", "/set", "amy", "p@ss:/?#", 8443)
SSH = SourceUrl("ssh", "::1", "/~amy/set", "git", None, 22)


def test_the_text_for_git_encodes_what_would_end_the_password() -> None:
    assert HTTPS.text == "https://amy:p%40ss%3A%2F%3F%23@git.example.org:8443/set"


@pytest.mark.spec("uri-credentials")
def test_the_public_form_drops_credentials_and_keeps_the_user_of_ssh() -> None:
    assert HTTPS.public == "https://git.example.org:8443/set"
    assert SSH.public == SSH.text == "ssh://git@[::1]:22/~amy/set"


def test_a_url_knows_whether_it_holds_credentials() -> None:
    assert HTTPS.has_credentials
    assert SourceUrl("https", "a.org", "/", "t0ken").has_credentials
    assert not SSH.has_credentials
    assert not SourceUrl("file", None, "/x").has_credentials


def test_the_repr_holds_the_public_form_only() -> None:
    assert repr(HTTPS) == "SourceUrl('https://git.example.org:8443/set')"


def test_a_file_url_is_quoted_and_a_relative_path_cannot_be_taken_for_a_host() -> None:
    assert SourceUrl("file", None, "/a b/%/é").text == "file:///a%20b/%25/%C3%A9"
    assert SourceUrl("file", None, "host:x").text == "./host:x"
    assert SourceUrl("file", None, "../x").public == "../x"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("x/../y", "/base/dir/y"), ("../../..", "/"), ("/a//b/.", "/a/b"), (".", "/base/dir")],
)
def test_a_relative_path_is_made_absolute_by_text_alone(path: str, expected: str) -> None:
    found = SourceUrl("file", None, path).absolute("/base/dir")

    assert found == SourceUrl("file", None, expected)
    assert found.is_local


def test_a_remote_url_is_absolute_already() -> None:
    assert SSH.absolute("/base") is SSH
    assert not SSH.is_local


def test_urls_have_a_total_order() -> None:
    urls = [
        SSH,
        HTTPS,
        SourceUrl("https", "git.example.org", "/set"),
        SourceUrl("file", None, "x"),
    ]

    ordered = sorted(urls)

    assert [url.scheme for url in ordered] == ["file", "https", "https", "ssh"]
    assert ordered[1].user is None
    assert SSH >= HTTPS
    with pytest.raises(TypeError):
        _ = SSH < "ssh://"


def test_urls_are_values() -> None:
    assert pickle.loads(pickle.dumps(HTTPS)) == copy.copy(HTTPS) == HTTPS  # noqa: S301 - our own bytes
    assert len({HTTPS, copy.copy(HTTPS)}) == 1


@pytest.mark.parametrize(
    ("scheme", "host", "path", "user", "password", "port"),
    [
        ("ftp", "a.org", "/", None, None, None),
        ("https", None, "/", None, None, None),
        ("https", "A.org", "/", None, None, None),
        ("https", "1:2", "/", None, None, None),
        ("https", "0::1", "/", None, None, None),
        ("https", "a.org", "x", None, None, None),
        ("https", "a.org", "/", None, "pw", None),
        ("https", "a.org", "/", "a b", None, None),
        ("https", "a.org", "/", "amy", "p\n", None),
        ("https", "a.org", "/", "amy", "p%0a", None),
        ("https", "a.org", "/" + "x" * 4096, None, None, None),
        ("https", "a.org", "/", None, None, 0),
        ("git", "a.org", "/", "amy", None, None),
        ("ssh", "a.org", "/", "amy", "pw", None),
        ("ssh", "-x", "/", None, None, None),
        ("file", "a.org", "/", None, None, None),
        ("file", None, "", None, None, None),
        ("file", None, "-x", None, None, None),
        ("file", None, "~/x", None, None, None),
        ("file", None, "/x\x00", None, None, None),
    ],
)
def test_what_is_no_url_cannot_be_made(
    scheme: str,
    host: str | None,
    path: str,
    user: str | None,
    password: str | None,
    port: int | None,
) -> None:
    with pytest.raises(InvalidUri) as caught:
        SourceUrl(scheme, host, path, user, password, port)

    assert caught.value.code == "invalid-uri"
    assert "pw" not in f"{caught.value}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://amy:s3cret@a.org/x", "https://…@a.org/x"),
        ("https://t0ken@a.org", "https://…@a.org"),
        ("amy:s3cret@a.org/x", "…@a.org/x"),
        ("git@a.org:x", "git@a.org:x"),
        ("a/b@c", "a/b@c"),
        ("x" * 300, "x" * 200),
    ],
)
def test_an_error_shows_the_start_of_the_text_without_secrets(text: str, shown: str) -> None:
    assert InvalidUri(text, "why").raw == shown
