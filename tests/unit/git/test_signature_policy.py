"""Rules for sources: how many signatures, by whom, and which sources a rule is about."""

from __future__ import annotations

import pytest

from eka.atom import BUILT_IN, Aliases, parse_source_url
from eka.git.signatures import (
    AllowedSigner,
    InvalidTrustRule,
    PublicKey,
    SignatureDemand,
    TrustRule,
    rules_for,
)

ALIASES = Aliases.layered(BUILT_IN, {}, {})


def signer(principals: str, seed: int = 0) -> AllowedSigner:
    return AllowedSigner(principals=principals, key=PublicKey.ed25519(bytes([seed]) * 32))


def rule(url: str, require: str = "any", origin: str = "config") -> TrustRule:
    return TrustRule.parse(url, require, ALIASES, origin)


def covers(place: str, url: str, require: str = "any") -> bool:
    return rule(place, require).covers(parse_source_url(url, ALIASES))


@pytest.mark.spec("rule-demand")
@pytest.mark.parametrize(("text", "count", "principals"), [
    ("none", 0, ()),
    ("any", 1, ()),
    ("1 of [alice@example.org]", 1, ("alice@example.org",)),
    ("2 of [a, b,c]", 2, ("a", "b", "c")),
    ("  2  of  [ a , b ] ", 2, ("a", "b")),
])  # fmt: skip
def test_a_demand_is_read_and_shown_again(
    text: str, count: int, principals: tuple[str, ...]
) -> None:
    demand = SignatureDemand.parse(text)

    assert (demand.count, demand.principals) == (count, principals)
    assert SignatureDemand.parse(demand.text) == demand


@pytest.mark.spec("rule-demand")
@pytest.mark.parametrize("text", [
    "", "all", "0 of [a]", "2 of [a]", "1 of []", "1 of [a, a]", "1 of [a,]", "1 of a",
    "1 of [*@example.org]", "1 of [a b]", "1 of ['a']", "01 of [a]", "-1 of [a]",
    "\u0661 of [a]", "1 of [a] or more", "none of [a]", "ANY", "100 of [a]",
])  # fmt: skip
def test_a_demand_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidTrustRule):
        SignatureDemand.parse(text)


@pytest.mark.spec("rule-demand")
def test_any_good_signature_meets_any() -> None:
    demand = SignatureDemand.parse("any")

    assert demand.is_met_by([[signer("*")]])
    assert not demand.is_met_by([])


@pytest.mark.spec("rule-distinct")
def test_a_key_counts_for_one_principal_only() -> None:
    demand = SignatureDemand.parse("2 of [alice, bob]")
    both = signer("alice,bob", 1)

    assert not demand.is_met_by([[both]])
    assert demand.met_by([[both]]) == ("alice",)
    assert demand.is_met_by([[both], [signer("alice", 2)]])
    assert demand.is_met_by([[signer("alice", 2)], [both]])


@pytest.mark.spec("rule-distinct")
def test_a_principal_counts_once_however_many_keys_they_have() -> None:
    demand = SignatureDemand.parse("2 of [alice, bob, carol]")
    keys = [[signer("alice", seed)] for seed in range(3)]

    assert not demand.is_met_by(keys)
    assert demand.is_met_by([*keys, [signer("carol", 9)]])


@pytest.mark.spec("rule-distinct")
def test_keys_are_shared_out_so_that_most_principals_have_one() -> None:
    demand = SignatureDemand.parse("3 of [a, b, c]")
    # Taken greedily, a would take the only key of b.
    found = demand.met_by([[signer("a,b", 1)], [signer("a,c", 2)], [signer("a", 3)]])

    assert found == ("a", "b", "c")


@pytest.mark.spec("rule-place")
@pytest.mark.parametrize("url", [
    "https://git.example.org/core",
    "https://git.example.org/core/",
    "https://git.example.org/core.git",
    "https://git.example.org//core/x",
    "https://git.example.org/core/.git",
    "https://git.example.org/CORE",
    "https://git.example.org/%63ore",
    "https://git.example.org:8443/core",
    "https://user@git.example.org/core",
    "http://git.example.org/core",
    "ssh://git@git.example.org/core",
    "git@git.example.org:core.git",
    "https://git.example.org/core/deep/er.git",
])  # fmt: skip
def test_a_demand_holds_for_every_spelling_of_its_place(url: str) -> None:
    assert covers("https://git.example.org/core", url)
    assert covers("https://git.example.org/core.git/", url)


@pytest.mark.spec("rule-place")
@pytest.mark.parametrize("url", [
    "https://git.example.org/core-evil", "https://git.example.org/", "https://example.org/core",
    "https://git.example.org.evil.org/core", "https://git.example.org/x/core",
    "file:///git.example.org/core",
])  # fmt: skip
def test_a_rule_is_not_about_its_neighbours(url: str) -> None:
    assert not covers("https://git.example.org/core", url)


@pytest.mark.spec("rule-place")
def test_a_rule_for_every_source_is_about_each() -> None:
    assert covers("*", "https://a.example/x")
    assert covers("*", "file:///srv/git")
    assert covers("gh:owner", "https://github.com/owner/repo")


@pytest.mark.spec("rule-place")
@pytest.mark.parametrize(("url", "expected"), [
    ("https://git.example.org/core", True), ("https://git.example.org/core/x", True),
    ("http://git.example.org/core", False), ("https://git.example.org:444/core", False),
    ("https://git.example.org/Core", False), ("https://git.example.org/core.git", False),
])  # fmt: skip
def test_a_waiver_holds_for_exactly_what_it_names(url: str, *, expected: bool) -> None:
    assert covers("https://git.example.org/core", url, "none") is expected


@pytest.mark.spec("rule-choice")
def test_the_narrowest_rule_counts_and_of_equal_ones_the_later() -> None:
    wide, narrow = rule("https://h.example"), rule("https://h.example/a", "1 of [x]")
    waiver, later = rule("https://h.example/a/b", "none"), rule("http://h.example/a", "1 of [y]")
    rules = (waiver, narrow, rule("*", "1 of [z]"), wide, later)

    def chosen(*urls: str) -> list[str]:
        found = rules_for(rules, [parse_source_url(url, ALIASES) for url in urls])
        return [each.demand.text for each in found]

    assert chosen("https://h.example/other") == ["any"]
    assert chosen("https://h.example/a/c") == ["1 of [y]"]
    assert chosen("https://h.example/a/b") == []
    assert chosen("ssh://h.example/a/b") == ["1 of [y]"]
    assert chosen("https://elsewhere.example/") == ["1 of [z]"]


@pytest.mark.spec("rule-choice")
def test_a_set_must_meet_the_rules_of_all_its_urls() -> None:
    rules = (rule("https://a.example/x", "1 of [a]"), rule("https://b.example/x", "1 of [b]"))
    urls = [parse_source_url(f"https://{host}.example/x", ALIASES) for host in "cab"]

    assert [each.demand.text for each in rules_for(rules, urls)] == ["1 of [a]", "1 of [b]"]


@pytest.mark.parametrize("url", ["", "core", "./core", "ext::sh", "https://", "https://h/x::atom"])
def test_a_rule_about_no_place_is_refused(url: str) -> None:
    with pytest.raises(InvalidTrustRule):
        rule(url)
