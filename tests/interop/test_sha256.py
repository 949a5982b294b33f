"""Sets in SHA-256 repositories: published and listed, but refused where atoms are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

READING = [
    ("verify", "{url}"),
    ("verify", "{url}::zlib"),
    ("info", "{url}::zlib"),
    ("diff", "{url}::zlib@1.0.0", "{url}::zlib@1.0.0"),
    ("add", "{url}::zlib"),
    ("lock",),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, Path, str]:
    """A person, a project of theirs that depends on a published set, and the set's URL."""
    root = tmp_path_factory.mktemp("sha256")
    person, mono, server = Person(root / "home"), root / "mono", root / "server.git"
    git(root, "init", "-q", "--bare", "--object-format=sha256", "-b", "main", str(server))
    git(root, "init", "-q", "--object-format=sha256", "-b", "main", str(mono))
    git(mono, "remote", "add", "origin", str(server))
    (mono / "zlib").mkdir()
    (mono / "zlib/atom.toml").write_text('[package]\nlabel = "zlib"\nversion = "1.0.0"\n')
    (mono / "ekala.toml").write_text('[set]\npackages = ["zlib"]\n')
    git(mono, "add", ".")
    git(mono, "commit", "-q", "-m", "All")
    person.does(mono, "init")
    person.does(mono, "publish", "--all", "--push-source")
    url = f"file://{server}"
    app = root / "app"
    app.mkdir()
    (app / "atom.toml").write_text(
        '[package]\nlabel = "app"\nversion = "1.0.0"\n'
        f'[package.sets]\nset = "{url}"\n[deps.from.set]\nzlib = "^1"\n'
    )
    return person, app, url


def test_versions_of_a_published_set_are_listed(world: tuple[Person, Path, str]) -> None:
    person, app, url = world

    answer = person.json(app, "versions", f"{url}::zlib")

    (version,) = answer.document["versions"]
    assert (version["version"], len(version["commit"])) == ("1.0.0", 64)


def test_the_labels_of_a_published_set_are_listed(world: tuple[Person, Path, str]) -> None:
    person, app, url = world

    assert "zlib" in person.does(app, "list", url).out


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_command_that_reads_atoms_says_why_it_cannot(
    world: tuple[Person, Path, str], words: tuple[str, ...]
) -> None:
    person, app, url = world
    before = {path: path.read_bytes() for path in app.iterdir() if path.is_file()}

    answer = person.json(app, *(word.format(url=url) for word in words))

    error = answer.document["error"]
    assert (answer.status, answer.code) == (1, "unsupported-object-format")
    assert url in error["where"]
    assert "SHA-256" in error["what"]
    assert {path: path.read_bytes() for path in app.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("words", [("log", "{url}::zlib"), ("search", "zlib", "{url}")])
def test_a_command_that_can_answer_from_refs_says_what_it_could_not_read(
    world: tuple[Person, Path, str], words: tuple[str, ...]
) -> None:
    person, app, url = world

    answer = person.does(app, *(word.format(url=url) for word in words))

    assert "1.0.0" in answer.out
    assert "this repository names its objects by SHA-256" in answer.out + answer.err


def test_what_is_published_again_is_unchanged(world: tuple[Person, Path, str]) -> None:
    person, app, _ = world

    answer = person.does(app.parent / "mono", "publish", "--all")

    assert "unchanged" in answer.out + answer.err
