"""An owner yanks and deprecates versions; those who locked them go on, new choices differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.servers.git_http import Behaviour, serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND = 1, 2, 3
REASON = "it says the wrong word"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A set with shell 1.0.0 and greet 1.0.0 and 1.1.0."""
    made, owner = Village(tmp_path_factory.mktemp("village")), tmp_path_factory.mktemp("first")
    made.publish(Person(owner))
    made.greet("hi", version="1.1.0")
    made.release(Person(owner), "greet")
    return made


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def owner(tmp_path: Path) -> Person:
    return Person(tmp_path / "owner")


@pytest.fixture
def user(tmp_path: Path) -> Person:
    return Person(tmp_path / "user")


def project(root: Path, village: Village, requirement: str = "^1") -> Path:
    """Return a project that needs greet."""
    root.mkdir()
    (root / "atom.toml").write_text(
        f'[package]\nlabel = "app"\nversion = "1.0.0"\n[package.sets]\nfar = "{village.url}"\n'
        f'[deps.from.far]\ngreet = "{requirement}"\n'
    )
    return root


def locked(root: Path) -> str:
    """Return the version of greet that a project's lock pins."""
    text = (root / "atom.lock").read_text()
    return next(each for each in ("1.0.0", "1.1.0") if f"::greet@{each}" in text)


@pytest.mark.spec("status-skipped")
def test_a_new_project_does_not_get_a_yanked_version(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)

    told = user.does(root, "lock").err

    assert locked(root) == "1.0.0"
    assert f"greet 1.1.0 is yanked: {REASON} (passed over)" in told


@pytest.mark.spec("status-skipped")
def test_what_is_added_is_not_yanked(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    (root / "atom.toml").write_text('[package]\nlabel = "app"\nversion = "1.0.0"\n')
    owner.does(village.mono, "yank", "greet@1.1.0")

    user.does(root, "add", f"{village.url}::greet")

    assert 'greet = "^1.0.0"' in (root / "atom.toml").read_text()


@pytest.mark.spec("status-skipped")
def test_where_nothing_else_is_left_the_explanation_gives_the_reason(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village, "=1.1.0")
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)

    answer = user.json(root, "lock")

    assert (answer.status, answer.code) == (EXIT_FAILED, "unsatisfiable")
    assert f"it is yanked: {REASON}" in answer.out
    assert not (root / "atom.lock").exists()


@pytest.mark.spec("status-locked", "status-told")
def test_a_lock_that_pins_a_yanked_version_keeps_working_and_says_so(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    user.does(root, "lock")
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)
    before = (root / "atom.lock").read_bytes()

    relocked = user.does(root, "lock", "--refresh", "--locked").err
    stranger = Person(tmp_path / "stranger")
    stranger.does(root, "fetch")
    verified = stranger.json(root, "verify")
    people = stranger.does(root, "verify").out

    assert (root / "atom.lock").read_bytes() == before
    assert f"greet 1.1.0 is yanked: {REASON}" in relocked
    assert verified.document["sound"] is True
    said = {each["label"]: each["status"] for each in verified.document["atoms"]}
    assert said["greet"]["yanked"] == {"reason": REASON}
    assert said["shell"] is None
    assert f"is yanked: {REASON}" in people


