"""The system refuses, the clock is wrong, the server drops out: a clear end, nothing is lost."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kills import PATIENCE_S, finish, start
from tests.servers.git_http import serve
from tests.servers.hostile import serve_socket
from tests.story import Person, Village, git
from tests.syscalls import CHANGES, count, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

BUG, INTERRUPTED, NETWORK = 70, 130, 4
OPENING = "openat,pipe2,dup3,socket,memfd_create,pidfd_open"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path, person: Person) -> Village:
    made = Village(tmp_path)
    made.publish(person)
    return made


def spread(most: int, rounds: int) -> range:
    """Return some numbers from 1 to ``most``, evenly."""
    step = max(1, most // rounds)
    return range(1 + step // 2, most + 1, step)


@pytest.mark.parametrize(
    ("error", "calls"),
    [("ENOSPC", CHANGES), ("EIO", CHANGES), ("EDQUOT", CHANGES), ("EMFILE", OPENING)],
)
def test_r02_an_add_the_system_refuses_to_help_ends_clearly_and_changes_nothing(
    error: str,
    calls: str,
    person: Person,
    village: Village,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
) -> None:
    words = ["add", f"{village.url}::greet@^1"]
    app = tmp_path / "app"
    person.does(tmp_path, "new", "app")
    old = (app / "atom.toml").read_bytes()
    most, _ = count(person, app, *words, calls=calls, notes=tmp_path / "notes")
    new = (app / "atom.toml").read_bytes()
    for number in spread(most, rounds(2, 60)):
        shutil.rmtree(app)
        shutil.rmtree(person.home / ".cache")
        person.does(tmp_path, "new", "app")

        ended = refuse(person, app, *words, calls=calls, error=error, number=number)

        assert ended.status not in (0, BUG) or (app / "atom.toml").read_bytes() == new, ended
        # Python itself may be refused what it needs to start, and says so in its own way.
        assert "Traceback" not in ended.err or "Fatal Python error" in ended.err
        person.does(app, "info")
        assert (app / "atom.toml").read_bytes() in (old, new)
        person.does(app, *words)
        assert person.eka(app, "lock", "--locked").status == 0


@pytest.mark.spec("publish-heals")
@pytest.mark.parametrize(
    ("error", "calls"), [("ENOSPC", CHANGES), ("EIO", CHANGES), ("EMFILE", OPENING)]
)
def test_r02_a_publish_the_system_refuses_to_help_is_completed_by_the_next(
    error: str,
    calls: str,
    person: Person,
    village: Village,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
) -> None:
    words = ["publish", "greet", "--push-source", "--json"]
    with serve(tmp_path / "server") as server:
        git(village.mono, "remote", "set-url", "origin", f"{server.url}/pkgs.git")
        village.greet("hello", version="1.1.0")
        village.commit()
        most, _ = count(person, village.mono, *words, calls=calls, notes=tmp_path / "notes")
        for turn, number in enumerate(spread(most, rounds(2, 40))):
            village.greet("hello", version=f"1.{turn + 2}.0")
            village.commit()

            ended = refuse(person, village.mono, *words, calls=calls, error=error, number=number)
            answer = person.json(village.mono, *words[:-1])

            assert ended.status != BUG, ended
            assert answer.status == 0, answer
            published = json.loads(answer.out)["atoms"][0]
            assert git(village.server, "rev-parse", published["ref"]) == published["commit"]
            assert git(village.mono, "rev-parse", published["ref"]) == published["commit"]
    assert git(village.server, "fsck", "--strict", "--no-dangling") == ""


def test_r06_collecting_garbage_meanwhile_takes_nothing_that_was_fetched(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    app = tmp_path / "app"
    person.does(tmp_path, "new", "app")
    person.does(app, "add", f"{village.url}::greet@^1")
    cache = person.home / ".cache/eka/objects.git"
    for number in range(rounds(3, 40)):
        shutil.rmtree(cache)
        child = start(person, app, "fetch", "--json")
        while child.poll() is None:
            collect(cache)
        ended = finish(child)

        collect(cache)

        assert ended.status != BUG, (number, ended)
        person.does(app, "fetch")
        person.does(app, "verify", "--offline")
        assert git(cache, "fsck", "--no-dangling") == ""


def collect(repository: Path) -> None:
    """Remove all that no ref leads to, as an eager owner of the machine would."""
    command = ["git", "gc", "--quiet", "--prune=now"]
    if (repository / "HEAD").exists():
        subprocess.run(command, cwd=repository, check=False, capture_output=True)


@pytest.mark.parametrize("home", ["/proc/nowhere", "/dev/null/below"])
def test_r08_a_home_that_cannot_be_written_to_is_said_so(
    home: str, person: Person, village: Village, tmp_path: Path
) -> None:
    environment = dict(person.environment)
    person.environment.update(HOME=home, XDG_CACHE_HOME="", XDG_DATA_HOME="", XDG_STATE_HOME="")

    answer = person.json(tmp_path, "versions", f"{village.url}::greet")

    assert answer.status == 1
    assert home in answer.out
    person.environment.update(environment)
    person.does(tmp_path, "versions", f"{village.url}::greet")


def test_r08_without_a_home_the_password_file_tells(
    person: Person, village: Village, tmp_path: Path
) -> None:
    del person.environment["HOME"]

    person.does(tmp_path, "versions", f"{village.url}::greet")


def test_r08_a_file_system_without_locks_is_said_so(
    person: Person, village: Village, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    words = ["add", f"{village.url}::greet@^1"]

    ended = refuse(person, tmp_path / "app", *words, calls="flock", error="ENOLCK", number=1)

    assert ended.status == 1, ended
    assert "error[" in ended.err
    assert not (tmp_path / "app" / "atom.lock").exists()


@pytest.mark.parametrize("words", [["versions", "{}::a"], ["add", "{}::a"], ["verify", "{}"]])
def test_r09_an_interrupt_while_a_server_is_silent_ends_the_command_at_once(
    words: list[str], person: Person, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    before = (tmp_path / "app" / "atom.toml").read_bytes()
    with serve_socket(stalls=True) as url:
        child = start(person, tmp_path / "app", *(word.format(url) for word in words))
        wait_for_connection(child.pid)
        child.send_signal(signal.SIGINT)

        ended = finish(child)

    assert ended.status == INTERRUPTED, ended
    assert ended.out == ""
    assert [path.name for path in (tmp_path / "app").iterdir()] == ["atom.toml"]
    assert (tmp_path / "app" / "atom.toml").read_bytes() == before


def wait_for_connection(pid: int) -> None:
    """Wait until a process has a connection over TCP."""
    ends = time.monotonic() + PATIENCE_S
    while not sockets(pid):
        assert time.monotonic() < ends, "it never connected"
        time.sleep(0.02)


def sockets(pid: int) -> list[str]:
    """Return the established connections among a process's open files."""
    try:
        names = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = {f"socket:[{line[9]}]" for line in lines if line[3] == "01"}
    return [name for name in names if name in established]


