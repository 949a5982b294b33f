"""Somebody asks what is newer than what is locked."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.closure import Closure
from tests.fakes.quick_set import QuickSet
from tests.servers.git_http import serve
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.story import Answer

EXIT_FAILED, EXIT_NOT_FOUND, EXIT_NETWORK = 1, 3, 4


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Closure:
    return Closure(tmp_path_factory.mktemp("closure"))


@pytest.fixture
def changing(locked: Closure, tmp_path: Path) -> Closure:
    """A closure whose sets a test may change."""
    return Closure.changing(locked, tmp_path)


def outdated(closure: Closure, *words: str) -> dict[str, Any]:
    """Return what ``eka outdated`` says of each atom, by label and version."""
    answer = closure.person.json(closure.app, "outdated", *words)
    return {f"{each['label']} {each['version']}": each for each in answer.document["atoms"]}


def held_by(atom: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["owner"].partition("::")[2], each["requirement"]) for each in atom["held_by"]]


@pytest.mark.spec("outdated-newest")
@pytest.mark.spec("outdated-compatible")
def test_who_holds_back_the_newest_version_is_named(locked: Closure) -> None:
    answer = locked.person.json(locked.app, "outdated")
    text = locked.person.does(locked.app, "outdated").out

    (zlib,) = answer.document["atoms"]
    assert (zlib["version"], zlib["compatible"], zlib["newest"]) == ("1.2.0", "1.2.0", "2.0.0")
    assert held_by(zlib) == [("", "~1.2"), ("curl@8.0.0", "^1"), ("ssl@3.0.0", "^1")]
    assert (answer.document["total"], answer.document["outdated"]) == (7, 1)
    assert "~1.2 (atom.toml:10), ^1 (curl 8.0.0) and 1 more" in text
    assert "1 of 7 atoms is outdated" in text


def test_all_or_some_atoms_can_be_looked_at(locked: Closure) -> None:
    every = outdated(locked, "--all")
    direct = outdated(locked, "--all", "--direct-only")
    some = outdated(locked, "zlib@2", "lua", "--all")
    unknown = locked.person.json(locked.app, "outdated", "zlip")

    assert len(every) == 7
    assert set(every) - set(direct) == {"ssl 3.0.0", "zlib 2.0.0"}
    assert [each for each, atom in every.items() if atom["dev"]] == ["probe 1.0.0"]
    assert [each for each, atom in every.items() if atom["direct"]] == list(direct)
    assert set(some) == {"lua 5.4.0", "zlib 2.0.0"}
    assert (unknown.status, unknown.code) == (EXIT_NOT_FOUND, "atom-not-locked")


def test_the_exit_status_tells_when_that_is_wanted(locked: Closure) -> None:
    plain = locked.person.eka(locked.app, "outdated")
    wanted = locked.person.eka(locked.app, "outdated", "--exit-code")
    fresh = locked.person.eka(locked.app, "outdated", "--exit-code", "curl")

    assert (plain.status, wanted.status, fresh.status) == (0, EXIT_FAILED, 0)
    assert fresh.out == "none of 1 atom is outdated\n"


@pytest.mark.spec("outdated-newest")
def test_yanked_versions_and_pre_releases_are_no_news(changing: Closure) -> None:
    extra, owner = changing.extra, changing.owner
    for version in ("5.5.0", "5.6.0", "6.0.0-rc.1"):
        extra.write("lua", version)
        extra.publish(owner, "lua")
    owner.does(extra.mono, "yank", "lua@5.6.0")

    before = outdated(changing)["lua 5.4.0"]
    owner.does(extra.mono, "yank", "lua@5.4.0", "--reason", "it crashes")
    after = outdated(changing)["lua 5.4.0"]
    text = changing.person.does(changing.app, "outdated", "lua").out

    assert (before["compatible"], before["newest"], before["held_by"]) == ("5.5.0", "5.5.0", [])
    assert (before["status"], after["status"]["yanked"]) == (None, {"reason": "it crashes"})
    assert "is yanked: it crashes" in text
    assert "1 of 1 atom is outdated; eka update takes what is compatible" in text


@pytest.mark.spec("outdated-newest")
def test_who_locked_a_pre_release_is_told_of_the_next_one(changing: Closure) -> None:
    extra, owner = changing.extra, changing.owner
    extra.write("lua", "6.0.0-rc.1")
    extra.publish(owner, "lua")
    changing.manifest(changing.text.replace('lua = "^5"', 'lua = "=6.0.0-rc.1"'))
    changing.person.does(changing.app, "lock")
    extra.write("lua", "6.0.0-rc.2")
    extra.publish(owner, "lua")

    lua = outdated(changing)["lua 6.0.0-rc.1"]

    assert (lua["compatible"], lua["newest"]) == ("6.0.0-rc.1", "6.0.0-rc.2")
    assert held_by(lua) == [("", "=6.0.0-rc.1")]


@pytest.mark.spec("outdated-compatible")
def test_a_version_that_must_wait_is_not_the_compatible_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(time=lambda: 1_800_000_000.0)
    monkeypatch.setattr("eka.cli.wiring.time", clock)
    person, far, app = Person(tmp_path / "home"), QuickSet(tmp_path / "far.git"), tmp_path / "app"
    far.release("lib@1.0.0")
    app.mkdir()
    (app / "atom.toml").write_text(far.project({"lib": "^1"}))
    person.does(app, "lock")
    clock.time = lambda: 1_800_086_400.0
    far.release("lib@1.1.0")
    person.does(app, "outdated")

    (waiting,) = person.json(app, "outdated", "--cooldown", "7d").document["atoms"]
    text = person.does(app, "outdated", "--cooldown", "7d").out
    (free,) = person.json(app, "outdated", "--cooldown", "0").document["atoms"]

    assert (waiting["compatible"], waiting["newest"], waiting["held_by"]) == (
        "1.0.0",
        "1.1.0",
        [],
    )
    assert waiting["waits"] == {"first_seen_s": 1_800_086_400, "eligible_s": 1_800_691_200}
    assert "1.1.0 can be chosen in 7 days" in text
    assert (free["compatible"], free["waits"]) == ("1.1.0", None)


@pytest.mark.spec("outdated-newest")
def test_a_version_that_is_gone_is_told(changing: Closure) -> None:
    git(changing.extra.server, "update-ref", "-d", "refs/atoms/lua/5.4.0")

    answer = changing.person.json(changing.app, "outdated", "lua", "--exit-code")

    (lua,) = answer.document["atoms"]
    assert (answer.status, lua["listed"], lua["outdated"]) == (0, False, False)
    assert "is not published any more" in changing.person.does(changing.app, "outdated").out


@pytest.mark.spec("outdated-requests")
def test_offline_remembered_listings_answer_and_tell_their_age(
    locked: Closure, tmp_path: Path
) -> None:
    closure = Closure.copied(locked, tmp_path)
    online = outdated(closure)

    offline = closure.person.json(closure.app, "outdated", "--offline")
    text = closure.person.does(closure.app, "outdated", "--offline").out
    shutil.rmtree(closure.person.home / ".cache/eka/objects.git")
    unread = outdated(closure, "--offline")
    shutil.rmtree(closure.person.home / ".cache")
    forgotten = closure.person.json(closure.app, "outdated", "--offline")

    assert {f"{each['label']} {each['version']}": each for each in offline.document["atoms"]} == (
        online
    )
    assert all(each["remembered"] for each in offline.document["listings"])
    assert "1 of 7 atoms is outdated, as listed " in text
    assert (unread["zlib 1.2.0"]["compatible"], held_by(unread["zlib 1.2.0"])) == (
        None,
        [("", "~1.2")],
    )
    assert (forgotten.status, forgotten.code) == (EXIT_NETWORK, "offline")


@pytest.mark.spec("outdated-requests")
def test_each_source_is_asked_once_and_one_that_is_down_hides_no_other(
    locked: Closure, tmp_path: Path
) -> None:
    closure = Closure.copied(locked, tmp_path)
    with serve(locked.root) as server:
        text = closure.text
        for each in (locked.core, locked.extra):
            text = text.replace(each.url, f"{server.url}/{each.server.parent.name}/pkgs.git")
        closure.manifest(text)
        (closure.app / "atom.lock").unlink()
        closure.person.does(closure.app, "lock")
        server.log.clear()

        asked = outdated(closure)
        requests = [each.path for each in server.log if each.method == "POST"]
        moved = locked.extra.server.rename(tmp_path / "away.git")
        half = closure.person.json(closure.app, "outdated")
        for cache in (closure.person.home / ".cache/eka").glob("*.git"):
            shutil.rmtree(cache)
        empty = closure.person.json(closure.app, "outdated")
        moved.rename(locked.extra.server)
    nobody = closure.person.json(closure.app, "outdated")

    assert list(asked) == ["zlib 1.2.0"]
    assert sorted(requests) == [f"/{name}/pkgs.git/git-upload-pack" for name in ("core", "extra")]
    assert half.status == EXIT_NETWORK
    assert _unknown(half) == {"lua": True, "zlib": False}
    assert _unknown(empty) == _unknown(half)
    assert [each["newest"] for each in empty.document["atoms"]] == [None, "2.0.0"]
    assert (nobody.status, "error" in nobody.document) == (EXIT_NETWORK, True)


def _unknown(answer: Answer) -> dict[str, bool]:
    return {each["label"]: each["unknown"] is not None for each in answer.document["atoms"]}


@pytest.mark.spec("read-lock")
def test_in_the_root_of_a_set_each_atom_is_looked_at(locked: Closure, tmp_path: Path) -> None:
    person, mono = Person(tmp_path / "home"), tmp_path / "mono"
    git(tmp_path, "init", "-q", str(mono))
    (mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
    empty = [person.json(mono, *words).code for words in (("outdated",), ("diff", "--lock"))]
    for label, requirement in (("one", "~1.2"), ("two", "^2")):
        (mono / label).mkdir()
        (mono / label / "atom.toml").write_text(
            f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n[package.sets]\n'
            f'core = "{locked.core.url}"\n[deps.from.core]\nzlib = "{requirement}"\n'
        )
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    person.does(mono, "init")
    person.does(mono, "lock")

    some = person.does(mono, "outdated").out
    every = person.does(mono, "outdated", "--all").out.splitlines()
    none = person.does(mono, "outdated", "--direct-only", "zlib@2").out

    assert empty == ["set-empty", "set-empty"]
    assert some.splitlines()[0] == "one"
    assert "~1.2 (one/atom.toml:7)" in some
    assert [line for line in every if line in ("one", "two")] == ["one", "two"]
    assert every[-1] == "1 of 2 atoms is outdated"
    assert none == "none of 1 atom is outdated\n"


@pytest.mark.spec("outdated-requests")
def test_a_source_that_is_another_set_now_is_not_believed(changing: Closure) -> None:
    shutil.rmtree(changing.extra.server)
    shutil.copytree(changing.core.server, changing.extra.server)
    shutil.rmtree(changing.person.home / ".cache/eka/listings")

    answer = changing.person.json(changing.app, "outdated", "lua", "zlib")

    atoms = {each["label"]: each for each in answer.document["atoms"]}
    assert answer.status == EXIT_NETWORK
    assert "genesis" in atoms["lua"]["unknown"]
    assert atoms["zlib"]["newest"] == "2.0.0"