@pytest.mark.spec("status-locked")
def test_a_yanked_version_that_is_locked_is_built(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    user.does(root, "lock")
    owner.does(village.mono, "yank", "greet@1.1.0")

    user.does(root, "build", "greet")

    assert (root / "result-greet/bin/greet").exists()


@pytest.mark.spec("status-skipped")
def test_an_update_leaves_a_yanked_version(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    user.does(root, "lock")
    owner.does(village.mono, "yank", "greet@1.1.0")

    user.does(root, "lock")
    kept = locked(root)
    user.does(root, "lock", "--update")

    assert (kept, locked(root)) == ("1.1.0", "1.0.0")


def test_what_was_yanked_can_be_taken_back(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    owner.does(village.mono, "yank", "greet@1.1.0")

    answer = owner.json(village.mono, "yank", "greet@1.1.0", "--undo")
    user.does(root, "lock")

    (version,) = answer.document["versions"]
    assert (version["before"]["yanked"], version["after"]) == ({"reason": ""}, None)
    assert locked(root) == "1.1.0"
    assert git(village.server, "for-each-ref", "refs/ekala/status") == ""


@pytest.mark.spec("status-told")
def test_a_deprecated_version_is_chosen_with_a_note(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    words = ("deprecate", "greet@1.1.0", "--reason", "too loud", "--replaced-by", "shell")
    owner.does(village.mono, *words)

    told = user.does(root, "lock").err

    assert locked(root) == "1.1.0"
    assert "greet 1.1.0 is deprecated: too loud; use shell instead" in told


@pytest.mark.spec("status-told")
def test_lists_of_versions_mark_both(village: Village, owner: Person, user: Person) -> None:
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)
    owner.does(village.mono, "deprecate", "greet@1.0.0", "--reason", "too loud")

    answer = user.json(village.root, "versions", f"{village.url}::greet")
    people = user.does(village.root, "versions", f"{village.url}::greet").out

    newest, oldest = (each["status"] for each in answer.document["versions"])
    assert newest == {"yanked": {"reason": REASON}, "deprecated": None, "unreadable": False}
    assert oldest["deprecated"] == {"reason": "too loud", "replaced_by": None}
    assert f"is yanked: {REASON}" in people
    assert "is deprecated: too loud" in people


@pytest.mark.spec("status-offline")
def test_without_network_the_statuses_last_seen_count(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    user.does(root, "versions", f"{village.url}::greet")
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)
    user.does(root, "lock")
    (root / "atom.lock").unlink()
    owner.does(village.mono, "yank", "greet@1.1.0", "--undo")

    told = user.does(root, "lock", "--offline").err

    assert locked(root) == "1.0.0"
    assert f"is yanked: {REASON}" in told


@pytest.mark.spec("status-unreadable")
@pytest.mark.parametrize("kind", ["text", "large", "commit"])
def test_a_status_that_cannot_be_read_counts_as_yanked(
    village: Village, user: Person, tmp_path: Path, kind: str
) -> None:
    root = project(tmp_path / "app", village)
    junk = tmp_path / "junk"
    junk.write_bytes(b"x" * (400_000 if kind == "large" else 4))
    oid = git(village.server, "hash-object", "-w", str(junk))
    if kind == "large":  # such that no compression makes it small
        junk.write_bytes(b"".join(bytes([n * n * n % 251]) for n in range(400_000)))
        oid = git(village.server, "hash-object", "-w", str(junk))
    if kind == "commit":
        oid = git(village.server, "rev-parse", "main")
    git(village.server, "update-ref", "refs/ekala/status/greet/1.1.0", oid)

    told = user.does(root, "lock").err

    assert locked(root) == "1.0.0"
    assert "greet 1.1.0 counts as yanked" in told


def test_an_unreadable_status_does_not_hide_the_others(
    village: Village, owner: Person, user: Person
) -> None:
    owner.does(village.mono, "deprecate", "greet@1.0.0", "--reason", "too loud")
    main = git(village.server, "rev-parse", "main")
    git(village.server, "update-ref", "refs/ekala/status/greet/1.1.0", main)

    answer = user.json(village.root, "versions", f"{village.url}::greet")

    newest, oldest = (each["status"] for each in answer.document["versions"])
    assert newest["unreadable"] is True
    assert oldest["deprecated"]["reason"] == "too loud"


def test_a_status_without_a_version_publishes_nothing(village: Village, user: Person) -> None:
    oid = git(village.server, "rev-parse", "main")
    git(village.server, "update-ref", "refs/ekala/status/greet/9.9.9", oid)

    answer = user.json(village.root, "versions", f"{village.url}::greet")

    assert [each["version"] for each in answer.document["versions"]] == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("yank", "greet"), "version-not-named"),
        (("yank", "greet@^1"), "invalid-version"),
        (("yank", "gre/et@1.0.0"), "invalid-label"),
        (("yank", "greet@1.0.0", "--reason", "two\nlines"), "invalid-reason"),
        (("yank", "greet@1.0.0", "--reason", "x" * 501), "invalid-reason"),
        (("yank", "greet@1.0.0", "--undo", "--reason", "x"), "usage"),
        (("deprecate", "greet@1.0.0"), "usage"),
        (("deprecate", "greet@1.0.0", "--undo", "--reason", "x"), "usage"),
    ],
)
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(
    village: Village, owner: Person, words: tuple[str, ...], code: str
) -> None:
    before = git(village.server, "for-each-ref")

    answer = owner.json(village.mono, *words)

    assert (answer.status, answer.code) == (EXIT_USAGE, code)
    assert git(village.server, "for-each-ref") == before


def test_what_was_never_published_cannot_be_yanked(village: Village, owner: Person) -> None:
    answer = owner.json(village.mono, "yank", "greet@3.0.0")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "version-not-published")
    assert "1.1.0, 1.0.0" in json.loads(answer.out)["error"]["why"]


def test_a_dry_run_says_what_would_change(village: Village, owner: Person) -> None:
    before = git(village.server, "for-each-ref")

    answer = owner.json(village.mono, "yank", "greet@1.0.0", "shell@1.0.0", "--dry-run")

    assert answer.document["dry_run"] is True
    assert [each["changed"] for each in answer.document["versions"]] == [True, True]
    assert git(village.server, "for-each-ref") == before


@pytest.mark.spec("status-source")
def test_what_the_listing_source_says_counts_and_not_what_a_mirror_says(
    village: Village, owner: Person, user: Person, tmp_path: Path
) -> None:
    root = project(tmp_path / "app", village)
    git(tmp_path, "clone", "-q", "--mirror", str(village.server), "mirror.git")
    mirror = f"file://{tmp_path / 'mirror.git'}"
    text = (root / "atom.toml").read_text()
    both = text.replace(f'"{village.url}"', f'["{village.url}", "{mirror}"]')
    (root / "atom.toml").write_text(both)
    owner.does(village.mono, "yank", "greet@1.1.0", "--remote", mirror)

    user.does(root, "lock")
    unmoved = locked(root)
    (root / "atom.lock").unlink()
    owner.does(village.mono, "yank", "greet@1.1.0")
    user.does(root, "lock")

    assert (unmoved, locked(root)) == ("1.1.0", "1.0.0")


def test_statuses_are_read_from_servers_of_an_older_protocol(
    village: Village, owner: Person, user: Person
) -> None:
    owner.does(village.mono, "yank", "greet@1.1.0", "--reason", REASON)

    with serve(village.server.parent, behaviour=Behaviour(speaks_v2=False)) as server:
        url = f"{server.url}/{village.server.name}"
        answer = user.json(village.root, "versions", f"{url}::greet")

    newest, oldest = (each["status"] for each in answer.document["versions"])
    assert newest["yanked"] == {"reason": REASON}
    assert oldest is None


@pytest.mark.spec("status-told")
def test_who_verifies_a_whole_source_is_told_too(
    village: Village, owner: Person, user: Person
) -> None:
    owner.does(village.mono, "yank", "greet@1.0.0", "--reason", REASON)

    answer = user.json(village.root, "verify", village.url)

    said = {(each["label"], each["version"]): each["status"] for each in answer.document["atoms"]}
    assert said["greet", "1.0.0"]["yanked"] == {"reason": REASON}
    assert said["greet", "1.1.0"] is None
