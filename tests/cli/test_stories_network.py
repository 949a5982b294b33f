"""A newcomer behind a bad line: mirrors, passwords, no network at all."""

from __future__ import annotations

import shutil
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.servers.git_http import Behaviour, serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

EXIT_NETWORK, EXIT_CONFLICT = 4, 6
CLOSED = "http://127.0.0.1:1/set"
SECRET = "s3cret-word"  # noqa: S105 - of a server on loopback


@pytest.fixture(scope="module")
def village(published: Village) -> Village:
    return published


@pytest.fixture
def app(person: Person, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    return tmp_path / "app"


@contextmanager
def gone(village: Village) -> Generator[Path]:
    """Take the server away for a while; yields where it is meanwhile."""
    hidden = village.server.with_name("hidden.git")
    village.server.rename(hidden)
    try:
        yield hidden
    finally:
        shutil.rmtree(village.server, ignore_errors=True)
        hidden.rename(village.server)


def everything(folder: Path) -> bytes:
    """Return all files below a directory in one."""
    return b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.spec("flow-public")
def test_a_password_is_used_and_written_nowhere(village: Village, tmp_path: Path) -> None:
    person = Person(tmp_path / "home")
    person.does(person.home, "new", "app")
    app = person.home / "app"
    with serve(village.server.parent, Behaviour(credentials=("me", SECRET))) as server:
        url = server.url.replace("://", f"://me:{SECRET}@")

        added = person.json(app, "add", f"{url}/pkgs.git::greet@^1")
        told = person.eka(app, "add", f"{url}/pkgs.git::shell@^1")
        refused = person.json(app, "versions", f"{server.url}/pkgs.git::greet")

    assert (added.status, told.status) == (0, 0), told.err
    assert added.document["added"][0]["source"] == f"{server.url}/pkgs.git"
    assert (refused.status, refused.code) == (EXIT_NETWORK, "access-denied")
    assert "not written" in told.err
    assert SECRET not in added.out + told.out + told.err
    assert b"pkgs.git" in everything(tmp_path)
    assert SECRET.encode() not in everything(tmp_path)


@pytest.mark.spec("flow-one-source")
def test_a_mirror_is_asked_when_the_first_address_is_down_and_that_is_said(
    person: Person, village: Village, app: Path
) -> None:
    sets = f'[package.sets]\nset = ["{CLOSED}", "{village.url}"]\n'
    with (app / "atom.toml").open("a") as manifest:
        manifest.write(f'{sets}[deps.from.set]\ngreet = "^1"\n')

    answer = person.does(app, "lock")

    assert f"{CLOSED} does not answer" in answer.err
    assert "greet" in (app / "atom.lock").read_text()
    assert person.json(app, "build", "greet", "--no-link").status == 0


@pytest.mark.spec("flow-one-source", "lock-accepted")
def test_another_address_of_a_known_set_must_be_accepted_by_name(
    person: Person, village: Village, app: Path, tmp_path: Path
) -> None:
    fork = tmp_path / "fork.git"
    shutil.copytree(village.server, fork)
    person.does(app, "add", f"{village.url}::greet@^1")
    before = (app / "atom.lock").read_bytes()

    refused = person.json(app, "add", f"{fork}::shell@^1")
    taken = person.json(app, "add", f"{fork}::shell@^1", "--accept-source", f"file://{fork}")
    again = person.json(app, "lock", "--update")

    assert (refused.status, refused.code) == (EXIT_CONFLICT, "foreign-genesis")
    assert taken.status == 0, taken.out
    # The first source still speaks for the set: the lock only remembers what was accepted.
    lock, (written,) = (app / "atom.lock").read_text(), again.document["projects"]
    assert not written["written"], again.out
    assert f'accepted = [\n  "file://{fork}",\n]' in lock
    assert lock.count("file://") == before.count(b"file://") + 1
    assert person.json(app, "build", "greet", "--no-link").status == 0


@pytest.mark.spec("flow-offline")
@pytest.mark.spec("flow-enough")
@pytest.mark.spec("flow-frozen")
def test_what_was_fetched_is_enough_without_a_network(
    person: Person, village: Village, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    lock = (app / "atom.lock").read_bytes()
    person.does(app, "fetch")

    def refuse(*_: object) -> None:
        pytest.fail("something was sent")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with gone(village):
        for words in (
            ["fetch", "--offline"],
            ["lock", "--offline"],
            ["lock", "--frozen"],
            ["versions", f"{village.url}::greet", "--offline"],
            ["info", f"{village.url}::greet", "--offline"],
            ["verify", "--offline"],
            ["build", "greet", "--offline", "--no-link"],
            ["build", "greet", "--frozen", "--no-link"],
        ):
            answer = person.json(app, *words)
            assert answer.status == 0, (words, answer.out)

    assert (app / "atom.lock").read_bytes() == lock


@pytest.mark.spec("flow-enough")
def test_a_current_lock_is_built_though_its_source_lists_nothing_any_more(
    person: Person, village: Village, app: Path, tmp_path: Path
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    stranger = Person(tmp_path / "stranger")
    with gone(village) as hidden:
        shutil.copytree(hidden, village.server)
        refs = git(village.server, "for-each-ref", "--format=%(refname)", "refs/atoms").split()
        for number, ref in enumerate(refs):
            git(village.server, "update-ref", f"refs/kept/{number}", ref)
            git(village.server, "update-ref", "-d", ref)
        git(village.server, "config", "uploadpack.allowAnySHA1InWant", "true")

        built = stranger.json(app, "build", "greet", "--locked", "--no-link")
        listed = stranger.json(app, "versions", f"{village.url}::greet")

    assert (built.status, built.document["built"]) == (0, 1)
    assert listed.code == "atom-not-found"


@pytest.mark.spec("flow-offline")
@pytest.mark.parametrize(
    "words",
    [
        ["versions", "SERVER::greet"],
        ["info", "SERVER::greet"],
        ["add", "SERVER::greet@^1"],
        ["verify", "SERVER::greet"],
    ],
)
def test_what_was_never_asked_for_cannot_be_answered_offline(
    village: Village, tmp_path: Path, words: list[str]
) -> None:
    person = Person(tmp_path / "home")
    person.does(person.home, "new", "app")

    answer = person.json(
        person.home / "app", *(word.replace("SERVER", village.url) for word in words), "--offline"
    )

    assert (answer.status, answer.code) == (EXIT_NETWORK, "offline")


@pytest.mark.spec("flow-offline")
@pytest.mark.parametrize("words", [["fetch"], ["build", "greet"], ["verify"], ["lock"]])
def test_a_lock_without_its_objects_is_no_use_offline(
    person: Person, village: Village, app: Path, tmp_path: Path, words: list[str]
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    stranger = Person(tmp_path / "stranger")

    answer = stranger.json(app, *words, "--offline")

    assert (answer.status, answer.code) == (EXIT_NETWORK, "offline")


def test_a_source_is_asked_once_however_many_atoms_of_a_set_need_it(
    village: Village, tmp_path: Path
) -> None:
    asked: list[int] = []
    for number in (1, 5):
        root = tmp_path / str(number)
        (root / "set").mkdir(parents=True)
        person, mono = Person(root / "home"), Village(root / "set")
        with serve(village.server.parent) as server:
            for each in range(number):
                mono.atom(
                    f"user{each}",
                    f'[package.sets]\nfar = "{server.url}/pkgs.git"\nhere = "::"\n'
                    '[deps.from.far]\ngreet = "^1"\n[deps.from.here]\nshell = "*"\n',
                )
            mono.commit()
            person.does(mono.mono, "init")

            person.does(mono.mono, "lock")

            asked.append(len(server.log))

    assert asked[0] == asked[1] > 0
