"""Pre-releases and yanked versions, from the first lock to the last update."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fakes.quick_set import QuickSet
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_NOT_FOUND = 1, 3
YANKED = b'{"schema":"eka.status/1","yanked":{"reason":"it leaks"}}\n'


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def far(tmp_path: Path) -> QuickSet:
    made = QuickSet(tmp_path / "far.git")
    made.release("other@1.0.0")
    return made


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def locked(app: Path) -> str:
    found = re.search(r'label = "lib"\nversion = "([^"]+)"', (app / "atom.lock").read_text())
    assert found is not None
    return found[1]


def yank(far: QuickSet, version: str) -> None:
    far.ref(f"refs/ekala/status/lib/{version}", far.blob(YANKED))


@pytest.mark.spec("resolution-prerelease")
@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("^1", "1.0.0"),
        ("*", "1.0.0"),
        (">=1.1.0-rc.1", "1.1.0-rc.2"),
        ("^1.1.0-rc.1", "1.1.0-rc.2"),
        ("=1.1.0-rc.1", "1.1.0-rc.1"),
        ("<2.0.0", "1.0.0"),
    ],
)
def test_a_pre_release_is_chosen_where_one_of_its_release_is_named(
    person: Person, far: QuickSet, app: Path, requirement: str, expected: str
) -> None:
    for version in ("1.0.0", "1.1.0-rc.1", "1.1.0-rc.2", "2.0.0-rc.1"):
        far.release(f"lib@{version}")
    (app / "atom.toml").write_text(far.project({"lib": requirement}))

    person.does(app, "lock")

    assert locked(app) == expected


@pytest.mark.spec("resolution-prerelease", "resolution-preferred")
def test_a_locked_pre_release_stays_until_its_release_is_wanted(
    person: Person, far: QuickSet, app: Path
) -> None:
    far.release("lib@1.1.0-rc.1")
    (app / "atom.toml").write_text(far.project({"lib": "^1.1.0-rc.1"}))
    person.does(app, "lock")
    far.release("lib@1.1.0-rc.2")
    far.release("lib@1.1.0")

    person.does(app, "lock", "--refresh")
    kept = locked(app)
    person.does(app, "update")

    assert (kept, locked(app)) == ("1.1.0-rc.1", "1.1.0")


@pytest.mark.spec("resolution-prerelease")
def test_where_there_are_pre_releases_only_that_is_said(
    person: Person, far: QuickSet, app: Path
) -> None:
    far.release("lib@1.0.0-rc.1")
    (app / "atom.toml").write_text(far.project({"lib": "^1"}))

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "no-matching-version")
    assert "1.0.0-rc.1" in answer.document["error"]["why"] + answer.document["error"]["fix"]


@pytest.mark.spec("status-skipped", "flow-kept")
def test_a_yanked_version_that_is_locked_stays_when_the_rest_changes_and_is_told(
    person: Person, far: QuickSet, app: Path
) -> None:
    far.release("lib@1.0.0")
    far.release("lib@1.1.0")
    (app / "atom.toml").write_text(far.project({"lib": "^1"}))
    person.does(app, "lock")
    yank(far, "1.1.0")
    (app / "atom.toml").write_text(far.project({"lib": ">=1", "other": "^1"}))

    told = person.does(app, "lock").err
    kept = locked(app)
    update = person.json(app, "update")

    assert "lib 1.1.0 is yanked: it leaks" in told
    assert "passed over" not in told
    assert (kept, locked(app)) == ("1.1.0", "1.0.0")
    assert [each["reason"] for each in update.document["passed_over"]] == ["yanked"]


@pytest.mark.spec("status-skipped")
def test_a_requirement_that_only_yanked_versions_meet_is_explained(
    person: Person, far: QuickSet, app: Path
) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        far.release(f"lib@{version}")
    yank(far, "1.0.0")
    yank(far, "1.1.0")
    (app / "atom.toml").write_text(far.project({"lib": "^1"}))

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_FAILED, "unsatisfiable")
    assert "yanked: it leaks" in answer.document["error"]["why"]
    assert not (app / "atom.lock").exists()


@pytest.mark.spec("status-skipped", "resolution-minimal")
def test_the_oldest_version_is_passed_over_too_when_it_is_yanked(
    person: Person, far: QuickSet, app: Path
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        far.release(f"lib@{version}")
    yank(far, "1.0.0")
    (app / "atom.toml").write_text(far.project({"lib": "^1"}))

    person.does(app, "lock", "--minimal")

    assert locked(app) == "1.1.0"
