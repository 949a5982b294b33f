"""A question that is asked while the program still loads is the one that would be asked later."""

from __future__ import annotations

import io
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.cli.defaults import GIT_HOME
from eka.cli.dispatch import dispatch
from eka.cli.head_start import begin
from tests.fakes.ref_world import RefWorld, make_ref_world
from tests.servers.apache import Site
from tests.servers.apache import serve as serve_site
from tests.servers.git_http import serve
from tests.story import Answer, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eka.cli.head_start import HeadStart
    from tests.servers.git_http import GitServer

PATIENCE_S = 20


@pytest.fixture
def world(tmp_path: Path) -> RefWorld:
    return make_ref_world(tmp_path / "sets" / "set.git", labels=3, versions=2)


@pytest.fixture
def server(world: RefWorld) -> Iterator[GitServer]:
    with serve(world.path.parent) as running:
        yield running


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody who has used eka before, and set nothing."""
    known = Person(tmp_path / "home")
    (known.home / ".cache" / "eka" / GIT_HOME).mkdir(parents=True)
    return known


def head_start(person: Person, *words: str) -> HeadStart | None:
    return begin(["versions", *words], person.environment)


def versions(person: Person, *words: str, ahead: bool) -> Answer:
    out, err = io.StringIO(), io.StringIO()
    early = head_start(person, *words) if ahead else None
    assert (early is not None) is ahead
    status = dispatch(["versions", *words], person.environment, out, err, early)
    return Answer(status, out.getvalue(), err.getvalue())


def wait_for(server: GitServer, method: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not any(each.method == method and each.sent_bytes for each in server.log):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("word", ["", "--json", "-q"])
@pytest.mark.parametrize("label", ["label-1", "nothing-of-that-name"])
def test_the_answer_is_the_same(
    person: Person,
    server: GitServer,
    world: RefWorld,
    word: str,
    label: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)  # answers say when

    for url in (f"{server.url}/set.git", f"file://{world.path}"):
        words = [*([word] if word else []), f"{url}::{label}"]

        late, early = (versions(person, *words, ahead=ahead) for ahead in (False, True))

        assert early == late


@pytest.mark.parametrize("place", ["no/such.git", "set.git/HEAD"])
def test_what_fails_is_told_the_same_way(
    person: Person, server: GitServer, world: RefWorld, place: str
) -> None:
    for url in (f"{server.url}/{place}", f"file://{world.path.parent}/{place}"):
        late, early = (versions(person, f"{url}::label-1", ahead=each) for each in (False, True))

        assert early == late
        assert late.status != 0


def test_the_server_is_asked_while_the_program_loads(person: Person, server: GitServer) -> None:
    early = head_start(person, f"{server.url}/set.git::label-1")

    wait_for(server, "GET")
    assert early is not None
    with early:
        deadline = time.monotonic() + PATIENCE_S
        while not any(each.method == "POST" and each.sent_bytes for each in server.log):
            assert time.monotonic() < deadline
            early.advance()
        asked = bytes(next(each.request for each in server.log if each.method == "POST"))

    assert b"refs/atoms/label-1/" in asked


def test_a_server_that_takes_its_time_holds_up_nothing(
    person: Person, server: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = threading.Event(), threading.Event()
    handlers = server.RequestHandlerClass
    answer: Callable[[object], None] = vars(handlers)["do_POST"]

    def do_post(handler: object) -> None:
        asked.set()
        released.wait(PATIENCE_S)
        answer(handler)

    monkeypatch.setattr(handlers, "do_POST", do_post)
    early = head_start(person, f"{server.url}/set.git::label-1")
    assert early is not None
    with early:
        wait_for(server, "GET")
        deadline = time.monotonic() + PATIENCE_S
        while not asked.is_set():
            assert time.monotonic() < deadline
            early.advance()
        early.advance()
        is_answered = any(each.method == "POST" for each in server.log)
        released.set()

    assert not is_answered


def test_nothing_is_asked_twice(person: Person, server: GitServer) -> None:
    versions(person, f"{server.url}/set.git::label-1", ahead=True)

    assert [each.method for each in server.log] == ["GET", "POST"]


@pytest.mark.parametrize(
    "words",
    [
        ["--offline", "{url}::label-1"],
        ["gh:owner/repo::label-1"],
        ["{url}"],
        ["{url}::label-1", "more"],
        ["--help"],
        ["{url}::_bad"],
        ["git://127.0.0.1/set.git::label-1"],
    ],
)
def test_only_plain_questions_get_one(person: Person, server: GitServer, words: list[str]) -> None:
    url = f"{server.url}/set.git"

    early = head_start(person, *(word.format(url=url) for word in words))

    with ExitStack() as stack:
        if early is not None:
            stack.enter_context(early)
    assert server.log == []


def test_whoever_set_something_gets_none(person: Person, server: GitServer) -> None:
    uri = f"{server.url}/set.git::label-1"
    person.environment["EKA_TIMEOUT_S"] = "5"
    assert head_start(person, uri) is None
    del person.environment["EKA_TIMEOUT_S"]
    settings = person.home / ".config" / "eka" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[listing]\nmax_age_s = 3600\n")

    assert head_start(person, uri) is None
    assert server.log == []


def test_the_first_command_of_all_gets_none(tmp_path: Path, server: GitServer) -> None:
    newcomer = Person(tmp_path / "new")

    assert head_start(newcomer, f"{server.url}/set.git::label-1") is None


def test_an_address_that_git_rewrites_is_left_alone(
    person: Person, server: GitServer, world: RefWorld, tmp_path: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{world.path.parent}/"]\n\tinsteadOf = {server.url}/\n')
    person.environment["GIT_CONFIG_GLOBAL"] = str(config)

    answer = versions(person, f"{server.url}/set.git::label-1", ahead=True)

    assert answer.status == 0
    assert server.log == []


def test_a_server_that_leads_elsewhere_is_told_nothing(
    person: Person, server: GitServer, tmp_path: Path
) -> None:
    site = Site(redirects={"/moved": server.url})
    (tmp_path / "empty").mkdir()
    with serve_site(tmp_path / "empty", site) as web:
        words = [f"{web.url}/moved/set.git::label-1"]
        early = head_start(person, *words)
        wait_for(server, "GET")
        assert early is not None
        for _ in range(20):
            early.advance()
            time.sleep(0.005)
        posted = [each for each in server.log if each.method == "POST"]
        out, err = io.StringIO(), io.StringIO()

        status = dispatch(["versions", *words], person.environment, out, err, early)

    assert posted == []  # by the helper that was started for another server
    assert status == 0
    assert "leads to" in err.getvalue()


def test_what_was_begun_ends_with_the_command(
    person: Person, world: RefWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    spawn = os.posix_spawn

    def recorded(*args: object, **options: object) -> int:
        started.append(spawn(*args, **options))  # type: ignore[arg-type] # as they came
        return started[-1]

    monkeypatch.setattr(os, "posix_spawn", recorded)
    words = ["-C", str(tmp_path / "nowhere"), f"file://{world.path}::label-1"]

    answer = versions(person, *words, ahead=True)

    assert answer.status == 3  # -C names no directory
    assert started
    assert not any(is_running(pid) for pid in started)
