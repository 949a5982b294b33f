"""Sets with several URLs: mirrors stand in and say so, are made by eka, are caught when lying."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.fakes.republished import changed_copy, gone_from, named_otherwise
from tests.servers.git_http import serve
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.git_http import GitServer

NOT_FOUND, NETWORK, INTEGRITY, CONFLICT = 3, 4, 5, 6
DOWN = [503] * 10_000


@pytest.fixture(scope="module")
def village(calm_village: Village) -> Village:
    return calm_village


@dataclass(frozen=True)
class World:
    """A person with a project whose set has a first URL and a mirror, both on servers."""

    person: Person
    app: Path
    first: GitServer
    second: GitServer
    root: Path

    @property
    def urls(self) -> tuple[str, str]:
        return f"{self.first.url}/pkgs.git", f"{self.second.url}/pkgs.git"

    @property
    def mirror(self) -> Path:
        """The repository of the mirror."""
        return self.root / "second/pkgs.git"

    def down(self, *servers: GitServer) -> None:
        """Let these servers answer nothing, the others again."""
        for server in (self.first, self.second):
            server.behaviour.failures[:] = DOWN if server in servers else []

    def eka(self, *words: str) -> Answer:
        return self.person.eka(self.app, *words)

    def json(self, *words: str) -> Answer:
        return self.person.json(self.app, *words)


@pytest.fixture
def world(village: Village, tmp_path: Path) -> Iterator[World]:
    with servers(village, tmp_path) as (first, second):
        person = Person(tmp_path / "home")
        person.does(tmp_path, "new", "app")
        made = World(person, tmp_path / "app", first, second, tmp_path)
        first_url, second_url = made.urls
        with (made.app / "atom.toml").open("a") as manifest:
            manifest.write(
                f'[package.sets]\ncore = ["{first_url}", "{second_url}"]\n'
                '[deps.from.core]\ngreet = "^1"\n'
            )
        yield made


class servers:  # noqa: N801 - used as a function in a with statement
    """Two servers with a copy of the village's set each."""

    def __init__(self, village: Village, root: Path) -> None:
        for name in ("first", "second"):
            shutil.copytree(village.server, root / name / "pkgs.git")
        self._first, self._second = serve(root / "first"), serve(root / "second")

    def __enter__(self) -> tuple[GitServer, GitServer]:
        return self._first.__enter__(), self._second.__enter__()

    def __exit__(self, *_: object) -> None:
        self._second.__exit__(None, None, None)
        self._first.__exit__(None, None, None)


# Standing in.


@pytest.mark.spec("mirror-order", "flow-one-source")
def test_a_mirror_lists_and_gives_while_the_first_is_down_and_that_is_said(world: World) -> None:
    world.down(world.first)

    locked = world.eka("lock")
    fetched = world.json("fetch")
    built = world.json("build", "greet", "--no-link")

    first, second = world.urls
    assert locked.status == 0, locked.err
    assert locked.err.count(f"{first} does not answer") == 1
    assert f"asking {second}" in locked.err
    assert (fetched.status, built.status) == (0, 0)
    assert (world.app / "atom.lock").read_text().index(first) < (
        world.app / "atom.lock"
    ).read_text().index(second)


@pytest.mark.spec("mirror-order")
def test_a_mirror_is_not_asked_while_the_first_answers(world: World) -> None:
    answer = world.json("lock")

    assert answer.status == 0
    assert world.second.log == []
    assert [each["by"] for each in answer.document["listings"]] == [world.urls[0]]


@pytest.mark.spec("mirror-order")
def test_an_absent_repository_is_an_answer_and_no_reason_to_ask_a_mirror(world: World) -> None:
    shutil.rmtree(world.root / "first/pkgs.git")

    answer = world.json("lock")

    assert (answer.status, answer.code) == (NOT_FOUND, "source-not-found")
    assert world.second.log == []


