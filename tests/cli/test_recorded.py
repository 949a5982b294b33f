"""Resolutions on record: used while nothing they rest on has changed, and only then."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from eka.workflow import recorded
from tests.fakes.big_world import BASE, BigWorld, Shape
from tests.story import Person, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.story import Answer


class Desk:
    """Somebody with a project, locked once; counts the resolutions that follow."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = BigWorld(root / "server", Shape(repositories=4, atoms=12, layers=3))
        home = root / "home"
        home.mkdir()
        (home / "gitconfig").write_text(BigWorld.settings(f"file://{self.world.root}"))
        self.person = Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))
        self.app = self.world.project(root / "app")
        self.found = 0
        lock = recorded.Recorded.lock

        def counted(self_: recorded.Recorded, find: Callable[..., object]) -> object:
            def finds(services: object) -> object:
                self.found += 1
                return find(services)

            return lock(self_, finds)  # type: ignore[arg-type]  # passed on as it came

        monkeypatch.setattr(recorded.Recorded, "lock", counted)
        assert self.lock().status == 0
        self.found = 0

    @property
    def lock_path(self) -> Path:
        return self.app / "atom.lock"

    @property
    def records(self) -> Path:
        return self.person.home / ".cache/eka/resolutions"

    def lock(self, *words: str) -> Answer:
        return self.person.json(self.app, "lock", *words)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.mark.spec("flow-recorded")
@pytest.mark.parametrize("words", [(), ("--offline",), ("--frozen",), ("--dry-run",)])
def test_a_lock_that_was_found_right_is_right_still(desk: Desk, words: tuple[str, ...]) -> None:
    before = desk.lock_path.read_bytes()

    answer = desk.lock(*words)

    assert (answer.status, desk.found) == (0, 0)
    assert answer.document["projects"][0]["written"] is False
    assert desk.lock_path.read_bytes() == before


@pytest.mark.spec("flow-recorded")
def test_a_lost_lock_comes_back_offline(desk: Desk) -> None:
    before = desk.lock_path.read_bytes()
    desk.lock_path.unlink()

    answer = desk.lock("--offline")

    assert (answer.status, desk.found) == (0, 0)
    assert desk.lock_path.read_bytes() == before
    listings = answer.document["listings"]
    assert [each["source"] for each in listings] == [f"{BASE}r{at}.git" for at in range(4)]
    assert answer.document["projects"][0]["written"] is True


@pytest.mark.spec("flow-recorded")
def test_a_lost_lock_is_found_anew_where_sources_can_be_asked(desk: Desk) -> None:
    desk.lock_path.unlink()

    assert desk.lock().status == 0
    assert desk.found == 1


def edit_manifest(desk: Desk) -> None:
    path = desk.app / "atom.toml"
    path.write_text(path.read_text().replace('"*"', '">=0"'))


def edit_lock(desk: Desk) -> None:
    desk.lock_path.write_bytes(
        desk.lock_path.read_bytes().replace(b"requires = [", b"requires=[", 1)
    )


def list_again(desk: Desk) -> None:
    git(desk.world.root / "r0.git", "update-ref", "-d", "refs/atoms/a0/0.1.0")
    desk.person.does(desk.app, "list", f"{BASE}r0.git")


def damage(desk: Desk) -> None:
    for path in desk.records.glob("*.json"):
        path.write_text('{"state": 1}')


def rewrite(desk: Desk) -> None:
    for path in desk.records.glob("*.json"):
        record = json.loads(path.read_text())
        record["lock"] = "0" * 64
        path.write_text(json.dumps(record))


def lose_records(desk: Desk) -> None:
    shutil.rmtree(desk.records)
    desk.records.write_text("in the way")


CHANGES = {
    "the manifest says something else": edit_manifest,
    "the lock says something else": edit_lock,
    "a source was listed again": list_again,
    "the record is damaged": damage,
    "the record names what is not there": rewrite,
    "there can be no records": lose_records,
}


@pytest.mark.spec("flow-recorded")
@pytest.mark.parametrize("change", CHANGES)
def test_a_record_says_nothing_once(change: str, desk: Desk) -> None:
    CHANGES[change](desk)

    answer = desk.lock("--offline")

    assert (answer.status, desk.found) == (0, 1), answer.out


@pytest.mark.spec("flow-recorded")
@pytest.mark.parametrize(
    "words", [("--update",), ("--refresh",), ("--accept-changed", "a0@9.9.9")]
)
def test_who_wants_something_else_gets_no_record(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk.lock(*words).status == 0
    assert desk.found == 1


@pytest.mark.spec("flow-recorded")
def test_atoms_that_left_the_cache_are_fetched_again(desk: Desk) -> None:
    shutil.rmtree(desk.person.home / ".cache/eka/objects.git")

    answer = desk.lock()

    assert (answer.status, desk.found) == (0, 1)
    assert (desk.person.home / ".cache/eka/objects.git").is_dir()


@pytest.mark.spec("flow-recorded")
def test_what_something_had_to_be_told_about_is_not_recorded(desk: Desk) -> None:
    shutil.rmtree(desk.records)
    desk.lock_path.unlink()

    told = [desk.person.eka(desk.app, "lock", "--offline").err for _ in range(3)]

    assert "listed" in told[0]
    assert "listed" not in told[1] + told[2]
    assert desk.found == 2


def test_only_so_many_records_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MOST_RECORDS", 3)

    for place in ("one", "two"):
        shutil.copytree(desk.app, desk.app.parent / place)
        (desk.app.parent / place / "atom.lock").unlink()
        desk.person.does(desk.app.parent / place, "lock")

    assert len(list(desk.records.iterdir())) == 3


def test_the_ages_of_a_few_listings_are_told(desk: Desk) -> None:
    shutil.rmtree(desk.records)
    desk.lock_path.unlink()

    answer = desk.person.eka(desk.app, "lock", "--offline")

    notes = [line for line in answer.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 4
    assert notes[-1].endswith("--json says when")
