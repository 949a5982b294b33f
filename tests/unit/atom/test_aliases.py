"""Aliases of hosts and repositories."""

from __future__ import annotations

import pytest

from eka.atom import (
    BUILT_IN,
    AliasCycle,
    Aliases,
    AliasShadowed,
    InvalidAlias,
    InvalidUri,
    UnknownAlias,
    parse_source_url,
)


@pytest.mark.spec("alias-chain", "alias-use")
def test_aliases_expand_through_one_another() -> None:
    aliases = Aliases({"a": "b:x/", "b": "c:y", "c": "host.example/z/"})

    assert aliases.expand("a", "rest") == "host.example/z/y/x/rest"
    assert aliases.expand("c") == "host.example/z"


@pytest.mark.spec("alias-use")
def test_an_alias_may_stand_alone() -> None:
    aliases = Aliases({"core": "https://a.org/core"})

    assert parse_source_url("core", aliases) == parse_source_url("https://a.org/core", aliases)
    assert parse_source_url("cores", aliases).scheme == "file"


def test_aliases_are_listed_by_name() -> None:
    aliases = Aliases.layered({"b": "b.org"}, {"c": "c.org"}, {"a": "a.org"})

    assert aliases.items() == (("a", "a.org"), ("b", "b.org"), ("c", "c.org"))


@pytest.mark.spec("alias-cycle")
def test_a_cycle_is_named_whole() -> None:
    aliases = Aliases({"start": "a", "a": "b:x", "b": "a:y"})

    with pytest.raises(AliasCycle) as caught:
        aliases.expand("start", "rest")

    assert caught.value.chain == ("start", "a", "b", "a")


@pytest.mark.spec("alias-unknown")
def test_an_unknown_alias_comes_with_the_nearest_one() -> None:
    with pytest.raises(UnknownAlias) as caught:
        Aliases().expand("ghh")

    assert (caught.value.name, caught.value.suggestion) == ("ghh", "gh")
    assert "`gh`" in caught.value.fix
    assert Aliases().unknown("zzzz").suggestion is None


@pytest.mark.spec("uri-limits")
def test_an_expansion_has_a_limit() -> None:
    aliases = Aliases({"a": "host.example/" + "x" * 4000})

    with pytest.raises(InvalidUri):
        aliases.expand("a", "y" * 100)


@pytest.mark.spec("alias-built-in")
def test_every_built_in_alias_leads_to_a_host() -> None:
    aliases = Aliases()

    hosts = {name: parse_source_url(name, aliases).host for name in BUILT_IN}

    assert hosts == {
        "bb": "bitbucket.org",
        "cb": "codeberg.org",
        "ekl": "github.com",
        "gh": "github.com",
        "gl": "gitlab.com",
        "nxs": "github.com",
        "pkgs": "github.com",
        "sh": "git.sr.ht",
    }
    assert "gh" in aliases
    assert "git" not in aliases


@pytest.mark.spec("alias-layers")
def test_the_users_aliases_win_over_the_built_in_ones() -> None:
    aliases = Aliases.layered(BUILT_IN, {"gh": "ghe.example"}, {"gh": "ghe.example", "x": "gh:x"})

    assert aliases.expand("gh", "a") == "ghe.example/a"
    assert aliases.expand("x") == "ghe.example/x"


@pytest.mark.spec("alias-layers")
@pytest.mark.parametrize("name", ["gh", "mine"])
def test_a_project_may_not_redefine_a_known_name(name: str) -> None:
    with pytest.raises(AliasShadowed) as caught:
        Aliases.layered(BUILT_IN, {"mine": "mine.example"}, {name: "evil.example"})

    assert caught.value.name == name
    assert caught.value.exit_status == 6


@pytest.mark.spec("alias-form")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "a.org"),
        ("a.b", "a.org"),
        ("a:b", "a.org"),
        ("é", "a.org"),
        ("a" * 129, "a.org"),
        ("a", ""),
        ("a", "//"),
        ("a", "x" * 4097),
        ("a", "ext::sh -c id"),
        ("a", "a.org/b::c"),
        ("a", "-x"),
        ("a", "a\n"),
    ],
)
def test_what_is_no_alias_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidAlias) as caught:
        Aliases({name: value})

    assert caught.value.name == name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://a.org/x", "https://a.org/x/r"),
        ("[::1]", "[::1]/r"),
        ("git@host:team", "git@host:team/r"),
        ("/srv/git", "/srv/git/r"),
        ("host:80/x", "host:80/x/r"),
        ("b.org:team", "b.org:team/r"),
        ("word", "word/r"),
    ],
)
def test_a_value_that_starts_with_no_alias_stays(value: str, expected: str) -> None:
    assert Aliases({"a": value}).expand("a", "r") == expected
