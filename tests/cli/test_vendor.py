"""Atoms as plain directories: written safely, left alone, proved against the lock."""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FAILED, INTEGRITY, CONFLICT = 1, 5, 6


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


@pytest.fixture
def vendored(person: Person, app: Path) -> Path:
    person.does(app, "vendor", "vendor")
    return app / "vendor"


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time of change and content of everything below a directory."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.fsencode(path.readlink()) if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


@pytest.mark.spec("vendor-tree", "vendor-name", "vendor-record")
def test_each_locked_atom_becomes_a_directory_with_just_its_tree(
    village: Village, person: Person, app: Path
) -> None:
    answer = person.json(app, "vendor", "vendor")

    found = {path.name for path in (app / "vendor").iterdir()}
    assert found == {"greet-1.1.0", "shell-1.0.0", "vendored.json"}
    for label, name in (("greet", "greet-1.1.0"), ("shell", "shell-1.0.0")):
        theirs = {
            path: (mode & 0o100 and not stat.S_ISDIR(mode), data)
            for path, (mode, _, data) in state(village.mono / label).items()
        }
        mine = {
            path: (mode & 0o100 and not stat.S_ISDIR(mode), data)
            for path, (mode, _, data) in state(app / "vendor" / name).items()
        }
        assert mine == theirs
    modes = {stat.S_IMODE(m) for m, _, _ in state(app / "vendor").values() if stat.S_ISREG(m)}
    assert modes == {0o644, 0o755}
    record = json.loads((app / "vendor/vendored.json").read_text())
    lock = (app / "atom.lock").read_text()
    assert [row["directory"] for row in record["atoms"]] == ["greet-1.1.0", "shell-1.0.0"]
    for row in record["atoms"]:
        assert all(row[key] in lock for key in ("set", "id", "rev", "tree", "blake3"))
    assert answer.document["written"] == ["greet-1.1.0", "shell-1.0.0"]


@pytest.mark.spec("vendor-record")
def test_the_same_lock_gives_the_same_record(app: Path, vendored: Path, tmp_path: Path) -> None:
    stranger = Person(tmp_path / "stranger")

    stranger.does(app, "vendor", str(tmp_path / "elsewhere"))

    first, second = vendored / "vendored.json", tmp_path / "elsewhere/vendored.json"
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.spec("vendor-whole")
def test_a_second_run_writes_nothing(person: Person, app: Path, vendored: Path) -> None:
    before = state(vendored)

    answer = person.json(app, "vendor", "vendor")

    assert (answer.document["written"], answer.document["removed"]) == ([], [])
    assert state(vendored) == before


@pytest.mark.spec("vendor-whole")
def test_a_dry_run_writes_nothing_at_all(person: Person, app: Path) -> None:
    answer = person.json(app, "vendor", "vendor", "--dry-run")

    assert answer.document["written"] == ["greet-1.1.0", "shell-1.0.0"]
    assert not (app / "vendor").exists()


@pytest.mark.spec("vendor-check")
@pytest.mark.usefixtures("vendored")
def test_a_check_needs_neither_network_nor_cache(app: Path, tmp_path: Path) -> None:
    stranger = Person(tmp_path / "stranger")

    answer = stranger.json(app, "vendor", "vendor", "--check", "--offline")

    assert answer.status == 0, answer.out
    assert answer.document["checked"]
    assert not (stranger.home / ".cache/eka/objects.git").exists()


def word(vendored: Path) -> Path:
    return vendored / "greet-1.1.0/word"


def link(path: Path, target: str) -> None:
    """Put a link in the place of a file."""
    path.unlink()
    path.symlink_to(target)


def link_directory(path: Path) -> None:
    """Put a link to a directory in its place."""
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


EDITS: dict[str, Callable[[Path], object]] = {
    "a file changed": lambda place: word(place).write_text("evil\n"),
    "a file added": lambda place: (place / "greet-1.1.0/more").write_text(""),
    "a directory added": lambda place: (place / "greet-1.1.0/more").mkdir(),
    "a file removed": lambda place: word(place).unlink(),
    "a file made executable": lambda place: word(place).chmod(0o755),
    "a file made a link": lambda place: link(word(place), "atom.toml"),
    "a link that leads elsewhere": lambda place: link(place / "shell-1.0.0/bin/sh", "/bin/sh"),
    "a pipe": lambda place: os.mkfifo(place / "greet-1.1.0/pipe"),
    "a directory removed": lambda place: shutil.rmtree(place / "greet-1.1.0"),
    "a link for a directory": lambda place: link_directory(place / "greet-1.1.0"),
}


@pytest.mark.spec("vendor-check")
@pytest.mark.parametrize("edit", EDITS)
def test_a_check_finds_what_was_changed(
    person: Person, app: Path, vendored: Path, edit: str
) -> None:
    EDITS[edit](vendored)

    answer = person.json(app, "vendor", "vendor", "--check")

    assert (answer.status, answer.code) in {
        (INTEGRITY, "vendor-changed"),
        (INTEGRITY, "vendor-tree-unusable"),
    }