@pytest.mark.parametrize("clock_s", [-5, 0, 2**31 + 5, 2**40])
def test_r10_whatever_the_clock_says_the_answers_are_the_same(
    clock_s: int,
    person: Person,
    village: Village,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(app: Path) -> tuple[str, list[str]]:
        person.does(tmp_path, "new", app.name)
        person.does(app, "add", f"{village.url}::greet@^1")
        person.does(app, "verify")
        lock = (app / "atom.lock").read_text().replace(app.name, "app")
        listed = person.json(app, "versions", f"{village.url}::greet").document["versions"]
        return lock, [f"{each['version']} {each['commit']}" for each in listed]

    expected = told(tmp_path / "first")
    monkeypatch.setattr(time, "time", lambda: float(clock_s))

    found = told(tmp_path / "then")
    monkeypatch.undo()

    assert found == expected
    assert told(tmp_path / "last") == expected


@pytest.mark.usefixtures("village")
@pytest.mark.parametrize("after_bytes", [0, 1, 50, 300, 1000, 20_000])
def test_r11_a_server_that_drops_the_connection_leaves_nothing_half_done(
    after_bytes: int, person: Person, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    before = (tmp_path / "app" / "atom.toml").read_bytes()
    with serve(tmp_path / "server") as server:
        words = ["add", f"{server.url}/pkgs.git::greet@^1"]
        server.behaviour.cut_after_bytes = after_bytes

        answer = person.json(tmp_path / "app", *words)

        assert answer.status == NETWORK, answer
        assert (tmp_path / "app" / "atom.toml").read_bytes() == before
        assert [path.name for path in (tmp_path / "app").iterdir()] == ["atom.toml"]
        server.behaviour.cut_after_bytes = None
        person.does(tmp_path / "app", *words)


@pytest.mark.usefixtures("village")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_r11_a_busy_server_is_said_so(status: int, person: Person, tmp_path: Path) -> None:
    with serve(tmp_path / "server") as server:
        server.behaviour.failures = [status] * 50

        answer = person.json(tmp_path, "versions", f"{server.url}/pkgs.git::greet")

        assert answer.status == NETWORK, answer
        assert str(status) in answer.out
        server.behaviour.failures = []
        person.does(tmp_path, "versions", f"{server.url}/pkgs.git::greet")


def test_r11_a_server_that_says_nothing_is_waited_for_no_longer_than_set(
    person: Person, tmp_path: Path
) -> None:
    person.environment["EKA_TIMEOUT_S"] = "1"
    with serve_socket(stalls=True) as url:
        answer = person.json(tmp_path, "versions", f"{url}::a")

    assert answer.status == NETWORK
    assert answer.code == "timed-out"


def test_r12_a_lock_of_a_later_eka_is_refused_with_a_sentence(
    person: Person, village: Village, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    person.does(tmp_path, "new", "app")
    person.does(app, "add", f"{village.url}::greet@^1")
    text = (app / "atom.lock").read_text()
    later = text.replace("\nversion = 2\n", "\nversion = 3\n", 1)
    assert later != text
    (app / "atom.lock").write_text(later)

    for words in (["fetch"], ["verify"], ["build", "greet"], ["lock"], ["lock", "--locked"]):
        answer = person.json(app, *words)

        assert (answer.status, answer.code) == (1, "lock-too-new"), (words, answer)
        assert (app / "atom.lock").read_text() == later
