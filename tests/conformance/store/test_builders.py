"""When what builders assert counts: enough of them agree, and nobody says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.store import Reduction, ReductionKind
from eka.store.nix.keys import NixSecretKey
from eka.store.trust import reduction_statement

if TYPE_CHECKING:
    from eka.store import Store

RESOLVED = [ReductionKind.RESOLVED]
NAME, ONE, OTHER = "f" * 64 + "!out", "0" * 32 + "-thing", "1" * 32 + "-thing"
KEYS = [NixSecretKey.make(f"builder-{number}", bytes([number]) * 32) for number in range(4)]


def asserts(store: Store, key: NixSecretKey, refined: str) -> None:
    """Let the store learn what a key asserts."""
    fact = Reduction("resolved", NAME, refined, key.name, "bubblewrap")
    store.trust(key.public, RESOLVED)
    store.record_signed(fact, key.sign(reduction_statement(fact)))


def usable(store: Store) -> list[str]:
    return [each.refined for each in store.counted("resolved", NAME)]


@pytest.mark.spec("reduction-builders")
def test_a_result_counts_when_as_many_builders_agree_as_are_required(store: Store) -> None:
    store.require_builders(RESOLVED, 2)

    asserts(store, KEYS[0], ONE)
    alone = usable(store)
    asserts(store, KEYS[1], ONE)

    assert (alone, usable(store)) == ([], [ONE])
    assert store.required_builders()[ReductionKind.RESOLVED] == 2


@pytest.mark.spec("reduction-builders")
def test_one_key_under_two_names_is_one_builder(store: Store) -> None:
    store.require_builders(RESOLVED, 2)

    asserts(store, KEYS[0], ONE)
    asserts(store, NixSecretKey.make("alias", KEYS[0].seed), ONE)

    assert usable(store) == []


@pytest.mark.spec("reduction-builders")
def test_builders_that_disagree_count_for_nothing_and_are_reported(store: Store) -> None:
    asserts(store, KEYS[0], ONE)
    asserts(store, KEYS[1], OTHER)

    assert usable(store) == []
    (found,) = store.nondeterminism()
    assert {each.refined for each in found.outcomes} == {ONE, OTHER}


@pytest.mark.spec("reduction-builders")
def test_what_this_store_saw_itself_is_preferred_to_any_number_of_builders(store: Store) -> None:
    store.record(Reduction("resolved", NAME, ONE))
    asserts(store, KEYS[0], OTHER)
    asserts(store, KEYS[1], OTHER)

    assert usable(store) == [ONE]


@pytest.mark.spec("reduction-builders")
def test_a_key_that_is_trusted_no_more_counts_no_more(store: Store) -> None:
    asserts(store, KEYS[0], ONE)
    before = usable(store)

    store.distrust(KEYS[0].name)

    assert (before, usable(store)) == ([ONE], [])
