"""A project that allows one version of an atom only: ``[resolution] single``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.quick_set import QuickSet
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED = 1
SINGLE = '[resolution]\nsingle = ["far::lib"]\n'


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def far(tmp_path: Path) -> QuickSet:
    """Two atoms, each in a version for either bucket of ``lib``."""
    made = QuickSet(tmp_path / "far.git")
    made.release("lib@1.0.0")
    made.release("lib@2.0.0")
    made.release("old@1.0.0", {"lib": "^1"})
    made.release("new@1.0.0", {"lib": "^1"})
    made.release("new@1.1.0", {"lib": "^2"})
    return made


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def versions(app: Path, label: str) -> list[str]:
    lines = (app / "atom.lock").read_text().splitlines()
    at = [number for number, line in enumerate(lines) if line == f'label = "{label}"']
    return [lines[number + 1].split('"')[1] for number in at]


@pytest.mark.spec("resolution-single-project", "manifest-resolution")
def test_other_versions_are_chosen_so_that_one_is_enough(
    person: Person, far: QuickSet, app: Path
) -> None:
    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1"}))
    person.does(app, "lock")
    several = versions(app, "lib")

    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1"}, SINGLE))
    person.does(app, "lock")

    assert several == ["1.0.0", "2.0.0"]
    assert versions(app, "lib") == ["1.0.0"]
    assert versions(app, "new") == ["1.0.0"]


@pytest.mark.spec("resolution-single-project")
def test_where_one_is_not_enough_the_explanation_says_who_allows_no_more(
    person: Person, far: QuickSet, app: Path
) -> None:
    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1.1"}, SINGLE))

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_FAILED, "unsatisfiable")
    line = SINGLE.count("\n") + far.project({"old": "^1", "new": "^1.1"}).count("\n")
    assert f"lib is single: atom.toml:{line}" in (answer.document["error"]["why"])


@pytest.mark.spec("manifest-resolution")
def test_what_a_dependency_says_of_single_atoms_binds_nobody_else(
    person: Person, far: QuickSet, app: Path
) -> None:
    far.release("new@1.2.0", {"lib": "^2"}, more='[resolution]\nsingle = ["own::lib"]\n')
    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1"}))

    person.does(app, "lock")

    assert versions(app, "new") == ["1.2.0"]
    assert versions(app, "lib") == ["1.0.0", "2.0.0"]


@pytest.mark.spec("lock-requirements", "flow-current")
def test_a_lock_is_stale_when_an_atom_becomes_single(
    person: Person, far: QuickSet, app: Path
) -> None:
    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1"}))
    person.does(app, "lock")
    (app / "atom.toml").write_text(far.project({"old": "^1", "new": "^1"}, SINGLE))

    answer = person.json(app, "lock", "--locked")

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-stale")
