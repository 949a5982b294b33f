"""Declarations of direct sources: what they mean, and what their digests are made of."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from eka.atom import (
    ForeignUrl,
    GitSource,
    Label,
    NpmSource,
    ObjectId,
    Requirement,
    UnsupportedRange,
    UrlSource,
    Version,
    check_foreign,
    npm_requirement,
    parse_manifest,
    requirements_digest,
    source_digest,
)

PACKAGE = '[package]\nlabel = "tool"\nversion = "1.2.3-rc.1"\n[package.sets]\nown = "::"\n'
DEPS = '[deps.from.own]\nzlib = "^1"\n'


def source(kind: str, declared: str, *, version: str = "1.2.3-rc.1") -> object:
    """Return the one direct source of a manifest."""
    text = PACKAGE.replace("1.2.3-rc.1", version) + DEPS
    manifest = parse_manifest(
        f"{text}[deps.direct.{kind}]\nx = {{ {declared} }}\n".encode(), "atom.toml"
    )
    return manifest.direct[0]


def url_source(declared: str, *, version: str = "1.2.3-rc.1") -> UrlSource:
    found = source("url", declared, version=version)
    assert isinstance(found, UrlSource)
    return found


@pytest.mark.spec("manifest-url-version", "url-version")
def test_the_version_of_the_atom_is_filled_in() -> None:
    found = url_source(
        'url = "https://a.org/{major}.{minor}/x-{version}.tar", '
        'mirrors = ["http://b.org/{patch}/{prerelease}"]'
    )

    assert found.url == "https://a.org/1.2/x-1.2.3-rc.1.tar"
    assert found.mirrors == ("http://b.org/3/rc.1",)
    assert found.resolved({}) == found


@pytest.mark.spec("manifest-url-version", "url-version")
def test_the_version_of_a_dependency_is_filled_in_when_it_is_known() -> None:
    found = url_source('url = "https://a.org/{version}", version_of = "zlib"')
    zlib = Label("zlib")

    resolved = found.resolved({zlib: Version(1, 3, 1)})

    assert found.url == "https://a.org/{version}"
    assert found.resolved({}) is None
    assert resolved is not None
    assert resolved.url == "https://a.org/1.3.1"
    assert source_digest(resolved) != source_digest(found)


@pytest.mark.spec("lock-requirements", "url-version")
def test_another_version_of_the_atom_changes_the_digest_of_what_names_it() -> None:
    named = 'url = "https://a.org/{version}"'
    plain = 'url = "https://a.org/x"'

    assert source_digest(url_source(named)) != source_digest(url_source(named, version="2.0.0"))
    assert source_digest(url_source(plain)) == source_digest(url_source(plain, version="2.0.0"))


@pytest.mark.spec("lock-requirements")
def test_what_is_not_declared_leaves_the_digest_as_it_was_before_it_could_be() -> None:
    found = url_source('url = "https://a.org/x", unpack = true, strip = 1, executable = false')

    assert found.content() == {"url": "https://a.org/x", "sha256": "", "unpack": True}


@pytest.mark.spec("lock-requirements")
@pytest.mark.parametrize(
    "more",
    [
        'mirrors = ["http://b.org/"]', "unpack = true, strip = 0", "executable = true",
        'unpack = true, subdir = "a/b"', 'unpack = true, archive = "zip"',
        "unpack = true, strip = 2",
    ],
)  # fmt: skip
def test_what_is_declared_changes_the_digest(more: str) -> None:
    plain = source_digest(url_source('url = "https://a.org/x"'))
    unpacked = source_digest(url_source('url = "https://a.org/x", unpack = true'))

    assert source_digest(url_source(f'url = "https://a.org/x", {more}')) not in {plain, unpacked}


@pytest.mark.spec("manifest-url-unpack")
@pytest.mark.parametrize(
    ("address", "archive", "is_zip"),
    [
        ("https://a.org/x.zip", "", True),
        ("https://a.org/x.WHL?a=b/c.tar", "", True),
        ("https://a.org/x.WHL?a=b", "", True),
        ("https://a.org/x.zip.tar", "", False),
        ("https://a.org/x.zip", "tar", False),
        ("https://a.org/x", "zip", True),
        ("https://a.org/x", "", False),
    ],
)
def test_a_zip_archive_is_known_by_its_name_or_by_declaration(
    address: str, archive: str, *, is_zip: bool
) -> None:
    assert UrlSource(Label("x"), address, archive=archive).is_zip is is_zip


@pytest.mark.spec("manifest-git")
@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        (f'rev = "{"a" * 40}"', f"commit {'a' * 40}"),
        ('tag = "v1"', "tag v1"),
        ('branch = "main"', "branch main"),
        ('version = "^1.2", tag_prefix = "x-"', "tag that fits x-^1.2"),
    ],
)
def test_a_git_source_says_what_it_wants(declared: str, wanted: str) -> None:
    found = source("git", f'url = "https://Example.org/a.git", {declared}')

    assert isinstance(found, GitSource)
    assert found.wanted == wanted
    assert found.url == "https://example.org/a.git"
    assert found.kind == "git"


@pytest.mark.spec("lock-requirements", "lock-direct-declared")
def test_a_git_source_is_digested_as_it_is_declared() -> None:
    found = GitSource(
        Label("x"),
        "https://a.org/x",
        rev=ObjectId("a" * 40),
        version=Requirement("^1"),
        tag_prefix="x-",
        subdir="lib",
    )

    assert found.content() == {
        "url": "https://a.org/x",
        "rev": "a" * 40,
        "version": "^1",
        "tag_prefix": "x-",
        "subdir": "lib",
    }


@pytest.mark.spec("manifest-npm", "lock-requirements")
def test_an_npm_source_without_a_version_takes_any() -> None:
    found = source("npm", 'package = "left-pad"')

    assert isinstance(found, NpmSource)
    assert found.requirement == Requirement("*")
    assert found.content() == {"package": "left-pad", "version": "*"}
    assert found.kind == "npm"


@pytest.mark.spec("npm-range")
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", "*"), ("*", "*"), ("x", "*"), ("latest", "*"), ("1.2.3", "=1.2.3"),
        ("v1.2.3", "=1.2.3"), ("=1.2.3", "=1.2.3"), ("1.2.3-rc.1", "=1.2.3-rc.1"),
        ("^1.2.3", "^1.2.3"), ("^0.0.3", "^0.0.3"), ("^1", "^1"), ("~1.2.3", "~1.2.3"),
        ("~1.2", "~1.2"), ("1", "=1"), ("1.x", "=1"), ("1.2.*", "=1.2"), ("1.x.x", "=1"),
        ("^1.x", "^1"), (" ^1.2.3-beta.2 ", "^1.2.3-beta.2"),
    ],
)  # fmt: skip
def test_a_range_of_npm_means_a_requirement(text: str, meant: str) -> None:
    assert npm_requirement(text) == Requirement(meant)


@pytest.mark.spec("npm-range")
@pytest.mark.parametrize(
    "text",
    [
        ">=1.2.3", "<2", ">=1 <2", "1 || 2", "1.2 - 1.4", "next", "01.2.3", "1.2.3.4", "1.2.3.x",
        "1.x.3", "1.2-rc", "1.x-rc", "git+https://a.org/x", "npm:other@1", "^^1",
        "1.2.3-rc..1", "1.2.3+build", "^" + "9" * 20,
    ],
)  # fmt: skip
def test_another_range_is_refused_with_the_forms_that_are_not(text: str) -> None:
    with pytest.raises(UnsupportedRange) as caught:
        npm_requirement(text)

    assert caught.value.text == text


def test_all_kinds_count_in_the_digest_of_a_manifest() -> None:
    texts = [
        "",
        '[deps.direct.git]\nx = { url = "https://a.org/x", tag = "v1" }\n',
        '[deps.direct.git]\nx = { url = "https://a.org/x", branch = "v1" }\n',
        '[deps.direct.npm]\nx = { package = "a" }\n',
        '[deps.direct.npm]\nx = { package = "a", version = "^1" }\n',
    ]

    digests = {
        requirements_digest(parse_manifest((PACKAGE + text).encode(), "atom.toml"))
        for text in texts
    }

    assert len(digests) == len(texts)


@pytest.mark.spec("manifest-foreign")
@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://a.org/x", True), ("ssh://git@a.org/x", True), ("http://a.org/x", False),
        ("file:///srv/x", False), ("git://a.org/x", False),
    ],
)  # fmt: skip
def test_atoms_of_others_name_repositories_as_they_name_sets(url: str, *, is_good: bool) -> None:
    text = f'{PACKAGE}[deps.direct.git]\nx = {{ url = "{url}", tag = "v1" }}\n'
    text += '[deps.direct.url]\ny = { url = "http://a.org/y" }\n'
    manifest = parse_manifest(text.encode(), "atom.toml")

    with nullcontext() if is_good else pytest.raises(ForeignUrl):
        check_foreign(manifest)