@pytest.mark.spec("mirror-objects")
def test_what_the_first_does_not_have_any_more_comes_from_the_mirror(
    world: World, tmp_path: Path
) -> None:
    assert world.eka("lock").status == 0
    gone_from(world.root / "first/pkgs.git", "greet", "1.1.0")
    stranger = Person(tmp_path / "stranger")

    fetched = stranger.eka(world.app, "fetch")

    assert fetched.status == 0, fetched.err
    assert f"{world.urls[0]} does not have it" in fetched.err


@pytest.mark.spec("mirror-objects")
def test_what_each_of_two_urls_lacks_the_other_gives(world: World, tmp_path: Path) -> None:
    assert world.eka("lock").status == 0
    gone_from(world.root / "first/pkgs.git", "greet", "1.1.0")
    gone_from(world.mirror, "shell", "1.0.0")
    stranger = Person(tmp_path / "stranger")

    fetched = stranger.json(world.app, "fetch")

    assert fetched.status == 0, fetched.out
    assert fetched.document["fetched"] == 2


@pytest.mark.spec("mirror-objects")
def test_what_nobody_has_is_an_error_that_names_it(world: World, tmp_path: Path) -> None:
    assert world.eka("lock").status == 0
    for repository in (world.root / "first/pkgs.git", world.mirror):
        gone_from(repository, "greet", "1.1.0")
    stranger = Person(tmp_path / "stranger")

    fetched = stranger.json(world.app, "fetch")

    assert (fetched.status, fetched.code) == (NOT_FOUND, "objects-unavailable")


# What a mirror may not do: abuse case S07.


@pytest.mark.spec("seen-withdrawn")
def test_s07_a_mirror_that_omits_the_newest_version_is_told_of(world: World) -> None:
    assert world.eka("lock").status == 0
    gone_from(world.mirror, "greet", "1.1.0")
    world.down(world.first)

    told = world.eka("lock", "--update", "--dry-run")
    answer = world.json("lock", "--update", "--dry-run")

    assert "the newest version went away" in told.err
    assert f"{world.urls[1]} does not list greet 1.1.0" in told.err
    (listing,) = answer.document["listings"]
    (gone,) = listing["withdrawn"]
    assert (gone["label"], gone["version"], gone["newest"]) == ("greet", "1.1.0", True)
    assert listing["by"] == world.urls[1]


@pytest.mark.spec("mirror-compared")
def test_s07_verify_finds_a_mirror_that_lags_though_the_first_answers(world: World) -> None:
    assert world.eka("lock").status == 0
    gone_from(world.mirror, "greet", "1.1.0")

    answer = world.eka("verify")

    assert answer.status == 0
    assert f"{world.urls[1]} does not have greet 1.1.0, the newest version" in answer.err


@pytest.mark.spec("seen-withdrawn")
def test_s07_a_set_that_is_served_in_an_older_state_later_is_told_of(world: World) -> None:
    url = world.urls[0]
    assert world.eka("versions", f"{url}::greet").err == ""
    gone_from(world.root / "first/pkgs.git", "greet", "1.1.0")

    told = world.eka("versions", f"{url}::greet")
    again = world.json("versions", f"{url}::greet")

    assert told.status == 0
    assert "the newest version went away" in told.err
    assert "1.1.0" not in told.out
    assert [each["version"] for each in again.document["listings"][0]["withdrawn"]] == ["1.1.0"]


@pytest.mark.spec("mirror-disagrees")
def test_s07_a_mirror_that_names_another_commit_than_the_first_did_fails_naming_both(
    world: World,
) -> None:
    first, second = world.urls
    assert world.eka("versions", f"{first}::greet").status == 0  # no lock knows of it
    was, now = named_otherwise(world.mirror, "greet", "1.1.0")
    world.down(world.first)

    answer = world.json("lock")

    assert (answer.status, answer.code) == (INTEGRITY, "sources-disagree")
    error = answer.document["error"]
    assert first in error["where"]
    assert second in error["where"]
    assert was in error["why"]
    assert now in error["why"]
    assert not (world.app / "atom.lock").exists()
    # Nothing of it is remembered: offline the first URL's answer still counts.
    offline = world.json("versions", f"{first}::greet", "--offline")
    assert offline.document["versions"][0]["commit"] == was


