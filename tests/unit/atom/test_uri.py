"""Addresses as typed; the vectors are in tests/conformance."""

from __future__ import annotations

import pytest

from eka.atom import Aliases, InvalidUri, UnknownAlias, parse_atom_uri, parse_source_url

ALIASES = Aliases()


@pytest.mark.spec("uri-separator")
def test_a_source_address_names_no_atom() -> None:
    with pytest.raises(InvalidUri) as caught:
        parse_source_url("gh:owner/repo::tool", ALIASES)

    assert "leave out" in caught.value.fix


def test_a_source_address_alone_is_read() -> None:
    assert parse_source_url("gh:owner/repo", ALIASES).text == "https://github.com/owner/repo"
    assert parse_source_url("https://[::1]/r", ALIASES).host == "::1"


def test_an_error_shows_what_was_typed_not_what_it_became() -> None:
    with pytest.raises(InvalidUri) as caught:
        parse_atom_uri("gh:a/../b::tool", ALIASES)

    assert caught.value.raw == "gh:a/../b"


@pytest.mark.spec("uri-port")
def test_an_ambiguous_port_comes_with_both_spellings() -> None:
    with pytest.raises(InvalidUri) as caught:
        parse_atom_uri("git@host.example:22/set::tool", ALIASES)

    assert "ssh://git@host.example:22/set" in caught.value.fix
    assert "ssh://git@host.example/22/set" in caught.value.fix


@pytest.mark.spec("alias-unknown")
def test_a_lost_alias_inside_an_alias_is_named() -> None:
    with pytest.raises(UnknownAlias) as caught:
        parse_atom_uri("a:x::tool", Aliases({"a": "b:y"}))

    assert caught.value.name == "b"


def test_an_alias_value_that_is_no_address_is_an_error() -> None:
    with pytest.raises(InvalidUri):
        parse_source_url("a:x", Aliases({"a": "ftp://a.org"}))
