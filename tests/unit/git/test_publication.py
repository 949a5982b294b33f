"""What counts as published, and which refs a version has."""

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
    parse_manifest,
)
from eka.git import AtomStatus, RefLayout, SourceAtom
from eka.git.publication import (
    PlannedAtom,
    conflicts,
    layout_of,
    planned,
    read_existing,
    set_refs,
    version_collisions,
)

TREE, OTHER, ORIGIN, BLOB = (ObjectId(digit * 40) for digit in "abcd")
GENESIS = Genesis(ObjectId("e" * 40))
V2 = CommitFormat.V2


def source(label: str = "zlib", version: str = "1.0.0", tree: ObjectId = TREE) -> SourceAtom:
    text = f'[package]\nlabel = "{label}"\nversion = "{version}"\n'
    return SourceAtom(
        path=f"pkgs/{label}",
        tree=tree,
        manifest=parse_manifest(text.encode(), "atom.toml"),
        manifest_blob=BLOB,
    )


def commit(label: str = "zlib", version: str = "1.0.0", tree: ObjectId = TREE) -> AtomCommit:
    return AtomCommit(
        format=V2,
        tree=tree,
        origin=ORIGIN,
        label=Label(label),
        version=Version.parse(version),
        path=f"pkgs/{label}",
        manifest=BLOB,
        content=ContentHash("f" * 64),
    )


def listing(
    name: str, published: AtomCommit | bytes
) -> tuple[dict[str, ObjectId], dict[ObjectId, bytes]]:
    body = published if isinstance(published, bytes) else published.encode()
    oid = ObjectId("9" * 40)
    return {name: oid}, {oid: body}


@pytest.mark.spec("publish-unchanged")
def test_the_same_tree_is_no_conflict() -> None:
    found = read_existing(*listing("refs/atoms/zlib/1.0.0", commit()), "there")

    assert conflicts([source()], found) == []


@pytest.mark.spec("publish-immutable", "ref-layouts-agree")
@pytest.mark.parametrize("name", ["refs/atoms/zlib/1.0.0", "refs/eka/atoms/zlib/1.0.0"])
def test_another_tree_is_a_conflict_in_every_layout(name: str) -> None:
    found = read_existing(*listing(name, commit(tree=OTHER)), "there")

    (problem,) = conflicts([source()], found)

    assert (problem.code, problem.exit_status) == ("version-conflict", 6)
    assert problem.where == f"{name} of there"


@pytest.mark.spec("publish-immutable")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"tree " + TREE.hex.encode() + b"\n\nx",
        commit().encode() + b"\n",
        commit().encode().replace(b"author", b"parent " + ORIGIN.hex.encode() + b"\nauthor", 1),
        commit(label="other").encode(),
        commit(version="2.0.0").encode(),
    ],
)
def test_what_is_no_commit_of_this_version_is_a_conflict(body: bytes) -> None:
    found = read_existing(*listing("refs/atoms/zlib/1.0.0", body), "there")

    assert [problem.code for problem in conflicts([source()], found)] == ["version-conflict"]


def test_a_conflict_in_two_places_is_told_once() -> None:
    name = "refs/atoms/zlib/1.0.0"
    here = read_existing(*listing(name, commit(tree=OTHER)), "here")
    there = read_existing(*listing(name, commit(tree=OTHER)), "there")

    assert len(conflicts([source()], [*there, *here])) == 1


@pytest.mark.spec("publish-confusable")
def test_a_version_may_not_differ_from_a_published_one_in_case_alone() -> None:
    found = read_existing(*listing("refs/atoms/zlib/1.0.0-RC.1", b""), "there")

    assert [p.code for p in version_collisions([source(version="1.0.0-rc.1")], found)] == [
        "confusable-version"
    ]
    assert version_collisions([source(version="1.0.0-RC.1")], found) == []
    assert version_collisions([source("other", "1.0.0-rc.1")], found) == []


def plan_of(layout: RefLayout = RefLayout.CURRENT) -> PlannedAtom:
    return PlannedAtom(
        source=source(), status=AtomStatus.NEW, commit=commit(), oid=commit().id(), layout=layout
    )


@pytest.mark.spec("ref-version", "ref-origins", "ref-init")
def test_a_version_has_one_ref_and_the_set_keeps_its_origin() -> None:
    atom = plan_of()

    assert atom.refs(no_origin=False) == {"refs/atoms/zlib/1.0.0": commit().id()}
    assert set_refs([atom, atom], GENESIS, no_origin=False) == {
        "refs/ekala/init": GENESIS,
        f"refs/ekala/origins/{ORIGIN.hex}": ORIGIN,
    }


@pytest.mark.spec("publish-no-origin")
def test_without_origins_no_ref_leads_to_a_source_commit() -> None:
    current, wild = plan_of(), plan_of(RefLayout.EKA)

    refs = {
        **current.refs(no_origin=True),
        **wild.refs(no_origin=True),
        **set_refs([current, wild], GENESIS, no_origin=True),
    }

    assert ORIGIN not in refs.values()


@pytest.mark.spec("ref-layout-eka")
def test_the_layout_of_the_wild_has_three_refs_for_a_version() -> None:
    atom = plan_of(RefLayout.EKA)

    assert atom.refs(no_origin=False) == {
        "refs/eka/atoms/zlib/1.0.0": commit().id(),
        "refs/eka/meta/zlib/1.0.0/manifest": BLOB,
        "refs/eka/meta/zlib/1.0.0/origin": ORIGIN,
    }
    assert set_refs([atom], GENESIS, no_origin=False) == {"refs/ekala/init": GENESIS}


def test_formats_of_the_wild_are_published_in_its_layout() -> None:
    assert layout_of(V2) is RefLayout.CURRENT
    assert {layout_of(CommitFormat.PRE1), layout_of(CommitFormat.PRE1_0)} == {RefLayout.EKA}


def test_a_published_commit_is_taken_over_only_with_the_same_tree() -> None:
    (found,) = read_existing(*listing("refs/atoms/zlib/1.0.0", commit(tree=OTHER)), "there")

    with pytest.raises(ValueError, match="there"):
        planned(source(), AtomStatus.UNCHANGED, found)
