from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from eka.hashing import digest
from eka.workflow.durable import replace_file
from eka.workflow.pair import NOTE, project_lock, repair, write_files

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


@pytest.mark.parametrize("name", ["../pair-canary", "pair-canary", "..", ".", "", "/pair-canary"])
def test_a_note_changes_manifest_and_lock_alone(project: Path, name: str) -> None:
    harmful = {name: {"old": "", "new": "harm"}}
    (project / NOTE).write_bytes(json.dumps(harmful).encode())

    repair(project)

    assert not list(project.parent.rglob("pair-canary"))
    assert sorted(path.name for path in project.iterdir()) == ["atom.lock", "atom.toml"]


def test_a_link_in_the_place_of_a_temporary_file_leads_nowhere(project: Path) -> None:
    outside = project.parent / "pair-canary"
    outside.write_bytes(b"precious")
    for name in (*OLD, NOTE):
        (project / f".{name}.{os.getpid()}.tmp").symlink_to(outside)

    with project_lock(project):
        write_files(project, NEW)

    assert outside.read_bytes() == b"precious"
    assert contents(project) == NEW


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(project: Path) -> None:
    outside = project.parent / "pair-canary"
    outside.write_bytes(b"precious")
    (project / "atom.lock").unlink()
    (project / "atom.lock").symlink_to(outside)

    with project_lock(project):
        write_files(project, NEW)

    assert outside.read_bytes() == b"precious"
    assert contents(project) == NEW


def test_whoever_waited_for_a_killed_writer_finds_its_update_finished(project: Path) -> None:
    (project / NOTE).write_bytes(note())

    with project_lock(project):
        assert contents(project) == NEW


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


def test_leftovers_of_killed_writers_are_swept_by_readers_too(project: Path) -> None:
    (project / ".atom.lock.999999.tmp").write_bytes(b"half")
    (project / f".{NOTE}.999999.tmp").write_bytes(b"half")

    assert not repair(project)

    assert sorted(path.name for path in project.iterdir()) == ["atom.lock", "atom.toml"]


def test_a_reader_leaves_the_files_of_a_busy_writer_alone(project: Path) -> None:
    temporary = project / ".atom.lock.999999.tmp"

    with project_lock(project):
        temporary.write_bytes(b"half")
        assert not repair(project)

    assert temporary.exists()
