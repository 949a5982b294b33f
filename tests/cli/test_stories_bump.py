"""An owner gives atoms new versions, and lets the set follow."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from eka.workflow.set_files import SET_NOTE
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_CONFLICT = 1, 2, 3, 6
OWN = '[package.sets]\nhere = "::"\n[deps.from.here]\n'
DEV = '[package.sets]\nhere = "::"\n[deps.dev.from.here]\n'
MANIFEST = """\
# The shell of this village.\r
[package]\r
label='shell'   # never changes\r
version   =   '1.0.0' # this does\r
description = "1.0.0 is the first"\r
"""


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path, person: Person) -> Village:
    """A set of shell, greet (which needs shell ^1) and others; locked, nothing published."""
    made = Village(tmp_path / "village")
    made.atom("tool", OWN + 'greet = "~1.0"\n')
    made.atom("alone")
    made.commit()
    person.does(made.mono, "init")
    person.does(made.mono, "lock")
    made.commit("Lock")
    return made


def versions(village: Village) -> dict[str, str]:
    """Return the version each atom has in its manifest."""
    found = (tomllib.loads(path.read_text()) for path in village.mono.glob("*/atom.toml"))
    return {each["package"]["label"]: each["package"]["version"] for each in found}


@pytest.mark.spec("bump-bytes")
def test_only_the_letters_of_the_version_change(village: Village, person: Person) -> None:
    path = village.mono / "shell/atom.toml"
    path.write_bytes(MANIFEST.encode())

    answer = person.json(village.mono, "bump", "shell", "1.10.0-rc.1")

    expected = MANIFEST.replace("   '1.0.0'", "   '1.10.0-rc.1'")
    assert path.read_bytes() == expected.encode()
    (version,) = answer.document["versions"]
    assert (version["before"], version["after"], version["why"]) == (
        "1.0.0",
        "1.10.0-rc.1",
        "asked",
    )


@pytest.mark.parametrize(
    ("to", "version"), [("major", "2.0.0"), ("minor", "1.1.0"), ("patch", "1.0.1")]
)
def test_parts_go_up_from_any_directory_of_the_set(
    village: Village, person: Person, to: str, version: str
) -> None:
    person.does(village.mono / "greet", "bump", "alone", to)

    assert versions(village)["alone"] == version


@pytest.mark.spec("bump-dependents")
def test_alone_it_names_those_that_would_have_to_follow(village: Village, person: Person) -> None:
    answer = person.json(village.mono, "bump", "shell", "major")
    people = person.eka(village.mono, "bump", "shell", "3.0.0").out

    assert versions(village) == {
        "shell": "3.0.0",
        "greet": "1.0.0",
        "tool": "1.0.0",
        "alone": "1.0.0",
    }
    assert answer.document["unmet"] == ["greet"]
    assert answer.document["stale"] == ["greet", "tool"]
    assert "do not accept it: greet" in people


@pytest.mark.spec("bump-dependents", "bump-lock")
def test_the_set_follows_and_is_current_and_can_be_published(
    village: Village, person: Person
) -> None:
    person.does(village.mono, "publish", "--all", "--push-source")

    answer = person.json(village.mono, "bump", "shell", "major", "--dependents")
    locks = person.eka(village.mono, "lock", "--locked", "--offline")
    village.commit("Bump")
    check = person.json(village.mono, "publish", "--check")
    person.does(village.mono, "publish", "--all", "--push-source")

    why = {each["label"]: each["why"] for each in answer.document["versions"]}
    assert why == {"shell": "asked", "greet": "requirement", "tool": "lock"}
    assert versions(village) == {
        "shell": "2.0.0",
        "greet": "1.0.1",
        "tool": "1.0.1",
        "alone": "1.0.0",
    }
    assert 'shell = "^2"' in (village.mono / "greet/atom.toml").read_text()
    assert 'greet = "~1.0"' in (village.mono / "tool/atom.toml").read_text()
    assert set(answer.document["locked"]) == {"greet", "tool"}
    assert (locks.status, answer.document["unlocked"]) == (0, []), locks.err
    assert check.status == 0, check.out


@pytest.mark.spec("bump-dependents")
def test_requirements_follow_through_the_whole_set(village: Village, person: Person) -> None:
    words = ("bump", "shell", "major", "--dependents", "--dependents-part", "minor")

    answer = person.json(village.mono, *words)

    after = {each["label"]: each["after"] for each in answer.document["versions"]}
    lines = {each["label"]: each["after"] for each in answer.document["requirements"]}
    assert after == {"shell": "2.0.0", "greet": "1.1.0", "tool": "1.1.0"}
    assert lines == {"greet": "^2", "tool": "~1.1"}


@pytest.mark.spec("bump-dependents")
def test_lines_of_development_follow_too(village: Village, person: Person) -> None:
    village.atom("dev", DEV + 'alone = "=1.0.0"\n')

    answer = person.json(village.mono, "bump", "alone", "patch", "--dependents")

    (line,) = answer.document["requirements"]
    assert (line["label"], line["dev"], line["after"]) == ("dev", True, "=1.0.1")
    assert versions(village)["dev"] == "1.0.1"


@pytest.mark.spec("bump-lock")
def test_a_lock_that_was_not_current_is_left_and_named(village: Village, person: Person) -> None:
    village.greet("hello")
    text = (village.mono / "greet/atom.toml").read_text().replace('"^1"', '">=1, <2"')
    (village.mono / "greet/atom.toml").write_text(text)
    lock = (village.mono / "greet/atom.lock").read_bytes()

    answer = person.json(village.mono, "bump", "shell", "major", "--dependents")

    assert answer.document["unlocked"] == ["greet"]
    assert (village.mono / "greet/atom.lock").read_bytes() == lock
    assert 'shell = ">=2, <3"' in (village.mono / "greet/atom.toml").read_text()


@pytest.mark.spec("bump-requirement", "bump-together")
def test_where_a_requirement_cannot_follow_nothing_is_written(
    village: Village, person: Person
) -> None:
    village.atom("old", OWN + 'shell = "<2"\n')
    village.commit()

    answer = person.json(village.mono, "bump", "shell", "major", "--dependents")

    assert (answer.status, answer.code) == (EXIT_FAILED, "requirement-not-followed")
    assert answer.document["error"]["span"]["file"].endswith("old/atom.toml")
    assert git(village.mono, "status", "--short") == ""


def test_a_dry_run_shows_the_diffs_and_writes_nothing(village: Village, person: Person) -> None:
    answer = person.json(village.mono, "bump", "shell", "major", "--dependents", "--dry-run")
    people = person.does(village.mono, "bump", "shell", "major", "--dependents", "--dry-run").out

    assert answer.document["written"] is False
    files = {each["path"]: each["diff"] for each in answer.document["files"]}
    assert '-version = "1.0.0"' in files["shell/atom.toml"]
    assert '+shell = "^2"' in files["greet/atom.toml"]
    assert "shell@2.0.0" in files["greet/atom.lock"]
    assert '+version = "2.0.0"' in people
    assert git(village.mono, "status", "--short") == ""


@pytest.mark.spec("bump-version")
def test_a_lower_version_is_taken_only_when_that_is_meant(
    village: Village, person: Person
) -> None:
    refused = person.json(village.mono, "bump", "shell", "0.9.0")
    same = person.json(village.mono, "bump", "shell", "1.0.0")
    meant = person.json(village.mono, "bump", "shell", "0.9.0", "--allow-backwards")

    assert (refused.status, refused.code) == (EXIT_CONFLICT, "version-not-higher")
    assert (same.status, same.document["versions"]) == (0, [])
    assert meant.document["written"] is True
    assert versions(village)["shell"] == "0.9.0"


def test_an_atom_without_a_set_gets_a_new_version_too(person: Person, tmp_path: Path) -> None:
    root = tmp_path / "lone"
    root.mkdir()
    (root / "atom.toml").write_text('[package]\nlabel = "lone"\nversion = "1.0.0"\n')

    person.does(root, "bump", "lone", "minor")

    assert 'version = "1.1.0"' in (root / "atom.toml").read_text()


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("nothing", "patch"), EXIT_NOT_FOUND, "not-in-set"),
        (("shell", "smaller"), EXIT_USAGE, "invalid-version"),
        (("shell", "1.0"), EXIT_USAGE, "invalid-version"),
        (("sh/ell", "patch"), EXIT_USAGE, "invalid-label"),
        (("shell",), EXIT_USAGE, "usage"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    village: Village, person: Person, words: tuple[str, ...], status: int, code: str
) -> None:
    answer = person.json(village.mono, "bump", *words)

    assert (answer.status, answer.code) == (status, code)
    assert git(village.mono, "status", "--short") == ""


def test_a_broken_neighbour_stops_only_those_that_may_have_to_follow(
    village: Village, person: Person
) -> None:
    village.write("broken/atom.toml", "[package]\nlabel = 1\n")

    alone = person.json(village.mono, "bump", "shell", "patch")
    follow = person.json(village.mono, "bump", "shell", "patch", "--dependents")

    assert alone.status == 0
    assert follow.status == EXIT_FAILED
    assert not (village.mono / SET_NOTE).exists()


@pytest.mark.spec("bump-lock")
def test_the_set_can_follow_in_a_second_step(village: Village, person: Person) -> None:
    person.does(village.mono, "bump", "shell", "major")

    answer = person.json(village.mono, "bump", "shell", "3.0.0", "--dependents")
    locks = person.eka(village.mono, "lock", "--locked", "--offline")

    assert answer.document["unlocked"] == []
    assert locks.status == 0, locks.err


@pytest.mark.spec("bump-lock")
def test_a_lock_below_which_dependencies_changed_is_left_and_named(
    village: Village, person: Person
) -> None:
    more = '[package.sets]\nhere = "::"\n[deps.from.here]\nalone = "^1"\n'
    village.atom("greet", more)
    lock = (village.mono / "tool/atom.lock").read_bytes()

    answer = person.json(village.mono, "bump", "greet", "minor", "--dependents")

    assert answer.document["unlocked"] == ["greet", "tool"]
    assert (village.mono / "tool/atom.lock").read_bytes() == lock


def test_a_label_that_two_atoms_have_is_refused(village: Village, person: Person) -> None:
    village.atom("copy")
    village.write("copy/atom.toml", '[package]\nlabel = "alone"\nversion = "7.0.0"\n')

    answer = person.json(village.mono, "bump", "alone", "patch")
    other = person.json(village.mono, "bump", "shell", "patch")

    assert (answer.code, other.status) == ("duplicate-label", 0)
    assert "alone, copy" in answer.document["error"]["where"]
