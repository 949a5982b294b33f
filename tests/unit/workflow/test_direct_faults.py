"""Pins held against declarations: anybody may have edited a lock."""

from __future__ import annotations

import pytest

from eka.atom import (
    ContentHash,
    GitSource,
    Label,
    LockedDirect,
    LockedFile,
    LockedTree,
    NpmSource,
    ObjectId,
    Requirement,
    UrlSource,
    Version,
    npm_requirement,
)
from eka.workflow import direct_git, direct_npm, direct_url

NAME, URL, REPOSITORY = Label("x"), "https://a.org/x", "https://a.org/x.git"
REV = ObjectId("a" * 40)


def tree(ref: str = "", *, url: str = REPOSITORY, path: str = "") -> LockedDirect:
    found = LockedTree(url, REV, ObjectId("b" * 40), ContentHash("c" * 64), ref, path)
    return LockedDirect(None, "git", "x", "", "0" * 64, tree=found)


def file(**fields: object) -> LockedFile:
    values: dict[str, object] = {
        "url": URL,
        "path": "",
        "suite": "",
        "size": 1,
        "sha256": "1" * 64,
    }
    return LockedFile(**(values | fields))  # type: ignore[arg-type] # names and types fit


def pinned(*files: LockedFile) -> LockedDirect:
    return LockedDirect(None, "url", "x", "", "0" * 64, files)


def by_version(requirement: str, *, prefix: str = "") -> GitSource:
    return GitSource(NAME, REPOSITORY, version=Requirement(requirement), tag_prefix=prefix)


@pytest.mark.spec("direct-checked")
@pytest.mark.parametrize(
    ("source", "pin"),
    [
        (GitSource(NAME, REPOSITORY, rev=REV), tree()),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree("refs/tags/v1")),
        (GitSource(NAME, REPOSITORY, branch="main"), tree("refs/heads/main")),
        (GitSource(NAME, REPOSITORY, tag="v1", subdir="a"), tree("refs/tags/v1", path="a")),
        (by_version("^1.2"), tree("refs/tags/v1.3.0")),
        (by_version("^1.2", prefix="p-"), tree("refs/tags/p-1.2")),
    ],
)
def test_a_tree_that_the_declaration_leads_to_is_good(
    source: GitSource, pin: LockedDirect
) -> None:
    assert direct_git.fault(source, pin, {}) is None


@pytest.mark.spec("direct-checked")
@pytest.mark.parametrize(
    ("source", "pin"),
    [
        (GitSource(NAME, REPOSITORY, rev=REV), tree("refs/tags/v1")),
        (GitSource(NAME, REPOSITORY, rev=ObjectId("d" * 40)), tree()),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree("refs/tags/v2")),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree("refs/heads/v1")),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree()),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree("refs/tags/v1", path="a")),
        (GitSource(NAME, REPOSITORY, tag="v1"), tree("refs/tags/v1", url="https://b.org/x.git")),
        (by_version("^1.2"), tree("refs/tags/v2.0.0")),
        (by_version("^1.2"), tree("refs/tags/nightly")),
        (by_version("^1.2"), tree("refs/heads/v1.2.0")),
        (by_version("^1.2", prefix="p-"), tree("refs/tags/v1.2.0")),
        (by_version("^1.2"), pinned(file())),
    ],
)
def test_a_tree_from_elsewhere_is_found_out(source: GitSource, pin: LockedDirect) -> None:
    fault = direct_git.fault(source, pin, {})

    assert fault is not None
    assert all(fault)


@pytest.mark.spec("direct-checked", "npm-range")
@pytest.mark.parametrize(
    ("files", "is_good"),
    [
        ([file(name="left-pad", version="1.3.0")], True),
        ([file(name="right-pad", version="1.3.0")], False),
        ([file(name="left-pad", version="2.0.0")], False),
        ([file(name="left-pad", version="one")], False),
        ([file(name="left-pad")], False),
        ([file(name="left-pad", version="1.3.0"), file(name="left-pad", version="1.3.1")], False),
    ],
)
def test_a_package_is_the_one_that_is_declared(files: list[LockedFile], *, is_good: bool) -> None:
    source = NpmSource(NAME, "left-pad", "^1.2", npm_requirement("^1.2"))

    assert (direct_npm.fault(source, pinned(*files), {}) is None) is is_good


@pytest.mark.spec("direct-checked", "url-version", "url-mirrors")
@pytest.mark.parametrize(
    ("source", "found", "is_good"),
    [
        (UrlSource(NAME, URL), file(), True),
        (UrlSource(NAME, URL, "1" * 64), file(), True),
        (UrlSource(NAME, URL, "2" * 64), file(), False),
        (UrlSource(NAME, URL), file(url="https://b.org/x"), False),
        (UrlSource(NAME, URL, mirrors=("http://m/",)), file(mirrors=("http://m/",)), True),
        (UrlSource(NAME, URL, mirrors=("http://m/",)), file(), False),
        (UrlSource(NAME, URL), file(mirrors=("http://m/",)), False),
    ],
)
def test_a_file_is_the_one_that_is_declared(
    source: UrlSource, found: LockedFile, *, is_good: bool
) -> None:
    assert (direct_url.fault(source, pinned(found), {}) is None) is is_good


@pytest.mark.spec("url-version")
def test_a_file_belongs_to_the_version_its_dependency_has_now() -> None:
    source = UrlSource(NAME, "https://a.org/{version}", version_of=Label("zlib"))
    pin = pinned(file(url="https://a.org/1.3.1"))

    assert direct_url.fault(source, pin, {Label("zlib"): Version(1, 3, 1)}) is None
    assert direct_url.fault(source, pin, {Label("zlib"): Version(1, 3, 2)}) is not None
    assert direct_url.fault(source, pin, {}) is not None
