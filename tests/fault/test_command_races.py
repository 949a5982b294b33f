"""Two programs at one time: each ends well or says why, and nothing that was told is lost."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.kills import Ended, finish, start
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path, person: Person) -> Village:
    made = Village(tmp_path)
    made.publish(person)
    return made


def at_once(person: Person, go: Path, *calls: tuple[Path, Sequence[str]]) -> list[Ended]:
    """Start programs that all begin when everything is loaded."""
    children = [start(person, where, *words, go=go) for where, words in calls]
    go.touch()
    return [finish(child) for child in children]


def wanted(app: Path) -> dict[str, str]:
    """Return the dependencies of a manifest by label."""
    document = tomllib.loads((app / "atom.toml").read_text())
    groups: dict[str, dict[str, str]] = document.get("deps", {}).get("from", {})
    return {label: text for group in groups.values() for label, text in group.items()}


def locked(app: Path) -> set[str]:
    """Return the labels of the atoms in a lock."""
    document = tomllib.loads((app / "atom.lock").read_text())
    return {atom["label"] for atom in document["atom"]}


def test_r05_two_adds_at_once_both_succeed(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    village.atom("tree")
    village.publish(person)
    for number in range(rounds(4, 40)):
        app = tmp_path / f"app{number}"
        person.does(tmp_path, "new", app.name)

        ended = at_once(
            person,
            tmp_path / f"go{number}",
            *((app, ["add", f"{village.url}::{label}@^1"]) for label in ("greet", "tree")),
        )

        assert [each.status for each in ended] == [0, 0], ended
        assert wanted(app) == {"greet": "^1", "tree": "^1"}
        assert locked(app) == {"greet", "shell", "tree"}
        assert person.eka(app, "lock", "--locked").status == 0
        assert sorted(path.name for path in app.iterdir()) == ["atom.lock", "atom.toml"]


def test_the_same_atom_added_twice_at_once_is_there_once(
    person: Person, village: Village, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    person.does(tmp_path, "new", "app")
    words = ["add", f"{village.url}::greet@^1"]

    ended = at_once(person, tmp_path / "go", (app, words), (app, words))

    assert [each.status for each in ended] == [0, 0], ended
    assert wanted(app) == {"greet": "^1"}
    assert person.eka(app, "lock", "--locked").status == 0


def test_builds_of_one_project_at_once_give_one_result(
    person: Person, village: Village, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    person.does(tmp_path, "new", "app")
    person.does(app, "add", f"{village.url}::greet@^1")

    ended = at_once(person, tmp_path / "go", *([(app, ["build", "greet", "--json"])] * 3))

    assert [each.status for each in ended] == [0, 0, 0], ended
    documents = [json.loads(each.out) for each in ended]
    assert sum(document["built"] for document in documents) == 1
    assert len({document["outputs"][0]["path"] for document in documents}) == 1


@pytest.fixture
def clones(village: Village) -> tuple[Path, Path]:
    """Two working copies of the monorepo."""
    other = village.root / "other"
    git(village.root, "clone", "-q", str(village.server), str(other))
    return village.mono, other


def commit(clone: Path, version: str, word: str) -> None:
    """Give the atom ``tree`` a version and a content, and push the commit to a branch."""
    (clone / "tree").mkdir(exist_ok=True)
    manifest = f'[package]\nlabel = "tree"\nversion = "{version}"\n'
    (clone / "tree" / "atom.toml").write_text(manifest)
    (clone / "tree" / "word").write_text(word)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", f"Change {word}")
    git(clone, "push", "-q", "origin", f"HEAD:refs/heads/{clone.name}")


@pytest.mark.spec("publish-race", "publish-immutable")
def test_r04_of_two_contents_for_one_version_exactly_one_is_published(
    person: Person,
    clones: tuple[Path, Path],
    village: Village,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
) -> None:
    for number in range(rounds(5, 50)):
        version = f"1.{number}.0"
        for clone in clones:
            commit(clone, version, f"{clone.name} {number}")

        words = ["publish", "tree", "--json"]
        ended = at_once(person, tmp_path / f"go{number}", *((clone, words) for clone in clones))

        assert sorted(each.status for each in ended) == [0, 6], ended
        won = [each.status for each in ended].index(0)
        loser = json.loads(ended[1 - won].out)
        assert loser["error"]["code"] == "version-conflict"
        commit_id = json.loads(ended[won].out)["atoms"][0]["commit"]
        ref = f"refs/atoms/tree/{version}"
        assert git(village.server, "rev-parse", ref) == commit_id
        assert git(clones[won], "rev-parse", ref) == commit_id
        assert git(clones[1 - won], "for-each-ref", ref) == ""
    for repository in (*clones, village.server):
        assert git(repository, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("publish-race")
def test_different_atoms_of_one_commit_are_published_side_by_side(
    person: Person,
    clones: tuple[Path, Path],
    village: Village,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
) -> None:
    first, second = clones
    for number in range(rounds(5, 50)):
        version = f"2.{number}.0"
        village.atom("tree", version=version)
        village.atom("house", version=version)
        village.commit()
        git(first, "push", "-q", "origin", "HEAD:refs/heads/main")
        git(second, "pull", "-q", "origin", "main")

        ended = at_once(
            person,
            tmp_path / f"go{number}",
            (first, ["publish", "tree"]),
            (second, ["publish", "house"]),
        )

        assert [each.status for each in ended] == [0, 0], ended
        for label in ("tree", "house"):
            assert git(village.server, "for-each-ref", f"refs/atoms/{label}/{version}") != ""
