"""A bump of a whole set is killed before each of its last steps, raced, and met half done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.hashing import digest
from eka.workflow.pair import project_lock
from eka.workflow.set_files import SET_NOTE, FileChange, noted_root, repair_set, write_set
from tests.kills import finish, measure, start
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUMP = ("bump", "shell", "major", "--dependents")
LOOK = ("bump", "shell", "major", "--dry-run", "--json")
# The note, two manifests, a lock, and cleaning up.
LAST_STEPS = 22


def files(village: Village) -> dict[str, bytes]:
    """Return the manifests and locks of the set."""
    found = [*village.mono.glob("*/atom.toml"), *village.mono.glob("*/atom.lock")]
    return {path.relative_to(village.mono).as_posix(): path.read_bytes() for path in found}


@pytest.mark.spec("bump-together")
def test_a_killed_bump_has_changed_all_files_or_none(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    person, village = Person(tmp_path / "home"), Village(tmp_path / "village")
    village.commit()
    person.does(village.mono, "init")
    person.does(village.mono, "lock")
    village.commit("Lock")
    old = files(village)
    finish(start(person, village.mono, *BUMP, step="-"))  # what is made once in a home
    git(village.mono, "checkout", "-q", ".")
    measured = measure(person, village.mono, *BUMP, notes=tmp_path / "notes")
    new = files(village)
    first = max(0, measured.steps - rounds(LAST_STEPS, measured.steps))
    seen: set[str] = set()
    for step in range(first, measured.steps):
        git(village.mono, "checkout", "-q", ".")

        ended = finish(start(person, village.mono, *BUMP, step=str(step)))
        met = files(village)
        person.does(village.mono, *LOOK)
        after = files(village)

        assert ended.status < 0
        assert after in (old, new), step
        seen.add("old" if after == old else "new")
        if met not in (old, new):
            seen.add("mixed")
        assert not (village.mono / SET_NOTE).exists()
    assert seen == {"old", "new", "mixed"}
    person.does(village.mono, "bump", "shell", "9.0.0", "--dependents")
    assert not list(village.mono.rglob(".*.tmp"))


def project(root: Path, name: str, text: bytes = b"old") -> Path:
    """Return a file of a project below a root."""
    path = root / name / "atom.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    return path


def note(root: Path, changes: dict[str, tuple[bytes, str]]) -> None:
    """Write what a killed writer leaves."""
    said = {name: {"old": digest(old).hex(), "new": new} for name, (old, new) in changes.items()}
    (root / SET_NOTE).write_text(json.dumps(said))


@pytest.mark.spec("bump-together")
def test_whoever_comes_next_finishes_all_of_it(tmp_path: Path) -> None:
    one, two = project(tmp_path, "one"), project(tmp_path, "deep/two")
    note(tmp_path, {"one/atom.toml": (b"old", "new"), "deep/two/atom.toml": (b"old", "newer")})

    assert repair_set(two.parent)

    assert (one.read_bytes(), two.read_bytes()) == (b"new", b"newer")
    assert noted_root(two.parent) is None
    assert not repair_set(two.parent)


@pytest.mark.spec("bump-together")
def test_what_somebody_wrote_in_between_stays(tmp_path: Path) -> None:
    one, two = project(tmp_path, "one", b"edited"), project(tmp_path, "two")
    note(tmp_path, {"one/atom.toml": (b"old", "new"), "two/atom.toml": (b"old", "new")})

    repair_set(one.parent)

    assert (one.read_bytes(), two.read_bytes()) == (b"edited", b"new")


@pytest.mark.spec("bump-together")
def test_a_file_that_changed_before_the_write_stops_all(tmp_path: Path) -> None:
    one, two = project(tmp_path, "one"), project(tmp_path, "two")
    changes = [FileChange(one, b"old", b"new"), FileChange(two, b"other", b"new")]

    with pytest.raises(EkaError) as caught:
        write_set(tmp_path, changes)

    assert caught.value.code == "files-moved"
    assert (one.read_bytes(), two.read_bytes()) == (b"old", b"old")
    assert not (tmp_path / SET_NOTE).exists()


def test_locking_a_project_finishes_what_waits_in_its_set(tmp_path: Path) -> None:
    one, two = project(tmp_path, "one"), project(tmp_path, "two")
    note(tmp_path, {"one/atom.toml": (b"old", "new"), "two/atom.toml": (b"old", "new")})

    with project_lock(one.parent):
        seen = one.read_bytes(), two.read_bytes()

    assert seen == (b"new", b"new")


def test_a_project_at_the_root_is_finished_as_well(tmp_path: Path) -> None:
    root = tmp_path / "atom.toml"
    root.write_bytes(b"old")
    note(tmp_path, {"atom.toml": (b"old", "new")})

    with project_lock(tmp_path):
        seen = root.read_bytes()

    assert seen == b"new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 10_000,
        '{"one/atom.toml": 1}',
        '{"one/atom.toml": {"old": 1, "new": "x"}}',
        '{"../out/atom.toml": {"old": "", "new": "x"}}',
        '{"/etc/atom.toml": {"old": "", "new": "x"}}',
        '{"link/atom.toml": {"old": "", "new": "x"}}',
        '{"one/other": {"old": "", "new": "x"}}',
        '{"none/atom.toml": {"old": "", "new": "x"}}',
    ],
)
def test_a_note_of_a_stranger_writes_nothing_and_is_gone(tmp_path: Path, text: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "out"
    outside.mkdir()
    one = project(root, "one")
    (root / "link").symlink_to(outside)
    (root / SET_NOTE).write_text(text)

    repair_set(one.parent)

    assert one.read_bytes() == b"old"
    assert list(outside.iterdir()) == []
    assert sorted(path.name for path in root.iterdir()) == ["link", "one"]


def test_a_note_above_the_repository_is_not_read(tmp_path: Path) -> None:
    one = project(tmp_path / "repository", "one")
    (tmp_path / "repository" / ".git").mkdir()
    note(tmp_path, {"repository/one/atom.toml": (b"old", "new")})

    assert not repair_set(one.parent)

    assert one.read_bytes() == b"old"
