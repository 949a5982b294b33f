"""Versions that change after they were seen once, and listings that are remembered."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.republished import changed_copy, gone_from, moved_copy, named_otherwise
from tests.servers.git_http import serve
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

USAGE, NETWORK, INTEGRITY = 2, 4, 5
SECRET = "s3cret-word"  # noqa: S105 - of a server on loopback


@pytest.fixture(scope="module")
def village(calm_village: Village) -> Village:
    return calm_village


@pytest.fixture
def server(village: Village, tmp_path: Path) -> Path:
    """A copy of the set that a test may change."""
    return shutil.copytree(village.server, tmp_path / "server.git")


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def app(person: Person, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    return tmp_path / "app"


def replaced(server: Path, by: Village) -> None:
    """Let the set be another's from now on."""
    shutil.rmtree(server)
    shutil.copytree(by.server, server)


def unlocked(app: Path) -> None:
    """Forget the lock: only what was seen is left to compare with."""
    (app / "atom.lock").unlink()


def log_files(person: Person) -> list[Path]:
    return sorted((person.home / ".state/eka/first-seen").glob("*.jsonl"))


def facts(person: Person) -> list[dict[str, Any]]:
    (path,) = log_files(person)
    return [json.loads(line) for line in path.read_text().splitlines()]


# What changed.