@pytest.mark.spec("vendor-check")
def test_a_check_against_another_lock_says_that_it_is_stale(
    village: Village, person: Person, app: Path, vendored: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@=1.0.0")

    missing = person.json(app, "vendor", "vendor", "--check")
    shutil.copytree(vendored, app / "copy")
    person.does(app, "vendor", "vendor")
    shutil.copy(app / "copy/vendored.json", vendored / "vendored.json")
    stale = person.json(app, "vendor", "vendor", "--check")

    assert missing.code == "vendor-changed"
    assert (stale.status, stale.code) == (FAILED, "vendor-stale")


@pytest.mark.spec("vendor-kept")
def test_what_is_not_locked_any_more_is_removed_and_nothing_else(
    village: Village, person: Person, app: Path, vendored: Path
) -> None:
    (vendored / "mine").mkdir()
    (vendored / "mine/notes").write_text("keep\n")
    person.does(app, "add", f"{village.url}::greet@=1.0.0")

    answer = person.json(app, "vendor", "vendor")

    assert answer.document["written"] == ["greet-1.0.0"]
    assert answer.document["removed"] == ["greet-1.1.0"]
    names = {path.name for path in vendored.iterdir()}
    assert names == {"greet-1.0.0", "shell-1.0.0", "mine", "vendored.json"}


@pytest.mark.spec("vendor-kept")
def test_what_was_edited_is_kept_unless_it_may_go(
    person: Person, app: Path, vendored: Path
) -> None:
    word(vendored).write_text("mine\n")

    refused = person.json(app, "vendor", "vendor")
    kept = word(vendored).read_text()
    forced = person.json(app, "vendor", "vendor", "--force")

    assert (refused.status, refused.code) == (INTEGRITY, "vendor-changed")
    assert kept == "mine\n"
    assert forced.document["written"] == ["greet-1.1.0"]
    assert person.json(app, "vendor", "vendor", "--check").status == 0


@pytest.mark.spec("vendor-kept")
def test_an_edited_directory_that_is_not_locked_any_more_is_never_removed(
    village: Village, person: Person, app: Path, vendored: Path
) -> None:
    word(vendored).write_text("mine\n")
    person.does(app, "add", f"{village.url}::greet@=1.0.0")

    answer = person.json(app, "vendor", "vendor", "--force")

    assert (answer.status, answer.code) == (INTEGRITY, "vendor-changed")
    assert word(vendored).read_text() == "mine\n"


@pytest.mark.spec("vendor-kept")
@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_what_eka_did_not_write_is_in_the_way(
    person: Person, app: Path, tmp_path: Path, kind: str
) -> None:
    place = app / "vendor/greet-1.1.0"
    place.parent.mkdir()
    canary = tmp_path / "canary"
    canary.mkdir()
    if kind == "directory":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine\n")
    else:
        place.symlink_to(canary)

    answer = person.json(app, "vendor", "vendor", "--force")

    assert (answer.status, answer.code) == (CONFLICT, "vendor-place-taken")
    assert list(canary.iterdir()) == []


@pytest.mark.spec("vendor-kept")
@pytest.mark.parametrize("name", ["mine", "../outside", ".git", "", "greet-1.1.0/word"])
def test_a_forged_record_removes_nothing(
    person: Person, app: Path, vendored: Path, name: str
) -> None:
    (vendored / "mine").mkdir()
    (app / "outside").mkdir()
    record = json.loads((vendored / "vendored.json").read_text())
    record["atoms"].append({**record["atoms"][0], "directory": name})
    (vendored / "vendored.json").write_text(json.dumps(record))

    answer = person.json(app, "vendor", "vendor", "--force")

    assert answer.status == 0, answer.out
    assert (vendored / "mine").is_dir()
    assert (app / "outside").is_dir()
    assert word(vendored).exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"atoms": [{"directory": 1}]}'])
def test_a_record_that_is_none_is_an_error(
    person: Person, app: Path, vendored: Path, text: str
) -> None:
    (vendored / "vendored.json").write_text(text)

    answer = person.json(app, "vendor", "vendor")

    assert (answer.status, answer.code) == (CONFLICT, "vendor-place-taken")


@pytest.mark.spec("vendor-name")
def test_atoms_of_two_sets_with_one_name_get_different_directories(
    person: Person, app: Path, tmp_path: Path
) -> None:
    other = Village(tmp_path / "other")
    other.write("README", "another history\n")
    other.publish(person)
    person.does(app, "add", f"{other.url}::shell@^1", "--set", "other")

    answer = person.json(app, "vendor", "vendor")

    shells = [each for each in answer.document["atoms"] if each["label"] == "shell"]
    assert {each["directory"] for each in shells} == {
        f"shell-1.0.0-{each['set'][:12]}" for each in shells
    }
    assert person.json(app, "vendor", "vendor", "--check").status == 0
