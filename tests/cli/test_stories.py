"""A newcomer asks for versions and makes a project depend on atoms."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

CLOSED = "http://127.0.0.1:1/set"
EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK, EXIT_INTEGRITY, EXIT_CONFLICT = range(1, 7)
FILES = ("atom.toml", "atom.lock")
OWN = '[package.sets]\nhere = "::"\n[deps.from.here]\n'


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory, person: Person) -> Village:
    """Versions of greet: 1.0.0, 1.1.0-rc.1, 2.0.0; of shell: 1.0.0, 1.1.0.

    ``old`` and ``new`` need one of the two shells each, and ``early`` is a pre-release alone.
    """
    made = Village(tmp_path_factory.mktemp("village"))
    made.atom("old", f'{OWN}shell = "=1.0.0"\n')
    made.atom("early", version="0.1.0-alpha.1")
    made.publish(person)
    for word, version in (("soon", "1.1.0-rc.1"), ("bye", "2.0.0")):
        made.greet(word, version=version)
        made.release(person, "greet")
    shutil.rmtree(made.mono / "old")
    made.atom("shell", version="1.1.0")
    made.atom("new", f'{OWN}shell = "=1.1.0"\n')
    made.release(person, "shell", "new")
    return made


@pytest.fixture
def app(person: Person, village: Village, tmp_path: Path) -> Path:
    """A project that depends on greet ^1 and was locked when shell had one version more."""
    assert village.server.exists()
    person.does(tmp_path, "new", "app")
    return tmp_path / "app"


def pair(app: Path) -> tuple[str, str | None]:
    """Return manifest and lock."""
    lock = app / "atom.lock"
    return (app / "atom.toml").read_text(), lock.read_text() if lock.exists() else None


def listed(answer: Answer) -> list[str]:
    return [each["version"] for each in answer.document["versions"]]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("", ["2.0.0", "1.1.0-rc.1", "1.0.0"]),
        ("@^1", ["1.0.0"]),
        ("@*", ["2.0.0", "1.0.0"]),
        ("@>=1, <3", ["2.0.0", "1.0.0"]),
        ("@^1.1.0-rc", ["1.1.0-rc.1"]),
    ],
)
def test_versions_are_filtered_as_cargo_does(
    person: Person, village: Village, requirement: str, expected: list[str]
) -> None:
    answer = person.json(person.home, "versions", f"{village.url}::greet{requirement}")

    assert (answer.status, listed(answer), answer.document["total"]) == (0, expected, 3)


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["versions", "SERVER::gret"], EXIT_NOT_FOUND, "atom-not-found"),
        (["versions", "nope:owner/repo::zlib"], EXIT_USAGE, "unknown-alias"),
        (["versions", f"{CLOSED}::zlib"], EXIT_NETWORK, "network-failed"),
        (["versions", "SERVER"], EXIT_USAGE, "uri-incomplete"),
        (["versions", "greet"], EXIT_USAGE, "uri-incomplete"),
        (["versions", "SERVER::9x"], EXIT_USAGE, "invalid-label"),
        (["versions", "SERVER::greet@one"], EXIT_USAGE, "invalid-requirement"),
        (["versions", "SERVER/none::greet"], EXIT_NOT_FOUND, "source-not-found"),
        (["info", "SERVER::greet@^7"], EXIT_NOT_FOUND, "atom-not-found"),
        (["add", "SERVER"], EXIT_USAGE, "uri-incomplete"),
        (["add", "SERVER::gret"], EXIT_NOT_FOUND, "atom-not-found"),
        (["add", "greet"], EXIT_NOT_FOUND, "not-in-own-set"),
        (["add", f"{CLOSED}::zlib"], EXIT_NETWORK, "network-failed"),
    ],
)
def test_mistakes_have_a_code_and_an_exit_status(
    person: Person, village: Village, app: Path, words: list[str], status: int, code: str
) -> None:
    before = pair(app)

    answer = person.json(app, *(word.replace("SERVER", village.url) for word in words))

    assert (answer.status, answer.code) == (status, code)
    assert answer.document["error"]["fix"]
    assert pair(app) == before


def test_a_requirement_that_nothing_meets_names_the_newest(
    person: Person, village: Village, app: Path
) -> None:
    asked = person.json(app, "versions", f"{village.url}::greet@^9")
    added = person.json(app, "add", f"{village.url}::greet@^9")

    assert (asked.status, added.status) == (EXIT_NOT_FOUND, EXIT_NOT_FOUND)
    assert "2.0.0" in asked.document["error"]["fix"]
    assert "2.0.0" in added.document["error"]["why"]


@pytest.mark.spec("flow-caret")
@pytest.mark.parametrize(("label", "expected"), [("greet", "^2.0.0"), ("early", "^0.1.0-alpha.1")])
def test_without_a_requirement_the_newest_stable_version_is_required(
    person: Person, village: Village, app: Path, label: str, expected: str
) -> None:
    answer = person.json(app, "add", f"{village.url}::{label}")

    assert answer.document["added"][0]["requirement"] == expected
    assert f'{label} = "{expected}"' in pair(app)[0]


@pytest.mark.spec("flow-same")
def test_adding_a_second_time_changes_nothing(person: Person, village: Village, app: Path) -> None:
    first = person.json(app, "add", f"{village.url}::greet@^1").document
    before, stamps = pair(app), [(app / name).stat().st_mtime_ns for name in FILES]

    second = person.json(app, "add", f"{village.url}::greet@^1").document

    assert (first["added"][0]["before"], first["written"]) == (None, True)
    assert (second["added"][0]["before"], second["written"]) == ("^1", False)
    assert second["changes"] == []
    assert pair(app) == before
    assert [(app / name).stat().st_mtime_ns for name in FILES] == stamps
    assert "there already" in person.does(app, "add", f"{village.url}::greet@^1").out


def test_adding_with_another_requirement_changes_it(
    person: Person, village: Village, app: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")

    told = person.does(app, "add", f"{village.url}::greet@^2").out

    assert told.startswith("changed greet ^1 to greet ^2 (2.0.0)")
    assert pair(app)[0].count("greet =") == 1


@pytest.mark.spec("flow-set-name")
def test_an_atom_of_a_set_declared_twice_goes_to_the_first_name(
    person: Person, village: Village, app: Path
) -> None:
    sets = f'[package.sets]\none = "{village.url}"\ntwo = "{village.url}"\n'
    (app / "atom.toml").write_text(pair(app)[0] + sets)

    answer = person.json(app, "add", f"{village.url}::greet@^1")

    assert answer.document["added"][0]["set"] == "one"
    assert "two = " in pair(app)[0]


@pytest.mark.spec("flow-set-name")
def test_the_name_of_another_set_is_not_taken(
    person: Person, village: Village, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1", "--set", "core")
    before = pair(app)

    answer = person.json(app, "add", f"file://{tmp_path}/other::zlib@1", "--set", "core")

    assert (answer.status, answer.code) == (EXIT_CONFLICT, "set-name-taken")
    assert pair(app) == before


@pytest.mark.spec("flow-set-name")
def test_a_set_declared_by_a_relative_path_is_known_again(
    person: Person, village: Village, app: Path
) -> None:
    path = "../" * len(app.parts[1:]) + str(village.server)[1:]
    (app / "atom.toml").write_text(f'{pair(app)[0]}[package.sets]\nnear = "{path}"\n')

    answer = person.json(app, "add", f"{village.url}::greet@^1")

    assert (answer.status, answer.document["added"][0]["set"]) == (0, "near")
    assert village.url not in pair(app)[0]
    assert village.url in str(pair(app)[1])


@pytest.mark.spec("flow-pair")
@pytest.mark.spec("flow-nothing")
def test_what_does_not_fit_is_explained_and_nothing_is_written(
    person: Person, village: Village, app: Path
) -> None:
    person.does(app, "add", f"{village.url}::old")
    before = pair(app)

    answer = person.json(app, "add", f"{village.url}::new")

    assert (answer.status, answer.code) == (EXIT_FAILED, "unsatisfiable")
    assert "shell =1.0.0" in answer.document["error"]["why"]
    assert "shell =1.1.0" in answer.document["error"]["why"]
    assert pair(app) == before
    assert sorted(path.name for path in app.iterdir()) == sorted(FILES)


@pytest.mark.spec("flow-nothing")
@pytest.mark.parametrize("words", [["add", "SERVER::old"], ["lock"]])
def test_a_dry_run_writes_nothing(
    person: Person, village: Village, app: Path, words: list[str]
) -> None:
    before = pair(app)

    answer = person.json(app, *(w.replace("SERVER", village.url) for w in words), "--dry-run")

    assert answer.status == 0
    assert pair(app) == before


@pytest.mark.spec("flow-kept")
def test_versions_of_the_former_lock_are_kept_until_an_update(
    person: Person, village: Village, app: Path
) -> None:
    person.does(app, "add", f"{village.url}::shell@=1.0.0")
    manifest = pair(app)[0].replace("=1.0.0", "^1")
    (app / "atom.toml").write_text(manifest)

    kept = person.json(app, "lock").document["projects"][0]
    updated = person.json(app, "lock", "--update").document["projects"][0]

    assert kept["changes"] == []
    assert [(c["before"], c["after"]) for c in updated["changes"]] == [("1.0.0", "1.1.0")]


@pytest.mark.spec("flow-same")
def test_two_people_get_the_same_lock(
    person: Person, village: Village, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "atom.toml").write_text(pair(app)[0])

    Person(tmp_path / "other").does(copy, "lock")

    assert pair(copy) == pair(app)


@pytest.mark.spec("flow-locked")
@pytest.mark.spec("flow-current")
@pytest.mark.parametrize("words", [["lock"], ["build", "greet"], ["run", "greet"]])
def test_a_stale_lock_is_refused_with_locked(
    person: Person, village: Village, app: Path, words: list[str]
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    (app / "atom.toml").write_text(pair(app)[0].replace('greet = "^1"', 'greet = "^2"'))
    before = pair(app)

    answer = person.json(app, *words, "--locked")

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-stale")
    assert pair(app) == before


@pytest.mark.spec("flow-locked")
def test_a_missing_lock_is_refused_with_locked(person: Person, app: Path) -> None:
    answer = person.json(app, "lock", "--locked")

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-missing")
    assert pair(app)[1] is None


@pytest.mark.spec("flow-current")
@pytest.mark.parametrize("words", [["fetch"], ["verify"]])
@pytest.mark.parametrize("stale", [True, False])
def test_what_only_reads_a_lock_never_writes_one(
    person: Person, village: Village, app: Path, words: list[str], *, stale: bool
) -> None:
    if stale:
        person.does(app, "add", f"{village.url}::greet@^1")
        (app / "atom.toml").write_text(pair(app)[0].replace('"^1"', '"^2"'))
    before = pair(app)

    answer = person.json(app, *words)

    assert answer.code == ("lock-stale" if stale else "lock-missing")
    assert (answer.status, pair(app)) == (EXIT_FAILED, before)


@pytest.mark.spec("flow-moved")
@pytest.mark.parametrize(
    "words", [["lock", "--refresh"], ["lock", "--update"], ["add", "SERVER::early"]]
)
def test_a_version_that_moved_is_refused(
    person: Person, village: Village, app: Path, words: list[str]
) -> None:
    person.does(app, "add", f"{village.url}::greet@=2.0.0")
    before, ref = pair(app), "refs/atoms/greet/2.0.0"
    honest = git(village.server, "rev-parse", ref)
    git(village.server, "update-ref", ref, "refs/atoms/greet/1.0.0")
    try:
        answer = person.json(app, *(word.replace("SERVER", village.url) for word in words))
    finally:
        git(village.server, "update-ref", ref, honest)

    assert (answer.status, answer.code) == (EXIT_INTEGRITY, "pin-mismatch")
    assert honest in answer.document["error"]["why"]
    assert pair(app) == before


@pytest.mark.spec("flow-public")
def test_the_users_aliases_are_expanded_before_anything_is_written(
    village: Village, tmp_path: Path
) -> None:
    person = Person(tmp_path / "aliased")
    config = person.home / ".config/eka/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[aliases]\nwork = "file://{village.server.parent}"\n')
    person.does(person.home, "new", "app")
    app = person.home / "app"

    person.does(app, "add", "work:pkgs.git::greet@^1")

    assert "work" not in "".join(map(str, pair(app)))
    assert f'pkgs = "{village.url}"' in pair(app)[0]


@pytest.mark.spec("flow-public")
@pytest.mark.parametrize("form", ["{server}", "../{relative}", "file://{server}"])
def test_local_repositories_are_named_by_path_or_url_and_written_whole(
    person: Person, village: Village, app: Path, form: str
) -> None:
    relative = "../" * (len(app.parts) - 2) + str(village.server)[1:]
    text = form.format(server=village.server, relative=relative)

    answer = person.json(app, "add", f"{text}::greet@^1")

    assert (answer.status, answer.document["added"][0]["source"]) == (0, village.url)
    assert f'"{village.url}"' in pair(app)[0]
    assert "../" not in "".join(map(str, pair(app)))
