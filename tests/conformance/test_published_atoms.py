"""Atoms published in the wild are rebuilt byte for byte, with the ids they have there."""

from __future__ import annotations

import pytest

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    Genesis,
    Label,
    ObjectId,
    Version,
    atom_id,
)
from tests.vectors import load

ATOMS: list[dict[str, str]] = load("atoms/published.json")
each_atom = pytest.mark.parametrize("atom", ATOMS, ids=[atom["ref"] for atom in ATOMS])


def rebuilt(atom: dict[str, str]) -> AtomCommit:
    """Return the commit made of the recorded parts."""
    return AtomCommit(
        format=CommitFormat(atom["format"]),
        tree=ObjectId(atom["tree"]),
        origin=ObjectId(atom["origin"]),
        label=Label(atom["label"]),
        version=Version.parse(atom["version"]),
        path=atom["path_header"],
    )


def test_the_vectors_cover_all_formats_of_the_wild() -> None:
    assert len(ATOMS) == 20
    assert {atom["format"] for atom in ATOMS} == set(CommitFormat) - {CommitFormat.V2}


@pytest.mark.spec("commit-format-1", "commit-format-pre1-0", "commit-format-pre1")
@each_atom
def test_the_commit_has_the_id_it_has_in_the_wild(atom: dict[str, str]) -> None:
    assert rebuilt(atom).id().hex == atom["commit"]


@pytest.mark.spec("commit-canonical")
@each_atom
def test_the_commit_is_read_back_from_its_bytes(atom: dict[str, str]) -> None:
    commit = rebuilt(atom)

    assert AtomCommit.decode(commit.encode()) == commit


@pytest.mark.spec("atom-id", "atom-id-text", "atom-id-genesis")
@each_atom
def test_the_atom_has_the_identity_it_has_in_the_wild(atom: dict[str, str]) -> None:
    genesis = Genesis(ObjectId(atom["genesis"]))

    assert atom_id(genesis, Label(atom["label"])).text == atom["atom_id"]


@pytest.mark.spec("commit-claims")
@each_atom
def test_a_claimed_content_hash_is_carried_not_believed(atom: dict[str, str]) -> None:
    true, false = ContentHash(atom["content_hash_blake3"]), ContentHash("0" * 64)
    manifest = ObjectId(atom["tree"])

    honest, lying = (
        AtomCommit(
            format=CommitFormat.V2,
            tree=ObjectId(atom["tree"]),
            origin=ObjectId(atom["origin"]),
            label=Label(atom["label"]),
            version=Version.parse(atom["version"]),
            path="a",
            manifest=manifest,
            content=content,
        )
        for content in (true, false)
    )

    assert AtomCommit.decode(lying.encode()).content == false
    assert honest.id() != lying.id()
