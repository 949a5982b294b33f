"""An owner begins a set, adds atoms to it and publishes: what works, and what is refused."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_INTEGRITY, EXIT_CONFLICT = 1, 2, 3, 5, 6
OWN = '[package.sets]\nhere = "::"\n[deps.from.here]\n'


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    made = Village(tmp_path_factory.mktemp("village"))
    made.publish(Person(tmp_path_factory.mktemp("first")))
    return made


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    """A set of one's own: shell and greet 1.0.0 are published."""
    made = Village.copied(published, tmp_path / "village")
    assert git(made.mono, "status", "--short") == ""
    return made


def repository(root: Path) -> Path:
    """Return a git repository without a commit."""
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    return root


def refs(where: Path) -> str:
    return git(where, "for-each-ref")


def test_a_set_can_begin_before_the_first_commit(person: Person, tmp_path: Path) -> None:
    root = repository(tmp_path / "fresh")
    (root / "mine").write_text("stays untracked")

    tried = person.json(root, "init", "--dry-run").document
    made = person.json(root, "init").document
    again = person.json(root, "init").document

    assert (tried["committed"], tried["genesis"], tried["manifest_written"]) == (True, None, True)
    assert made["genesis"] == git(root, "rev-parse", "HEAD")
    assert git(root, "ls-tree", "--name-only", "HEAD") == "ekala.toml"
    assert git(root, "status", "--short") == "?? mine"
    assert (again["genesis"], again["is_new"]) == (made["genesis"], False)
    assert (again["manifest_written"], again["committed"]) == (False, False)


def test_the_first_commit_needs_a_name_and_writes_nothing_without_one(tmp_path: Path) -> None:
    root = repository(tmp_path / "fresh")
    nobody = Person(tmp_path / "home")
    for name in ("AUTHOR", "COMMITTER"):
        del nobody.environment[f"GIT_{name}_NAME"], nobody.environment[f"GIT_{name}_EMAIL"]
    git(root, "config", "user.useConfigOnly", "true")

    answer = nobody.json(root, "init")

    assert (answer.status, answer.code) == (EXIT_FAILED, "no-identity")
    assert [path.name for path in root.iterdir()] == [".git"]


def merged(root: Path) -> list[str]:
    """Join two histories; returns their first commits."""
    git(root, "commit", "-q", "--allow-empty", "-m", "one")
    git(root, "checkout", "-q", "--orphan", "other")
    git(root, "commit", "-q", "--allow-empty", "-m", "two")
    git(root, "merge", "-q", "--allow-unrelated-histories", "-m", "both", "main")
    return git(root, "rev-list", "--max-parents=0", "HEAD").split()


def test_of_several_first_commits_one_must_be_chosen(person: Person, tmp_path: Path) -> None:
    root = repository(tmp_path / "many")
    roots = merged(root)

    refused = person.json(root, "init")
    left = git(root, "status", "--short"), git(root, "for-each-ref", "refs/ekala")
    chosen = person.json(root, "init", "--genesis", roots[0])
    other = person.json(root, "init", "--genesis", roots[1])

    assert (refused.status, refused.code) == (EXIT_USAGE, "ambiguous-genesis")
    assert all(oid in refused.document["error"]["where"] for oid in roots)
    assert left == ("", "")
    assert chosen.document["genesis"] == roots[0]
    assert sorted(chosen.document["roots"]) == sorted(roots)
    assert (other.status, other.code) == (EXIT_CONFLICT, "genesis-conflict")


def test_a_clone_learns_the_genesis_from_its_remote(
    person: Person, village: Village, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(village.server), str(clone))
    assert git(clone, "for-each-ref", "refs/ekala") == ""

    built = person.json(clone / "greet", "build", "--no-link")
    unrecorded = git(clone, "for-each-ref", "refs/ekala")
    began = person.json(clone, "init").document

    assert (built.status, unrecorded) == (0, "")
    assert began["genesis"] == git(village.server, "rev-parse", "refs/ekala/init")
    assert (began["is_new"], began["manifest_written"]) == (True, False)
    assert git(clone, "status", "--short") == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["init"], "not-a-repository"),
        (["publish", "--all"], "not-a-repository"),
        (["lock"], "project-not-found"),
        (["build"], "project-not-found"),
        (["verify"], "project-not-found"),
        (["info"], "project-not-found"),
        (["fetch"], "project-not-found"),
    ],
)
def test_a_plain_directory_is_neither_set_nor_project(
    person: Person, tmp_path: Path, words: list[str], code: str
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()

    answer = person.json(plain, *words)

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, code)
    assert list(plain.iterdir()) == []


