"""Atoms of every format that was ever published are looked at with the same commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import AtomCommit, CommitFormat, Label, ObjectId, Version
from tests.fakes.git_set import GitSet
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

OLD = '[atom]\nid = "{}"\nversion = "{}"\ndescription = "The old way"\n[features]\nx = []\n'


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def museum(tmp_path: Path) -> GitSet:
    """A set with one atom, ``pot``, in three formats and layouts."""
    made = GitSet(tmp_path / "museum")
    old = made.commit(
        {"src/pot.atom": OLD.format("pot", "0.1.0"), "src/pot/clay": "1\n", "src/x": ""}
    )
    place(made, CommitFormat.V1, "0.1.0", old, filtered(made), "src", "refs/atoms")
    manifest = '[package]\nlabel = "pot"\nversion = "{}"\n[package.meta]\ndescription = "{}"\n'
    for form, version, path, said in (
        (CommitFormat.PRE1_0, "0.2.0", "new", "Of clay"),
        (CommitFormat.PRE1, "0.3.0", None, "Of more clay"),
    ):
        files = {"new/atom.toml": manifest.format(version, said), "new/clay": version}
        origin = made.commit(files)
        place(made, form, version, origin, made.oid("HEAD:new"), path, "refs/eka/atoms")
    return made


def filtered(made: GitSet) -> ObjectId:
    """Write the tree of format 1: the manifest and the directory of its name, nothing else."""
    lines = made.git("ls-tree", "HEAD:src").split("\n")
    kept = "".join(f"{line}\n" for line in lines if line.endswith(("\tpot", "\tpot.atom")))
    return ObjectId(made.git("mktree", stdin=kept.encode()))


def place(  # noqa: PLR0913 - what a commit of any format needs
    made: GitSet,
    form: CommitFormat,
    version: str,
    origin: ObjectId,
    tree: ObjectId,
    path: str | None,
    prefix: str,
) -> None:
    """Write an atom commit and its ref."""
    commit = AtomCommit(
        format=form,
        tree=tree,
        origin=origin,
        label=Label("pot"),
        version=Version.parse(version),
        path=path,
    )
    rev = made.write("commit", commit.encode())
    made.git("update-ref", f"{prefix}/pot/{version}", rev.hex)


@pytest.mark.spec("query-formats")
@pytest.mark.parametrize(
    ("version", "form", "description"),
    [
        ("0.1.0", "1", "The old way"),
        ("0.2.0", "pre1.0", "Of clay"),
        ("0.3.0", "pre1", "Of more clay"),
    ],
)
def test_info_reads_every_format(
    museum: GitSet, person: Person, version: str, form: str, description: str
) -> None:
    answer = person.json(person.home, "info", f"file://{museum.git_dir}::pot@{version}").document
    told = person.does(person.home, "info", f"file://{museum.git_dir}::pot@{version}").out

    assert (answer["version"], answer["description"]) == (version, description)
    assert (answer["published"]["format"], answer["published"]["versions"]) == (form, 3)
    assert description in told
    assert f"format     {form}" in told


@pytest.mark.spec("query-formats")
def test_lists_searches_logs_and_comparisons_do_too(museum: GitSet, person: Person) -> None:
    url = f"file://{museum.git_dir}"
    kept = museum.oid("refs/eka/atoms/pot/0.2.0").hex
    museum.git("update-ref", "-d", "refs/eka/atoms/pot/0.3.0")
    museum.git("update-ref", "-d", "refs/eka/atoms/pot/0.2.0")
    alone = person.json(person.home, "list", url, "--long").document["labels"]
    found = person.json(person.home, "search", "old", url).document["found"]
    museum.git("update-ref", "refs/eka/atoms/pot/0.2.0", kept)

    log = person.json(person.home, "log", f"{url}::pot").document
    diff = person.json(person.home, "diff", f"{url}::pot@0.1.0", "0.2.0").document

    assert [(each["label"], each["description"]) for each in alone] == [("pot", "The old way")]
    assert [each["label"] for each in found] == ["pot"]
    assert log["history"]["unavailable"] is None
    assert [each["origin"]["note"]["subject"] for each in log["versions"]] == ["work", "work"]
    assert log["versions"][0]["changes"]["against"] == "0.1.0"
    assert ["atom", "id"] in [each["key"] for each in diff["manifest"]["fields"]]
    assert [(each["path"], each["kind"]) for each in diff["files"]] == [
        ("atom.toml", "added"),
        ("clay", "added"),
        ("pot.atom", "removed"),
        ("pot/clay", "removed"),
    ]
    assert len(diff["commits"]["gained"]) == 1


@pytest.mark.spec("query-formats")
@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ("[atom]\nid = 1\n", "invalid-toml"),
        ("x = [", "invalid-toml"),
        (OLD.format("other", "0.1.0"), "claim-mismatch"),
        (OLD.format("pot", "9.9.9"), "claim-mismatch"),
        (OLD.format("no label", "0.1.0"), "invalid-label"),
    ],
)
def test_an_old_manifest_that_says_something_else_is_refused(
    museum: GitSet, person: Person, manifest: str, code: str
) -> None:
    origin = museum.commit({"src/pot.atom": manifest})
    place(museum, CommitFormat.V1, "0.1.0", origin, filtered(museum), "src", "refs/atoms")

    answer = person.json(person.home, "info", f"file://{museum.git_dir}::pot@0.1.0")

    assert answer.code == code
