"""Atoms of public repositories, fetched by hand: ``./run test --repositories DIR``.

Their code is never committed here, so without that option there is nothing to check.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from eka.atom import (
    Aliases,
    AtomCommit,
    CommitFormat,
    ContentHash,
    ObjectId,
    content_hash,
)
from eka.git import (
    GitRunner,
    NotASet,
    RefLayout,
    WorkRepository,
    atom_ref,
    read_source_set,
)
from eka.git.objects import PygitReader
from tests.story import Person
from tests.vectors import load

if TYPE_CHECKING:
    import pytest

ATOMS: list[dict[str, str]] = load("atoms/published.json")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per repository that was given."""
    given = metafunc.config.getoption("--repositories")
    known = sorted({atom["repo"] for atom in ATOMS})
    found = [(name, Path(given) / f"{name}.git") for name in known] if given else []
    metafunc.parametrize(("name", "path"), [pair for pair in found if pair[1].is_dir()])


def test_content_hashes_of_real_trees_are_those_recorded(name: str, path: Path) -> None:
    reader = PygitReader(path)

    for atom in ATOMS:
        if atom["repo"] == name:
            found = content_hash(ObjectId(atom["tree"]), reader)
            assert found == ContentHash(atom["content_hash_blake3"]), atom["ref"]


def test_every_atom_of_a_real_repository_verifies(name: str, path: Path, tmp_path: Path) -> None:
    person = Person(tmp_path / name.replace("/", "-"))

    answer = person.json(person.home, "verify", f"file://{path.resolve()}")

    assert answer.status == 0
    for atom in answer.document["atoms"]:
        statuses = {level["level"]: level["status"] for level in atom["levels"]}
        for level in ("content", "signature"):  # nobody claimed any in the older formats
            assert statuses.pop(level, "absent") in {"ok", "absent"}, atom
        assert set(statuses.values()) == {"ok"}, atom


def test_every_command_reads_a_real_repository(name: str, path: Path, tmp_path: Path) -> None:
    person, url = Person(tmp_path / "home"), f"file://{path.resolve()}"
    published = {(atom["label"], atom["version"]) for atom in ATOMS if atom["repo"] == name}

    listed = person.json(tmp_path, "list", url)

    assert listed.status == 0
    for label, version in sorted(published):
        versions = person.json(tmp_path, "versions", f"{url}::{label}").document["versions"]
        assert version in {each["version"] for each in versions}
        for words in (("info", f"{url}::{label}@{version}"), ("log", f"{url}::{label}")):
            answer = person.json(tmp_path, *words)
            assert answer.status == 0, answer.out


def test_atoms_of_a_real_repository_are_locked_fetched_and_verified(
    name: str, path: Path, tmp_path: Path
) -> None:
    person, url = Person(tmp_path / "home"), f"file://{path.resolve()}"
    labels = sorted({atom["label"] for atom in ATOMS if atom["repo"] == name})
    codes: dict[str, str] = {}
    for number, label in enumerate(labels):
        app = tmp_path / f"app{number}"
        app.mkdir()
        (app / "atom.toml").write_text('[package]\nlabel = "app"\nversion = "1.0.0"\n')
        added = person.json(app, "add", f"{url}::{label}")
        codes[label] = added.code if added.status else ""
        if added.status == 0:
            person.does(app, "lock", "--locked", "--offline")
            assert person.json(app, "fetch").status == 0
            assert person.json(app, "verify").document["sound"] is True

    # Locks of version 1 do not pin direct sources as ours do, and other sources may be away.
    known = {"", "dependency-lock-missing", "network-failed", "unsatisfiable"}
    assert set(codes.values()) <= known, codes
    assert "" in codes.values(), codes


def test_real_atoms_come_out_of_their_sources_with_the_same_commits(
    name: str, path: Path, tmp_path: Path
) -> None:
    repository = WorkRepository.open(path, GitRunner("git", os.environ, tmp_path))
    known = {atom["ref"]: atom for atom in ATOMS if atom["repo"] == name}
    made: dict[str, str] = {}
    with repository.reader() as reader:
        for origin in {atom["origin"] for atom in known.values()}:
            try:
                source = read_source_set(repository, ObjectId(origin), reader, Aliases())
            except NotASet:
                continue  # before sets had a manifest
            for atom in source.atoms:
                ref = atom_ref(atom.label, atom.version, RefLayout.EKA)
                if known.get(ref, {}).get("origin") != origin:
                    continue
                commit_format = CommitFormat(known[ref]["format"])
                commit = AtomCommit(
                    format=commit_format,
                    tree=atom.tree,
                    origin=source.commit,
                    label=atom.label,
                    version=atom.version,
                    path=None if commit_format is CommitFormat.PRE1 else atom.path,
                )
                made[ref] = commit.id().hex

    assert {ref: known[ref]["commit"] for ref in made} == made
    assert made
