"""Pins of npm packages."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import Label, NpmSource, npm_requirement
from eka.direct import DirectSourceNotFound, NpmAnswerUnusable, NpmMismatch, pin_npm
from eka.direct.npm import ACCEPT, choose, strongest

if TYPE_CHECKING:
    from collections.abc import Iterable

REGISTRY = "https://npm.example.org/"
ARCHIVE = b"an archive"


def sri(name: str = "sha512", data: bytes = ARCHIVE) -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, data).digest()).decode()}"


def source(package: str = "left-pad", version: str = "^1.2") -> NpmSource:
    return NpmSource(Label("pad"), package, version, npm_requirement(version))


def release(**changes: object) -> dict[str, Any]:
    """Return what a registry says of one version."""
    dist: dict[str, object] = {"tarball": "https://cdn.example.org/x.tgz", "integrity": sri()}
    dist |= changes
    return {"dist": {key: value for key, value in dist.items() if value is not None}}


class Registry:
    """Serves one document and one archive, and remembers what was asked for."""

    def __init__(self, document: object, archive: bytes = ARCHIVE) -> None:
        self.document = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.archive = archive
        self.asked: list[tuple[str, str]] = []

    def open_url(self, url: str, /, *, accept: str = "") -> Iterable[bytes]:
        self.asked.append((url, accept))
        return [self.archive if url.endswith(".tgz") else self.document]


def versions(*names: str, **more: object) -> dict[str, Any]:
    return {"versions": {name: release() for name in names}, **more}


@pytest.mark.spec("npm-pin")
def test_a_package_is_pinned_by_what_the_registry_lists() -> None:
    registry = Registry(versions("1.2.0", "1.3.0", "2.0.0"))

    pin = pin_npm(source(), REGISTRY, registry.open_url)

    assert registry.asked == [
        ("https://npm.example.org/left-pad", ACCEPT), ("https://cdn.example.org/x.tgz", ""),
    ]  # fmt: skip
    assert (pin.name, pin.version, pin.url) == ("left-pad", "1.3.0", registry.asked[1][0])
    assert pin.sha256 == hashlib.sha256(ARCHIVE).hexdigest()
    assert (pin.size, pin.integrity) == (len(ARCHIVE), sri())


@pytest.mark.spec("npm-pin")
def test_the_slash_of_a_scope_is_part_of_the_name() -> None:
    registry = Registry(versions("1.2.0"))

    pin_npm(source("@scope/name"), REGISTRY, registry.open_url)

    assert registry.asked[0][0] == "https://npm.example.org/@scope%2Fname"


@pytest.mark.spec("npm-choice")
@pytest.mark.parametrize(
    ("version", "tags", "deprecated", "chosen"),
    [
        ("^1.2", {}, (), "1.4.0"),
        ("^1.2", {"latest": "1.3.0"}, (), "1.3.0"),
        ("^1.2", {"latest": "2.0.0"}, (), "1.4.0"),
        ("^1.2", {"latest": "2.0.0"}, ("1.4.0",), "1.3.0"),
        ("^1.2", {"latest": "1.4.0"}, ("1.4.0",), "1.4.0"),
        ("^1.2", {}, ("1.2.0", "1.3.0", "1.4.0"), "1.4.0"),
        ("1.3.0", {"latest": "1.4.0"}, (), "1.3.0"),
        ("2.0.0-rc.1", {}, (), "2.0.0-rc.1"),
        ("*", {}, (), "2.0.0"),
    ],
)
def test_the_version_npm_would_take_is_chosen(
    version: str, tags: dict[str, str], deprecated: tuple[str, ...], chosen: str
) -> None:
    document = versions(
        "1.2.0", "1.3.0", "1.4.0", "2.0.0-rc.1", "2.0.0", "not-a-version", **{"dist-tags": tags}
    )
    for name in deprecated:
        document["versions"][name]["deprecated"] = "use another"

    found = choose(source(version=version), REGISTRY, document)

    assert found.version.text == chosen


@pytest.mark.spec("npm-choice")
def test_where_nothing_fits_the_newest_versions_are_named() -> None:
    with pytest.raises(DirectSourceNotFound) as caught:
        choose(source(version="^3"), REGISTRY, versions("1.2.0", "2.0.0"))

    assert "2.0.0, 1.2.0" in caught.value.why


@pytest.mark.spec("npm-pin")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (sri(), sri()),
        (f"{sri('sha1')} {sri('sha256')} {sri()}", sri()),
        (f"{sri('sha384')} {sri('sha256')}", sri("sha384")),
        (f"{sri()}?option", sri()),
        (sri("sha1"), ""),
        ("sha512-" + "A" * 43 + "=", ""),
        ("sha512-" + "A" * 85 + "=", ""),
        ("md5-AAAA", ""),
        ("", ""),
    ],
)
def test_the_strongest_digest_counts(text: str, expected: str) -> None:
    assert strongest(text) == expected


@pytest.mark.spec("npm-pin")
def test_an_archive_that_is_not_what_the_registry_says_is_refused() -> None:
    registry = Registry(versions("1.2.0"), b"something else")

    with pytest.raises(NpmMismatch) as caught:
        pin_npm(source(), REGISTRY, registry.open_url)

    assert (caught.value.expected, caught.value.found) == (sri(), sri(data=b"something else"))


@pytest.mark.spec("npm-pin", "direct-schemes")
@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"[" * 100_000,
        b"\xff",
        [],
        {},
        {"versions": []},
        {"versions": {"1.2.0": release(integrity=None)}},
        {"versions": {"1.2.0": release(integrity=[sri()])}},
        {"versions": {"1.2.0": release(integrity=sri("sha1"))}},
        {"versions": {"1.2.0": release(tarball=None)}},
        {"versions": {"1.2.0": release(tarball=1)}},
        {"versions": {"1.2.0": release(tarball="file:///etc/passwd")}},
        {"versions": {"1.2.0": release(tarball="http://cdn.example.org/x.tgz")}},
        {"versions": {"1.2.0": release(tarball="https://me:pw@cdn.example.org/x.tgz")}},
        {"versions": {"1.2.0": release(tarball="https://cdn.example.org/x y.tgz")}},
        {"versions": {"1.2.0": release(tarball="https://cdn.example.org/x.tgz#a")}},
        {"versions": {"1.2.0": release(tarball="https://[::1/x.tgz")}},
        {"versions": {"1.2.0": release(tarball="https://a.org/" + "x" * 4096)}},
    ],
)
def test_an_answer_that_no_pin_can_be_made_of_is_refused(document: object) -> None:
    registry = Registry(document)

    with pytest.raises(NpmAnswerUnusable) as caught:
        pin_npm(source(), REGISTRY, registry.open_url)

    assert caught.value.where == "https://npm.example.org/left-pad"
    assert len(registry.asked) == 1


def test_what_is_said_of_a_version_may_be_nothing() -> None:
    with pytest.raises(NpmAnswerUnusable):
        pin_npm(source(), REGISTRY, Registry({"versions": {"1.2.0": None}}).open_url)