@pytest.mark.spec("seen-content")
def test_changed_content_is_refused_by_all_that_would_use_it(
    village: Village, server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    good = (app / "atom.lock").read_bytes()
    forged = changed_copy(village, tmp_path / "forged", "greet", "1.1.0")
    replaced(server, forged)
    other = tmp_path / "other"
    shutil.copytree(app, other)
    unlocked(other)
    # A lock of somebody who saw only the new content.
    stranger = Person(tmp_path / "stranger")
    stranger.does(other, "lock")
    bad_lock = (other / "atom.lock").read_bytes()
    unlocked(app)

    locked = person.json(app, "lock")
    (app / "atom.lock").write_bytes(bad_lock)
    fetched = person.json(app, "fetch")
    built = person.json(app, "build", "greet", "--no-link")
    verified = person.json(app, "verify", f"{server}::greet@=1.1.0")

    for answer in (locked, fetched, built):
        assert (answer.status, answer.code) == (INTEGRITY, "content-changed"), answer
        assert "greet@1.1.0" in answer.document["error"]["what"]
    assert verified.status == INTEGRITY
    (atom,) = verified.document["atoms"]
    assert atom["error"]["code"] == "content-changed"
    assert b"blake3" in good


@pytest.mark.spec("seen-content")
def test_a_lock_shows_the_same_even_if_nobody_asks_for_it(
    village: Village, server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    replaced(server, changed_copy(village, tmp_path / "forged", "greet", "1.1.0"))

    update = person.json(app, "lock", "--update")

    assert (update.status, update.code) == (INTEGRITY, "pin-mismatch")


@pytest.mark.spec("seen-accept", "seen-age")
def test_a_change_is_taken_once_it_is_named_and_remembered(
    village: Village, server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    replaced(server, changed_copy(village, tmp_path / "forged", "greet", "1.1.0"))

    dry = person.json(app, "lock", "--accept-changed", "greet@1.1.0", "--dry-run")
    still = person.json(app, "lock", "--refresh")
    taken = person.eka(app, "lock", "--accept-changed", "greet@1.1.0")
    again = person.eka(app, "fetch")
    built = person.json(app, "build", "greet", "--no-link")

    assert dry.status == 0, dry.out
    assert still.status == INTEGRITY
    assert taken.status == 0, taken.err
    assert "is accepted as it is now" in taken.err
    assert (again.status, again.err.count("accepted")) == (0, 0)
    assert built.status == 0
    assert [fact for fact in facts(person) if "accepted" in fact]


@pytest.mark.spec("seen-accept")
@pytest.mark.parametrize(
    ("text", "code"),
    [("greet", "version-unnamed"), ("greet@", "invalid-version"), ("@1.0.0", "invalid-label")],
)
def test_what_is_accepted_must_be_one_version(
    person: Person, app: Path, text: str, code: str
) -> None:
    answer = person.json(app, "lock", "--accept-changed", text)

    assert (answer.status, answer.code) == (USAGE, code)


@pytest.mark.spec("seen-commit")
def test_the_same_content_from_another_origin_is_told_and_taken(
    village: Village, server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    moved = moved_copy(village, tmp_path / "moved", "greet", "1.1.0")
    old, new = (git(each, "rev-parse", "main") for each in (village.server, moved.server))
    replaced(server, moved)
    unlocked(app)

    first = person.eka(app, "lock")
    second = person.eka(app, "lock")

    assert first.status == 0, first.err
    assert "has the same content from another origin" in first.err
    assert old in first.err
    assert new in first.err
    assert "another origin" not in second.err


@pytest.mark.spec("seen-commit", "seen-content")
def test_content_that_was_listed_but_never_fetched_is_asked_for_by_id(
    village: Village, server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "versions", f"{server}::greet")
    person.does(app, "versions", f"{server}::shell")
    was = git(server, "rev-parse", "refs/atoms/greet/1.1.0")
    replaced(server, moved_copy(village, tmp_path / "moved", "greet", "1.1.0"))
    git(server, "gc", "-q", "--prune=now")
    lost = person.json(app, "add", f"{server}::greet@^1")
    git(server, "fetch", "-q", str(village.server), "refs/atoms/greet/1.1.0:refs/heads/kept")

    found = person.eka(app, "add", f"{server}::greet@^1")

    assert (lost.status, lost.code) == (INTEGRITY, "content-changed")
    assert was in lost.document["error"]["why"]
    assert found.status == 0, found.err
    assert "the same content" in found.err


@pytest.mark.spec("flow-set")
def test_a_source_that_became_another_set_is_refused_by_those_who_have_a_lock(
    server: Path, person: Person, app: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    was = git(server, "rev-parse", "refs/ekala/init")
    now = git(server, "rev-parse", "main")
    git(server, "update-ref", "refs/ekala/init", now)

    refused = person.json(app, "lock", "--refresh")
    accepted = person.eka(app, "lock", "--accept-source", f"file://{server}")
    listed = person.eka(app, "versions", f"{server}::greet")

    assert (refused.status, refused.code) == (INTEGRITY, "set-replaced")
    assert all(genesis in refused.document["error"]["why"] for genesis in (was, now))
    assert accepted.status == 0, accepted.err
    assert listed.status == 0


@pytest.mark.spec("seen-query")
def test_lists_tell_what_moved_and_refuse_nothing(server: Path, person: Person, app: Path) -> None:
    person.does(app, "versions", f"{server}::greet")
    was, now = named_otherwise(server, "greet", "1.0.0")

    told = person.eka(app, "versions", f"{server}::greet")
    answer = person.json(app, "versions", f"{server}::greet")

    assert told.status == 0
    assert "greet 1.0.0 names another commit than when it was first seen" in told.err
    (moved,) = answer.document["listings"][0]["moved"]
    assert (moved["version"], moved["expected"], moved["found"]) == ("1.0.0", was, now)


@pytest.mark.spec("seen-withdrawn")
@pytest.mark.parametrize(
    "words", [["versions", "SERVER::greet"], ["lock", "--refresh"], ["verify"]]
)
def test_a_withdrawn_version_is_told_by_whatever_lists(
    server: Path, person: Person, app: Path, words: list[str]
) -> None:
    person.does(app, "add", f"{server}::greet@^1.1")
    git(server, "update-ref", "-d", "refs/atoms/greet/1.0.0")
    words = [word.replace("SERVER", str(server)) for word in words]

    told = person.eka(app, *words)
    answer = person.json(app, *words)

    assert told.status == 0, told.err
    assert "does not list greet 1.0.0 (first seen" in told.err
    assert "newest" not in told.err
    (gone,) = answer.document["listings"][0]["withdrawn"]
    assert (gone["version"], gone["newest"]) == ("1.0.0", False)


@pytest.mark.spec("seen-withdrawn")
def test_a_label_that_went_away_is_told_when_all_are_listed(
    server: Path, person: Person, app: Path
) -> None:
    person.does(app, "verify", str(server))
    gone_from(server, "shell", "1.0.0")

    told = person.eka(app, "verify", str(server))

    assert "the newest version went away" in told.err
    assert "shell 1.0.0" in told.err


# The log.


@pytest.mark.spec("seen-log", "seen-facts", "seen-recorded")
def test_the_log_says_what_was_listed_and_what_was_fetched(
    server: Path, person: Person, app: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")

    head, *found = facts(person)

    assert head == {"schema": "eka.first-seen/1", "source": f"file://{server}"}
    listed = {fact["label"]: fact["versions"] for fact in found if "seen" in fact}
    commit = {
        version: git(server, "rev-parse", f"refs/atoms/greet/{version}")
        for version in ("1.0.0", "1.1.0")
    }
    assert listed["greet"] == commit
    contents = [fact["versions"] for fact in found if "content" in fact]
    assert any(commit["1.1.0"] in str(content) for content in contents)
    assert not any("1.0.0" in content and commit["1.0.0"] in str(content) for content in contents)


@pytest.mark.spec("seen-recorded")
def test_a_lock_alone_is_no_sighting(
    server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    stranger = Person(tmp_path / "stranger")

    stranger.does(app, "fetch")

    assert log_files(stranger) == []


@pytest.mark.spec("seen-log")
def test_the_log_holds_no_password(village: Village, person: Person, app: Path) -> None:
    with serve(village.server.parent) as web:
        url = web.url.replace("://", f"://me:{SECRET}@")
        person.does(app, "add", f"{url}/pkgs.git::greet@^1")

    assert all(SECRET not in path.read_text() for path in log_files(person))
    assert log_files(person)


@pytest.mark.spec("seen-torn")
def test_a_torn_line_is_passed_over_and_the_next_fact_starts_anew(
    server: Path, person: Person, app: Path
) -> None:
    person.does(app, "versions", f"{server}::greet")
    (path,) = log_files(person)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seen":"torn')

    person.does(app, "versions", f"{server}::shell")
    again = person.eka(app, "versions", f"{server}::greet")

    lines = path.read_bytes().removeprefix(whole).split(b"\n")
    assert lines[0] == b'{"seen":"torn'
    assert b'"label":"shell"' in lines[1]
    assert again.err == ""


@pytest.mark.parametrize(
    "damage", [b"", b"\0\xff\n" * 50, b"[" * 100_000, b'{"seen":5}\n[]\n"x"\n']
)
def test_a_damaged_log_says_nothing_and_stops_nobody(
    server: Path, person: Person, app: Path, damage: bytes
) -> None:
    person.does(app, "versions", f"{server}::greet")
    (path,) = log_files(person)
    path.write_bytes(damage)

    answer = person.json(app, "add", f"{server}::greet@^1")

    assert answer.status == 0, answer.out


def test_a_log_that_cannot_be_written_is_an_error_that_names_it(
    server: Path, person: Person, app: Path
) -> None:
    (person.home / ".state/eka").mkdir(parents=True)
    (person.home / ".state/eka/first-seen").write_text("in the way")

    answer = person.json(app, "versions", f"{server}::greet")

    assert answer.code == "first-seen-unusable"
    assert "state.dir" in answer.document["error"]["fix"]


def test_a_link_in_the_place_of_the_log_is_no_way_to_forget(
    server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{server}::greet@^1")
    (path,) = log_files(person)
    path.unlink()
    path.symlink_to(tmp_path / "nothing")

    fetched = person.json(app, "fetch")
    locked = person.json(app, "lock")

    assert (fetched.code, locked.code) == ("first-seen-unusable", "first-seen-unusable")
    assert not (tmp_path / "nothing").exists()


def test_the_log_lies_where_the_settings_say(server: Path, tmp_path: Path) -> None:
    person = Person(tmp_path / "someone", EKA_STATE_DIR=str(tmp_path / "state"))

    person.does(tmp_path, "versions", f"{server}::greet")

    assert len(list((tmp_path / "state/first-seen").glob("*.jsonl"))) == 1


# What is remembered of listings.


@pytest.mark.spec("listing-age", "flow-offline")
def test_offline_answers_tell_how_old_they_are(server: Path, person: Person, app: Path) -> None:
    person.does(app, "versions", f"{server}::greet")
    (path,) = (person.home / ".cache/eka/listings").glob("*.jsonl")
    old = path.read_text()
    for fact in map(json.loads, old.splitlines()):
        if "at" in fact:
            old = old.replace(f'"at":{fact["at"]}', f'"at":{fact["at"] - 3 * 3600}')
    path.write_text(old)

    told = person.eka(app, "versions", f"{server}::greet", "--offline")
    answer = person.json(app, "versions", f"{server}::greet", "--offline")

    assert f"file://{server}: listed 3 hours ago" in told.err
    (listing,) = answer.document["listings"]
    assert listing["remembered"]
    assert listing["age_s"] // 3600 == 3


@pytest.mark.spec("listing-age")
def test_a_source_is_asked_each_time_unless_the_settings_say_otherwise(
    village: Village, tmp_path: Path
) -> None:
    asked: dict[str, int] = {}
    for age, words in (("0", []), ("600", []), ("600", ["--refresh"])):
        person = Person(tmp_path / f"{age}{len(words)}", EKA_LISTING_MAX_AGE_S=age)
        with serve(village.server.parent) as web:
            url = f"{web.url}/pkgs.git::greet"
            person.does(tmp_path, "versions", url)
            before = len(web.log)
            second = person.json(tmp_path, "versions", url, *words)
            asked[f"{age} {' '.join(words)}"] = len(web.log) - before
        assert second.document["listings"][0]["remembered"] == (age == "600" and not words)

    assert asked["0 "] > 0
    assert asked["600 "] == 0
    assert asked["600 --refresh"] > 0


@pytest.mark.spec("listing-remembered")
@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b'{"label":"greet","at":1,"versions":{"1.0.0":"zz"}}\n',
        b'{"label":"greet","at":"x","versions":[]}\n',
        b'{"label":"greet","at":5}\n{"whole":3}\n',
        b"\xff" * 1000,
        b'{"label":"greet","at":5,"versions":' + b"[" * 200_000 + b"\n",
    ],
)
def test_a_damaged_listing_counts_as_none(
    server: Path, person: Person, app: Path, damage: bytes
) -> None:
    person.does(app, "versions", f"{server}::greet")
    (path,) = (person.home / ".cache/eka/listings").glob("*.jsonl")
    path.write_bytes(damage)

    offline = person.json(app, "versions", f"{server}::greet", "--offline")
    online = person.json(app, "versions", f"{server}::greet")
    healed = person.json(app, "versions", f"{server}::greet", "--offline")

    assert (offline.status, offline.code) == (NETWORK, "offline")
    assert (online.status, healed.status) == (0, 0)


@pytest.mark.spec("listing-remembered")
def test_a_link_in_the_place_of_a_listing_is_not_followed(
    server: Path, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "versions", f"{server}::greet")
    (path,) = (person.home / ".cache/eka/listings").glob("*.jsonl")
    canary = tmp_path / "canary"
    canary.write_text("safe\n")
    path.unlink()
    path.symlink_to(canary)

    answer = person.json(app, "versions", f"{server}::greet")

    assert answer.status != 0
    assert canary.read_text() == "safe\n"


@pytest.mark.spec("listing-remembered")
def test_processes_at_the_same_time_lose_nothing_of_each_other(
    village: Village, person: Person, tmp_path: Path
) -> None:
    def ask(label: str) -> Answer:
        return person.eka(tmp_path, "versions", f"{village.url}::{label}")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, ["greet", "shell"] * 4))

    assert {answer.status for answer in answers} == {0}
    for label in ("greet", "shell"):
        offline = person.json(tmp_path, "versions", f"{village.url}::{label}", "--offline")
        assert offline.status == 0, offline.out