def packages(village: Village) -> list[str]:
    text = (village.mono / "ekala.toml").read_text()
    found: list[str] = tomllib.loads(text)["set"]["packages"]
    return found


def test_a_new_atom_is_listed_unless_a_glob_lists_it_already(
    person: Person, village: Village
) -> None:
    near = person.json(village.mono, "new", "tool").document
    unchanged = packages(village)
    deep = person.json(village.mono, "new", "apps/deep").document

    assert unchanged == ["*"]
    assert packages(village) == ["*", "apps/deep"]
    assert near["set_manifest"] == deep["set_manifest"] == str(village.mono / "ekala.toml")
    assert person.json(village.mono / "apps/deep", "info").document["label"] == "deep"
    person.does(village.mono, "lock")


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("greet", [], EXIT_CONFLICT, "already-exists"),
        ("greet/inner", [], EXIT_FAILED, "nested-atom"),
        (".", ["--label", "top"], EXIT_FAILED, "nested-atom"),
        ("9x", [], EXIT_USAGE, "invalid-label"),
        ("x", ["--version", "1"], EXIT_USAGE, "invalid-version"),
    ],
)
def test_an_atom_that_could_not_be_published_is_not_made(
    person: Person, village: Village, path: str, more: list[str], status: int, code: str
) -> None:
    answer = person.json(village.mono, "new", path, *more)

    assert (answer.status, answer.code) == (status, code)
    assert git(village.mono, "status", "--short") == ""


def test_the_whole_repository_can_be_one_atom(person: Person, tmp_path: Path) -> None:
    root = repository(tmp_path / "lone")
    person.does(root, "init")

    person.does(root, "new", ".")

    assert tomllib.loads((root / "ekala.toml").read_text())["set"]["packages"] == ["."]
    assert person.json(root, "lock").status == 0


def test_an_atom_of_the_own_set_is_added_by_its_label(person: Person, village: Village) -> None:
    person.does(village.mono, "new", "tool")

    answer = person.json(village.mono / "tool", "add", "greet")

    added = answer.document["added"][0]
    assert (added["source"], added["requirement"]) == ("::", "^1.0.0")
    assert 'here = "::"' in (village.mono / "tool/atom.toml").read_text()


def test_uncommitted_changes_are_refused_and_listed(person: Person, village: Village) -> None:
    village.write("greet/word", "hi\n")
    village.write("greet/more", "new\n")
    village.write("notes", "of no atom")

    answer = person.json(village.mono, "publish", "--all", "--push-source")
    taken = person.json(village.mono, "publish", "--all", "--allow-dirty")

    assert (answer.status, answer.code) == (EXIT_FAILED, "dirty-atoms")
    assert answer.document["error"]["where"] == "greet/word, greet/more"
    assert taken.document["left_out"] == ["greet/word", "greet/more"]
    assert {atom["status"] for atom in taken.document["atoms"]} == {"unchanged"}


def test_the_link_to_a_result_is_no_change(person: Person, village: Village) -> None:
    person.does(village.mono / "greet", "build")
    assert (village.mono / "greet/result").is_symlink()

    answer = person.json(village.mono, "publish", "--all")

    assert answer.status == 0


def test_a_commit_that_was_not_pushed_is_refused(person: Person, village: Village) -> None:
    village.greet("hi", version="1.1.0")
    commit = village.commit()
    before = refs(village.server)

    answer = person.json(village.mono, "publish", "greet")

    assert (answer.status, answer.code) == (EXIT_FAILED, "source-not-on-remote")
    assert commit in answer.document["error"]["why"]
    assert "--push-source" in answer.document["error"]["fix"]
    assert refs(village.server) == before


def test_a_published_version_is_never_changed(person: Person, village: Village) -> None:
    village.greet("hi")
    village.commit()
    git(village.mono, "push", "-q", "origin", "main")
    before = refs(village.server)

    answer = person.json(village.mono, "publish", "--all")

    assert (answer.status, answer.code) == (EXIT_CONFLICT, "version-conflict")
    assert "greet" in answer.document["error"]["fix"]
    assert refs(village.server) == before


