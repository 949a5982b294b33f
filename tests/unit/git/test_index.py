"""Versions and genesis from listed refs, over every layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from eka.atom import Label, ObjectId, SourceUrl, Version
from eka.git import ListedRefs, NoSet, RefLayout, Transport, VersionIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = SourceUrl("https", "example.org", "/set")
ONE, TWO, THREE = (ObjectId(digit * 40) for digit in "123")
ZLIB, LUA = Label("zlib"), Label("lua")


@dataclass
class FakeTransport:
    """A source in memory; it filters as a good server does."""

    refs: dict[str, ObjectId]
    peeled: dict[str, ObjectId] = field(default_factory=dict[str, ObjectId])
    asked: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def ls_refs(self, url: SourceUrl, prefixes: Sequence[str]) -> ListedRefs:
        assert url == URL
        self.asked.append(tuple(prefixes))
        found = {name: oid for name, oid in self.refs.items() if name.startswith(tuple(prefixes))}
        return ListedRefs(found, 77 * len(found), 2, dropped=3, peeled=self.peeled)


def index(transport: FakeTransport) -> VersionIndex:
    return VersionIndex(cast("Transport", transport))


def version(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.spec("version-query")
def test_the_versions_of_a_label_are_what_its_refs_name() -> None:
    transport = FakeTransport(
        {
            "refs/atoms/zlib/1.3.1": ONE,
            "refs/atoms/zlib/1.3.1-rc.1": TWO,
            "refs/atoms/lua/5.4.6": THREE,
            "refs/heads/main": THREE,
        }
    )

    listing = index(transport).versions(URL, [ZLIB])

    assert dict(listing) == {ZLIB: {version("1.3.1"): ONE, version("1.3.1-rc.1"): TWO}}
    assert (listing.received_bytes, listing.protocol, listing.dropped) == (154, 2, 3)


@pytest.mark.spec("version-query")
def test_only_the_labels_asked_for_and_the_genesis_are_listed() -> None:
    transport = FakeTransport({})

    index(transport).versions(URL, [ZLIB, LUA, ZLIB])

    assert transport.asked == [
        (
            "refs/ekala/init",
            "refs/ekala/status/",
            "refs/atoms/zlib/",
            "refs/eka/atoms/zlib/",
            "refs/atoms/lua/",
            "refs/eka/atoms/lua/",
        )
    ]


def test_a_label_without_versions_has_none() -> None:
    assert dict(index(FakeTransport({})).versions(URL, [ZLIB])) == {ZLIB: {}}


@pytest.mark.spec("version-layouts")
@pytest.mark.parametrize("is_current_first", [True, False])
def test_the_current_layout_wins(*, is_current_first: bool) -> None:
    refs = [("refs/atoms/zlib/1.0.0", ONE), ("refs/eka/atoms/zlib/1.0.0", TWO)]
    refs.append(("refs/eka/atoms/zlib/2.0.0", THREE))
    transport = FakeTransport(dict(refs if is_current_first else refs[::-1]))

    listing = index(transport).versions(URL, [ZLIB])

    assert listing[ZLIB] == {version("1.0.0"): ONE, version("2.0.0"): THREE}
    assert listing.layouts == {(ZLIB, version("2.0.0")): RefLayout.EKA}


@pytest.mark.spec("version-query")
@pytest.mark.parametrize(
    "name",
    [
        "refs/atoms/zlib/_specs/1.0.0",
        "refs/atoms/zlib/1.0",
        "refs/atoms/zlib/01.0.0",
        "refs/atoms/zlib/1.0.0+build",
        "refs/atoms/zlib/v1.0.0",
        "refs/atoms/zlib",
        "refs/atoms/-x/1.0.0",
        "refs/atoms/_x/1.0.0",
        "refs/atoms/ｚlib/1.0.0",
    ],
)
def test_refs_that_name_no_version_are_ignored(name: str) -> None:
    transport = FakeTransport({name: ONE, "refs/atoms/lua/1.0.0": TWO})

    assert dict(index(transport).all(URL)) == {LUA: {version("1.0.0"): TWO}}


def test_thousands_of_labels_are_listed_as_a_whole() -> None:
    transport = FakeTransport({"refs/atoms/l7/1.0.0": ONE, "refs/atoms/other/1.0.0": TWO})
    labels = [Label(f"l{number}") for number in range(2001)]

    listing = index(transport).versions(URL, labels)

    assert transport.asked == [
        ("refs/ekala/init", "refs/ekala/status/", "refs/atoms/", "refs/eka/atoms/")
    ]
    assert len(listing) == 2001
    assert [label.text for label, versions in listing.items() if versions] == ["l7"]


def test_the_genesis_comes_with_the_versions() -> None:
    transport = FakeTransport({"refs/ekala/init": ONE, "refs/atoms/zlib/1.0.0": TWO})

    assert index(transport).versions(URL, [ZLIB]).genesis == ONE


@pytest.mark.spec("genesis-query")
def test_the_genesis_is_what_the_init_ref_names() -> None:
    transport = FakeTransport({"refs/ekala/init": ONE, "refs/tags/ekala/root/v1": TWO})

    assert index(transport).genesis(URL) == ONE


@pytest.mark.spec("genesis-query")
def test_the_genesis_of_an_older_set_is_its_root_tag_peeled() -> None:
    name = "refs/tags/ekala/root/v1"

    assert index(FakeTransport({name: TWO})).genesis(URL) == TWO
    assert index(FakeTransport({name: TWO}, peeled={name: ONE})).genesis(URL) == ONE


@pytest.mark.spec("genesis-query")
def test_a_repository_without_a_genesis_is_no_set() -> None:
    transport = FakeTransport({"refs/heads/main": ONE, "refs/ekala/init2": ONE})

    with pytest.raises(NoSet) as caught:
        index(transport).genesis(URL)

    assert (caught.value.code, caught.value.exit_status) == ("no-set", 3)
