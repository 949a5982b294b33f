"""Publish, query, add, lock, verify, build and run, told as one story."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.story import Person, Village, git


@pytest.fixture(scope="module")
def village(published: Village) -> Village:
    return published


@pytest.fixture(scope="module")
def app(person: Person, village: Village) -> Path:
    person.does(person.home, "new", "app")
    person.does(person.home / "app", "add", f"{village.url}::greet@^1")
    return person.home / "app"


def test_publishing_leaves_one_ref_per_version_and_the_refs_of_the_set(village: Village) -> None:
    refs = git(village.server, "for-each-ref", "--format=%(refname)").split()

    assert [ref for ref in refs if ref.startswith("refs/atoms/")] == [
        "refs/atoms/greet/1.0.0",
        "refs/atoms/shell/1.0.0",
    ]
    assert sum(ref.startswith("refs/ekala/origins/") for ref in refs) == 1
    assert "refs/ekala/init" in refs
    git(village.server, "fsck", "--strict")


def test_publishing_again_changes_nothing(person: Person, village: Village) -> None:
    before = git(village.server, "for-each-ref")

    answer = person.json(village.mono, "publish", "--all")

    assert {atom["status"] for atom in answer.document["atoms"]} == {"unchanged"}
    assert git(village.server, "for-each-ref") == before


def test_versions_are_listed_newest_first(person: Person, village: Village) -> None:
    answer = person.json(person.home, "versions", f"{village.url}::greet")

    assert [each["version"] for each in answer.document["versions"]] == ["1.0.0"]


def test_adding_pins_the_whole_closure(person: Person, app: Path) -> None:
    lock = (app / "atom.lock").read_text()

    assert 'greet = "^1"' in (app / "atom.toml").read_text()
    assert 'label = "shell"' in lock
    assert person.eka(app, "lock", "--locked").status == 0
    assert (app / "atom.lock").read_text() == lock


def test_verify_proves_every_level(person: Person, app: Path) -> None:
    answer = person.json(app, "verify")

    assert answer.status == 0
    levels = {
        (level["level"], level["status"])
        for atom in answer.document["atoms"]
        for level in atom["levels"]
    }
    assert ("signature", "absent") in levels  # nobody signed, and nobody asks for it
    assert {status for level, status in levels if level != "signature"} == {"ok"}


def test_a_second_build_does_no_work(person: Person, app: Path) -> None:
    first = person.json(app, "build", "greet").document
    second = person.json(app, "build", "greet").document

    assert first["outputs"] == second["outputs"]
    assert (first["built"], second["built"]) == (1, 0)


def test_another_store_gives_the_same_output(person: Person, app: Path) -> None:
    first = person.json(app, "build", "greet", "--no-link").document
    second = person.json(app, "build", "greet", "--no-link", "--store", "../other").document

    assert second["built"] == 1
    assert [each["content"] for each in first["outputs"]] == [
        each["content"] for each in second["outputs"]
    ]


def test_run_starts_the_program_and_passes_its_status(person: Person, app: Path) -> None:
    command = [str(Path(sys.executable).with_name("eka")), "run", "greet", "--", "you"]

    done = subprocess.run(
        command, cwd=app, env=person.environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "hello you\n")


def test_what_is_built_offline_needs_no_server(
    person: Person, village: Village, app: Path
) -> None:
    hidden = village.server.with_name("hidden.git")
    village.server.rename(hidden)
    try:
        answer = person.json(app, "build", "greet", "--frozen", "--store", "../offline")
    finally:
        hidden.rename(village.server)

    assert answer.status == 0, answer.out


@pytest.mark.parametrize(
    "words",
    [
        ["init", "--dry-run"],
        ["lock", "--dry-run"],
        ["publish", "--all", "--dry-run"],
        ["info", "SERVER::greet"],
        ["verify", "SERVER"],
    ],
)
def test_documents_of_the_publisher_follow_their_schemas(
    person: Person, village: Village, words: list[str]
) -> None:
    words = [word.replace("SERVER", village.url) for word in words]

    assert person.json(village.mono, *words).status == 0


@pytest.mark.parametrize(
    "words",
    [
        ["info"],
        ["fetch"],
        ["add", "SERVER::shell", "--dry-run"],
        ["build", "greet", "--plan"],
        ["run", "greet"],
        ["new", "other", "--dry-run"],
        ["lock", "--locked"],
    ],
)
def test_documents_of_the_user_follow_their_schemas(
    person: Person, village: Village, app: Path, words: list[str]
) -> None:
    words = [word.replace("SERVER", village.url) for word in words]

    assert person.json(app, *words).status == 0