def test_a_dry_run_of_publish_checks_all_and_writes_nothing(
    person: Person, village: Village
) -> None:
    village.greet("hi", version="1.1.0")
    village.commit()
    before = refs(village.server), refs(village.mono)

    answer = person.json(village.mono, "publish", "--all", "--push-source", "--dry-run").document

    assert (refs(village.server), refs(village.mono)) == before
    assert [(a["label"], a["version"], a["status"]) for a in answer["atoms"]] == [
        ("greet", "1.1.0", "new"),
        ("shell", "1.0.0", "unchanged"),
    ]
    assert person.json(village.mono, "publish", "--all", "--push-source").status == 0
    assert "refs/atoms/greet/1.1.0" in refs(village.server)


@pytest.mark.spec("flow-own")
def test_an_atom_and_its_dependants_are_published_from_one_commit(
    person: Person, village: Village, tmp_path: Path
) -> None:
    village.atom("shell", version="2.0.0")
    village.greet("hi", version="2.0.0")
    village.write(
        "greet/atom.toml", (village.mono / "greet/atom.toml").read_text().replace('"^1"', '"^2"')
    )
    village.release(person, "shell", "greet")
    commit = git(village.mono, "rev-parse", "HEAD")

    again = person.json(village.mono, "publish", "--all").document
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet")
    verified = person.json(tmp_path / "app", "verify")

    assert {atom["origin"] for atom in again["atoms"]} == {commit}
    assert {atom["status"] for atom in again["atoms"]} == {"unchanged"}
    assert verified.status == 0
    assert 'label = "shell"\nversion = "2.0.0"' in (tmp_path / "app/atom.lock").read_text()


@pytest.mark.spec("flow-current")
@pytest.mark.spec("flow-own")
def test_a_lock_is_stale_when_an_atom_of_the_own_set_has_another_version(
    person: Person, village: Village
) -> None:
    village.atom("shell", version="1.1.0")

    refused = person.json(village.mono / "greet", "build", "--no-link", "--locked")
    built = person.eka(village.mono / "greet", "build", "--no-link")

    assert (refused.status, refused.code) == (EXIT_FAILED, "lock-stale")
    assert built.status == 0
    assert "shell 1.0.0 -> 1.1.0" in built.err
    assert "::shell@1.1.0" in (village.mono / "greet/atom.lock").read_text()


def test_a_broken_neighbour_stops_nobody_but_those_who_need_it(
    person: Person, village: Village
) -> None:
    village.write("broken/atom.toml", '[package]\nlabel = "broken"\n')
    village.atom("needy", f'{OWN}broken = "^1"\n')

    near = person.json(village.mono / "greet", "build", "--no-link")
    needy = person.json(village.mono / "needy", "lock")
    whole = person.json(village.mono, "lock")

    assert near.status == 0
    assert (needy.code, whole.code) == ("missing-key", "missing-key")
    assert "broken/atom.toml" in needy.document["error"]["where"]


def test_two_neighbours_of_one_label_are_told_apart_by_nobody(
    person: Person, village: Village
) -> None:
    shutil.copytree(village.mono / "greet", village.mono / "twin")

    answer = person.json(village.mono, "lock")

    assert answer.code == "duplicate-label"
    assert answer.document["error"]["where"] == "greet, twin"


def test_a_set_without_atoms_says_so(person: Person, tmp_path: Path) -> None:
    root = repository(tmp_path / "bare")
    person.does(root, "init")

    answer = person.json(root, "lock")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "set-empty")


def test_a_neighbour_that_is_not_locked_is_named_with_its_directory(
    person: Person, village: Village
) -> None:
    source = '[deps.direct.url]\nx = { url = "http://127.0.0.1:1/x" }\n[build]\nunpack = ["x"]\n'
    village.atom("tool", source)
    village.atom("user", f'{OWN}tool = "*"\n')

    answer = person.json(village.mono / "user", "build")

    assert (answer.status, answer.code) == (EXIT_FAILED, "neighbour-unlocked")
    assert answer.document["error"]["where"] == str(village.mono / "tool")


def test_offline_a_clone_knows_no_genesis_but_that_of_its_locks(
    person: Person, village: Village, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(village.server), str(clone))

    checked = person.json(clone / "greet", "lock", "--check")
    (clone / "greet/atom.lock").unlink()
    answer = person.json(clone / "greet", "build", "--offline")

    assert checked.status == 0
    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "set-not-found")
    assert "--offline" in answer.document["error"]["why"]
