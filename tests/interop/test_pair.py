from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from eka.hashing import digest
from eka.workflow.pair import NOTE, project_lock, repair, replace_file, write_files

if TYPE_CHECKING:
    from pathlib import Path

OLD = {"atom.toml": b"old manifest\n", "atom.lock": b"old lock\n"}
NEW = {"atom.toml": b"new manifest\n", "atom.lock": b"new lock\n"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in OLD.items():
        (tmp_path / name).write_bytes(text)
    return tmp_path


def note() -> bytes:
    return json.dumps(
        {
            name: {"old": digest(OLD[name]).hex(), "new": text.decode()}
            for name, text in NEW.items()
        }
    ).encode()


def contents(project: Path) -> dict[str, bytes]:
    return {name: (project / name).read_bytes() for name in NEW}


def test_both_files_change_and_nothing_is_left_beside_them(project: Path) -> None:
    with project_lock(project):
        write_files(project, NEW)

    assert contents(project) == NEW
    assert sorted(path.name for path in project.iterdir()) == ["atom.lock", "atom.toml"]


def test_a_file_that_was_absent_is_made(tmp_path: Path) -> None:
    with project_lock(tmp_path):
        write_files(tmp_path, NEW)

    assert contents(tmp_path) == NEW


def test_an_update_that_was_noted_is_finished_later(project: Path) -> None:
    (project / NOTE).write_bytes(note())
    (project / "atom.toml").write_bytes(NEW["atom.toml"])

    assert repair(project)

    assert contents(project) == NEW
    assert not (project / NOTE).exists()
    assert not repair(project)


def test_a_file_that_a_person_edited_meanwhile_is_left_alone(project: Path) -> None:
    (project / NOTE).write_bytes(note())
    (project / "atom.toml").write_bytes(b"edited by hand\n")

    repair(project)

    assert (project / "atom.toml").read_bytes() == b"edited by hand\n"
    assert not (project / NOTE).exists()


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"atom.toml": 1}', b"\xff"])
def test_a_note_that_is_none_is_thrown_away(project: Path, text: bytes) -> None:
    (project / NOTE).write_bytes(text)

    repair(project)

    assert contents(project) == OLD
    assert not (project / NOTE).exists()


def test_a_note_cannot_reach_outside_the_project(project: Path) -> None:
    outside = project.parent / "canary"
    harmful = {"../canary": {"old": "", "new": "harm"}}
    (project / NOTE).write_bytes(json.dumps(harmful).encode())

    repair(project)

    assert not outside.exists()


def test_permissions_are_kept(project: Path) -> None:
    path = project / "atom.toml"
    path.chmod(0o640)

    replace_file(path, b"x")

    assert path.stat().st_mode & 0o777 == 0o640


def test_leftovers_of_killed_writers_are_swept(project: Path) -> None:
    (project / ".atom.lock.999999.tmp").write_bytes(b"half")

    with project_lock(project):
        write_files(project, NEW)

    assert not list(project.glob(".*.tmp"))
