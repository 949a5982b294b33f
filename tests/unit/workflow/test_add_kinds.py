"""What people mean who type a direct source."""

from __future__ import annotations

import pytest

from eka.atom import Aliases
from eka.workflow.add_kinds import InvalidDirectSource, typed_source

ALIASES = Aliases({"url": "example.org"})
NONE = Aliases({})
DIGEST = "0" * 64


@pytest.mark.spec("change-add-direct")
@pytest.mark.parametrize(
    ("text", "name", "spec"),
    [
        (
            "url:https://a.org/x/zlib-1.3.1.tar.gz",
            "zlib",
            {"url": "https://a.org/x/zlib-1.3.1.tar.gz", "unpack": True},
        ),
        ("url:http://a.org/data?x=1", "data", {"url": "http://a.org/data?x=1"}),
        (
            f"src=url:https://a.org/1.tgz#sha256={DIGEST}",
            "src",
            {"url": "https://a.org/1.tgz", "sha256": DIGEST, "unpack": True},
        ),
        ("deb:gcc", "gcc", {"packages": ["gcc"]}),
        ("root=deb:g++,make/sid", "root", {"packages": ["g++", "make"], "suite": "sid"}),
        ("deb:src:zlib/bookworm", "zlib", {"source": "zlib", "suite": "bookworm"}),
    ],
)
def test_a_declaration_is_made_of_what_is_typed(
    text: str, name: str, spec: dict[str, object]
) -> None:
    found = typed_source(text, NONE)

    assert found is not None
    assert (found.name.text, found.spec) == (name, spec)


@pytest.mark.parametrize(
    "text",
    ["zlib", "gh:a/b::zlib@=1", "https://a.org/x", "core::zlib@=1", "what:ever", "git@a.org:b::c"],
)
def test_atoms_and_unknown_kinds_are_none(text: str) -> None:
    assert typed_source(text, NONE) is None


@pytest.mark.spec("change-add-direct")
def test_an_alias_called_like_a_kind_means_atoms_where_a_label_follows() -> None:
    assert typed_source("url:owner/repo::zlib", ALIASES) is None
    assert typed_source("url:https://a.org/data", ALIASES) is not None


@pytest.mark.parametrize(
    "text",
    ["url:ftp://a.org/x", "url:https://a.org/", "url:https://a.org/12.tar.gz", "deb:src:a,b"],
)
def test_what_can_be_no_source_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(InvalidDirectSource) as caught:
        typed_source(text, NONE)

    assert caught.value.fix
