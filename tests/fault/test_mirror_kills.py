"""Mirrors, vendored directories and what was seen first, when eka is killed at any moment."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.kills import finish, measure, rounds_of, start
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def village(calm_village: Village) -> Village:
    return calm_village


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def app(village: Village, person: Person, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1")
    return tmp_path / "app"


def refs(repository: Path) -> dict[str, str]:
    lines = git(repository, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


@pytest.mark.spec("mirror-again")
def test_a_killed_mirror_is_usable_or_completed_by_the_next_run(
    person: Person, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["mirror", "../m"]
    measured = measure(person, app, *words, notes=tmp_path / "notes")
    whole = refs(tmp_path / "m")
    for each in rounds_of(rounds(5, 60), spares_children=True):
        shutil.rmtree(tmp_path / "m", ignore_errors=True)

        each.kill(person, app, *words, measured=measured)
        if (tmp_path / "m").exists():
            assert refs(tmp_path / "m").items() <= whole.items()
            assert git(tmp_path / "m", "fsck", "--strict", "--no-dangling") == ""
        answer = person.json(app, *words)

        assert answer.status == 0, answer
        assert refs(tmp_path / "m") == whole
        assert git(tmp_path / "m", "fsck", "--strict", "--no-dangling") == ""
        assert not list((tmp_path / "m/refs").rglob("*.lock"))
        assert not list(tmp_path.glob(".m.*"))


@pytest.mark.spec("vendor-whole")
def test_a_killed_vendor_leaves_whole_directories_and_is_completed(
    village: Village, person: Person, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["vendor", "vendor"]
    measured = measure(person, app, *words, notes=tmp_path / "notes")
    new = (app / "atom.lock").read_bytes(), (app / "atom.toml").read_bytes()
    record = (app / "vendor/vendored.json").read_bytes()
    person.does(app, "add", f"{village.url}::greet@=1.0.0")
    person.does(app, *words)
    shutil.copytree(app / "vendor", tmp_path / "old", symlinks=True)
    (app / "atom.lock").write_bytes(new[0])
    (app / "atom.toml").write_bytes(new[1])
    for each in rounds_of(rounds(6, 60)):
        shutil.rmtree(app / "vendor")
        shutil.copytree(tmp_path / "old", app / "vendor", symlinks=True)

        each.kill(person, app, *words, measured=measured)
        visible = {path.name for path in (app / "vendor").iterdir() if path.name[0] != "."}
        answer = person.json(app, *words)

        assert visible <= {"greet-1.0.0", "greet-1.1.0", "shell-1.0.0", "vendored.json"}
        assert answer.status == 0, answer.out
        assert {path.name for path in (app / "vendor").iterdir()} == {
            "greet-1.1.0",
            "shell-1.0.0",
            "vendored.json",
        }
        assert (app / "vendor/vendored.json").read_bytes() == record
        assert person.json(app, *words, "--check").status == 0


@pytest.mark.spec("seen-torn", "listing-remembered")
def test_a_killed_query_leaves_a_log_and_a_listing_that_the_next_can_use(
    village: Village, person: Person, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["versions", f"{village.url}::shell"]
    measured = measure(Person(tmp_path / "other"), app, *words, notes=tmp_path / "notes")
    (log,) = (person.home / ".state/eka/first-seen").glob("*.jsonl")
    begun = log.read_bytes().partition(b"\n")[0] + b'\n{"seen":"half of a'
    for each in rounds_of(rounds(6, 60), spares_children=True):
        log.write_bytes(begun)

        each.kill(person, app, *words, measured=measured)
        answer = person.json(app, *words)
        offline = person.json(app, *words, "--offline")

        assert (answer.status, offline.status) == (0, 0), answer
        assert answer.document["versions"] == offline.document["versions"]
        torn = 0
        for line in log.read_bytes().splitlines():
            try:
                json.loads(line)
            except ValueError:
                torn += 1
        assert torn in (1, 2)  # the one that was there, and perhaps that of the kill
        assert log.read_bytes().endswith(b"\n")


@pytest.mark.spec("listing-remembered", "seen-log")
def test_many_processes_at_once_remember_all_that_each_of_them_learned(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    person, mono = Person(tmp_path / "home"), Village(tmp_path / "set")
    labels = [f"a{number}" for number in range(rounds(6, 40))]
    for label in labels:
        mono.atom(label)
    mono.publish(person)
    shutil.rmtree(person.home / ".state", ignore_errors=True)
    go = tmp_path / "go"

    children = [
        start(person, tmp_path, "versions", f"{mono.url}::{label}", go=go) for label in labels
    ]
    go.touch()
    ended = [finish(child) for child in children]

    assert all(each.is_done for each in ended), ended
    for label in labels:
        assert person.json(tmp_path, "versions", f"{mono.url}::{label}", "--offline").status == 0
    (log,) = (person.home / ".state/eka/first-seen").glob("*.jsonl")
    lines: list[dict[str, str]] = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(line["label"] for line in lines if "label" in line) == sorted(labels)