@pytest.mark.spec("mirror-disagrees")
def test_s07_the_first_is_caught_too_when_it_comes_back_and_contradicts_a_mirror(
    world: World,
) -> None:
    world.down(world.first)
    assert world.eka("lock").status == 0
    (world.app / "atom.lock").unlink()
    world.down()
    named_otherwise(world.root / "first/pkgs.git", "greet", "1.1.0")

    answer = world.json("lock")

    assert (answer.status, answer.code) == (INTEGRITY, "sources-disagree")


@pytest.mark.spec("mirror-compared")
def test_s07_two_sources_that_disagree_fail_verification_naming_both(world: World) -> None:
    assert world.eka("lock").status == 0
    named_otherwise(world.mirror, "greet", "1.1.0")

    answer = world.json("verify")

    assert (answer.status, answer.code) == (INTEGRITY, "sources-disagree")
    assert all(url in answer.document["error"]["where"] for url in world.urls)


@pytest.mark.spec("flow-moved")
def test_s07_a_mirror_that_contradicts_the_lock_is_named(world: World, tmp_path: Path) -> None:
    assert world.eka("lock").status == 0
    named_otherwise(world.mirror, "greet", "1.1.0")
    world.down(world.first)
    stranger = Person(tmp_path / "stranger")  # who has seen nothing but the lock

    answer = stranger.json(world.app, "lock")

    assert (answer.status, answer.code) == (INTEGRITY, "pin-mismatch")
    assert world.urls[1] in answer.document["error"]["why"]


@pytest.mark.spec("mirror-disagrees")
def test_s07_a_mirror_of_another_set_is_refused(world: World) -> None:
    assert world.eka("lock").status == 0
    other = git(world.mirror, "rev-parse", "refs/heads/main")
    git(world.mirror, "update-ref", "refs/ekala/init", other)
    world.down(world.first)

    answer = world.json("lock", "--refresh")

    assert (answer.status, answer.code) == (INTEGRITY, "genesis-disagrees")
    assert all(url in answer.document["error"]["where"] for url in world.urls)


@pytest.mark.spec("mirror-disagrees", "seen-accept")
def test_s07_a_person_may_take_what_a_mirror_says(
    world: World, village: Village, tmp_path: Path
) -> None:
    assert world.eka("versions", f"{world.urls[0]}::greet").status == 0
    forged = changed_copy(village, tmp_path / "forged", "greet", "1.1.0")
    shutil.rmtree(world.mirror)
    shutil.copytree(forged.server, world.mirror)
    world.down(world.first)

    refused = world.json("lock", "--accept-changed", "greet@1.0.0")
    taken = world.json("lock", "--accept-changed", "greet@1.1.0")

    assert (refused.status, refused.code) == (INTEGRITY, "sources-disagree")
    assert taken.status == 0, taken.out


# Making one.


@pytest.fixture
def app(village: Village, tmp_path: Path) -> Path:
    person = Person(tmp_path / "home")
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1")
    return tmp_path / "app"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def refs(repository: Path) -> dict[str, str]:
    lines = git(repository, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split() for line in lines)


