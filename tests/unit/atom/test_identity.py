"""The identity of an atom."""

from __future__ import annotations

import pytest

from eka.atom import AtomId, Genesis, InvalidAtomId, Label, ObjectId, atom_id

HERE = Genesis(ObjectId("4abbd2644bc3585e9be95deb277ccf48f6ed26ac"))
THERE = Genesis(ObjectId("68b63bd131acd23bdfd57983fe85ba7c092ce02f"))
NIX_LOCK = "r3rlam6bd31t9i04ggug7avs8vf8981q7a3b6gobemk1gfs50qm0"


def test_moving_to_another_repository_changes_the_identity() -> None:
    label = Label.typed("hello")

    before, after = atom_id(HERE, label), atom_id(THERE, label)

    assert before != after


def test_another_label_is_another_atom() -> None:
    assert atom_id(HERE, Label("hello")) != atom_id(HERE, Label("Hello"))


@pytest.mark.spec("atom-id-genesis")
def test_a_long_genesis_counts_with_all_its_bytes() -> None:
    zeros = Genesis(ObjectId("0" * 64))
    last_bit = Genesis(ObjectId("0" * 63 + "1"))
    short = Genesis(ObjectId("0" * 40))

    ids = {atom_id(genesis, Label("a")) for genesis in (zeros, last_bit, short)}

    assert len(ids) == 3


@pytest.mark.spec("atom-id-text")
@pytest.mark.parametrize(
    "text", ["", NIX_LOCK[:51], NIX_LOCK + "0", NIX_LOCK.upper(), NIX_LOCK[:51] + "1", "w" * 52]
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidAtomId) as caught:
        AtomId(text)

    assert caught.value.code == "invalid-atom-id"
    assert caught.value.raw == text


def test_an_identity_can_be_read_back() -> None:
    assert AtomId(NIX_LOCK) == atom_id(HERE, Label("nix-lock"))