@pytest.mark.spec("mirror-made", "mirror-again")
def test_a_mirror_holds_just_what_the_lock_pins_and_a_second_run_adds_nothing(
    village: Village, person: Person, app: Path, tmp_path: Path
) -> None:
    made = person.json(app, "mirror", "../m")
    before = sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "m/objects").rglob("*"))
    again = person.json(app, "mirror", "../m")

    there, source = refs(tmp_path / "m"), refs(village.server)
    assert set(there) == {"refs/atoms/greet/1.1.0", "refs/atoms/shell/1.0.0", "refs/ekala/init"}
    assert there.items() <= source.items()
    assert made.document["sets"][0]["added"] == sorted(there)
    assert again.document["sets"][0]["added"] == []
    assert before == sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "m/objects").rglob("*"))
    assert git(tmp_path / "m", "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("mirror-made")
def test_statuses_and_signatures_of_its_versions_come_along_and_no_others(
    village: Village, person: Person, app: Path, tmp_path: Path
) -> None:
    server = Village.copied(village, tmp_path / "copy")
    server.server.rename(tmp_path / "away.git")
    shutil.copytree(tmp_path / "away.git", server.server)
    (app / "atom.toml").write_text(
        (app / "atom.toml").read_text().replace(village.url, server.url)
    )
    person.does(app, "lock")
    key = "ab" * 32
    blob = git(server.server, "hash-object", "-w", "--stdin")
    beside = {
        f"refs/ekala/status/{label}/{version}": blob
        for label, version in (("greet", "1.1.0"), ("greet", "1.0.0"))
    } | {f"refs/ekala/sigs/shell/1.0.0/{key}": blob, f"refs/ekala/sigs/greet/1.0.0/{key}": blob}
    for name, oid in beside.items():
        git(server.server, "update-ref", name, oid)

    person.does(app, "mirror", "../m")

    found = {name for name in refs(tmp_path / "m") if not name.startswith("refs/atoms")}
    assert found == {
        "refs/ekala/init",
        "refs/ekala/status/greet/1.1.0",
        f"refs/ekala/sigs/shell/1.0.0/{key}",
    }


@pytest.mark.spec("mirror-made")
def test_a_set_in_an_older_layout_is_mirrored_in_that_layout(
    person: Person, tmp_path: Path
) -> None:
    old = Village(tmp_path / "old")
    old.write("ekala.toml", '[set]\npackages = ["*"]\nformat = "pre1"\n')
    old.publish(person)
    person.does(tmp_path, "new", "app")
    app = tmp_path / "app"
    person.does(app, "add", f"{old.url}::shell@^1")

    person.does(app, "mirror", "../m")
    verified = person.json(app, "verify", f"file://{tmp_path}/m")

    there, source = refs(tmp_path / "m"), refs(old.server)
    assert set(there) == {
        "refs/eka/atoms/shell/1.0.0",
        "refs/eka/meta/shell/1.0.0/manifest",
        "refs/ekala/init",
    }
    assert there.items() <= source.items()
    assert verified.status == 0, verified.out


@pytest.mark.spec("mirror-again")
def test_a_mirror_grows_with_the_lock_and_loses_nothing(
    village: Village, person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@=1.0.0")
    person.does(app, "mirror", "../m")
    person.does(app, "add", f"{village.url}::greet@^1.1")

    planned = person.json(app, "mirror", "../m", "--dry-run")
    dry = set(refs(tmp_path / "m"))
    person.does(app, "mirror", "../m")

    assert planned.document["sets"][0]["added"] == ["refs/atoms/greet/1.1.0"]
    assert set(refs(tmp_path / "m")) - dry == {"refs/atoms/greet/1.1.0"}


@pytest.mark.spec("mirror-made")
def test_a_dry_run_makes_no_mirror(person: Person, app: Path, tmp_path: Path) -> None:
    answer = person.json(app, "mirror", "../m", "--dry-run")

    assert answer.status == 0
    assert len(answer.document["sets"][0]["added"]) == 3
    assert not (tmp_path / "m").exists()


@pytest.mark.spec("mirror-made", "mirror-objects")
def test_a_made_mirror_serves_a_project_whose_first_url_is_down(
    village: Village, tmp_path: Path
) -> None:
    owner, stranger = Person(tmp_path / "home"), Person(tmp_path / "stranger")
    shutil.copytree(village.server, tmp_path / "first/pkgs.git")
    (tmp_path / "second").mkdir()
    with serve(tmp_path / "first") as first, serve(tmp_path / "second") as second:
        owner.does(tmp_path, "new", "app")
        app = tmp_path / "app"
        with (app / "atom.toml").open("a") as manifest:
            manifest.write(
                f'[package.sets]\ncore = ["{first.url}/pkgs.git", "{second.url}/mine.git"]\n'
                '[deps.from.core]\ngreet = "^1"\n'
            )
        owner.does(app, "lock")
        owner.does(app, "mirror", str(tmp_path / "second/mine.git"))
        lock = (app / "atom.lock").read_bytes()
        first.behaviour.failures[:] = DOWN

        fetched = stranger.eka(app, "fetch")
        verified = stranger.json(app, "verify")
        built = stranger.json(app, "build", "greet", "--no-link")
        relocked = stranger.json(app, "lock", "--update")

    assert fetched.status == 0, fetched.err
    assert verified.status == 0, verified.out
    assert built.status == 0, built.out
    assert relocked.status == 0, relocked.out
    assert (app / "atom.lock").read_bytes() == lock


@pytest.mark.spec("mirror-origins")
def test_source_commits_come_only_when_wanted_and_then_everything_verifies(
    person: Person, app: Path, tmp_path: Path
) -> None:
    def levels(answer: Answer) -> set[str]:
        return {
            f"{level['level']} {level['status']}"
            for atom in answer.document["atoms"]
            for level in atom["levels"]
        }

    person.does(app, "mirror", "../m")
    without = person.json(app, "verify", f"file://{tmp_path}/m")
    whole = person.json(app, "mirror", "../m", "--origins")
    with_them = Person(tmp_path / "stranger").json(app, "verify", f"file://{tmp_path}/m")

    assert {"bytes ok", "content ok", "subtree unavailable"} <= levels(without)
    assert whole.document["sets"][0]["origins"] == 2
    assert {"subtree ok", "ancestry ok"} <= levels(with_them)
    assert not any("unavailable" in each for each in levels(with_them))
    assert git(tmp_path / "m", "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("mirror-places")
def test_several_sets_get_a_repository_each(person: Person, app: Path, tmp_path: Path) -> None:
    other = Village(tmp_path / "other")
    other.write("README", "another history\n")
    other.publish(person)
    person.does(app, "add", f"{other.url}::shell@^1", "--set", "other")

    answer = person.json(app, "mirror", "../several")

    names = {each["directory"].rpartition("/")[2] for each in answer.document["sets"]}
    assert names == {f"pkgs-{each['genesis'][:12]}.git" for each in answer.document["sets"]}
    assert len(names) == 2
    assert {path.name for path in (tmp_path / "several").iterdir()} == names


@pytest.mark.spec("mirror-places")
@pytest.mark.parametrize("what", ["files", "a file", "another set", "a repository"])
def test_a_mirror_is_made_nowhere_else(
    village: Village, person: Person, app: Path, tmp_path: Path, what: str
) -> None:
    place = tmp_path / "taken"
    match what:
        case "files":
            place.mkdir()
            (place / "mine").write_text("keep\n")
        case "a file":
            place.write_text("keep\n")
        case "another set":
            shutil.copytree(village.server, place)
            git(place, "update-ref", "refs/ekala/init", git(place, "rev-parse", "main"))
        case _:
            shutil.copytree(village.server, place)
            git(place, "update-ref", "-d", "refs/ekala/init")

    answer = person.json(app, "mirror", "../taken")

    assert (answer.status, answer.code) == (CONFLICT, "mirror-place-taken")


@pytest.mark.spec("mirror-disagrees")
def test_a_mirror_that_has_another_commit_for_a_locked_version_is_not_touched(
    person: Person, app: Path, tmp_path: Path
) -> None:
    person.does(app, "mirror", "../m")
    named_otherwise(tmp_path / "m", "greet", "1.1.0")
    before = refs(tmp_path / "m")

    answer = person.json(app, "mirror", "../m")

    assert (answer.status, answer.code) == (INTEGRITY, "sources-disagree")
    assert refs(tmp_path / "m") == before


@pytest.mark.spec("mirror-made")
def test_a_mirror_is_made_offline_from_what_was_fetched(
    person: Person, app: Path, tmp_path: Path
) -> None:
    genesis_known = person.json(app, "mirror", "../one")
    answer = person.eka(app, "mirror", "../two", "--offline")

    assert genesis_known.status == 0
    assert answer.status == 0, answer.err
    assert "left out offline" in answer.err
    assert refs(tmp_path / "two") == refs(tmp_path / "one")
