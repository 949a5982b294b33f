"""Servers that refuse, go away half-way or crawl: one clear error, and nothing half done."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import pytest

from tests.servers.apache import Site, serve, serve_proxy
from tests.servers.authority import Authority, authority
from tests.servers.git_daemon import serve_daemon
from tests.servers.git_http import Behaviour
from tests.servers.git_http import serve as serve_python
from tests.servers.relay import Line, relay
from tests.servers.ssh import serve_ssh
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

EXIT_NOT_FOUND, EXIT_NETWORK = 3, 4
USER, SECRET = "ann", "hush-hush-s3cret"
WRONG = f'!f() {{ test "$1" = get && echo username={USER} && echo password=wr0ng-s3cret; }}; f'
HOUR_S = 3600


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    return Person(root / "home")


@pytest.fixture(scope="module")
def village(root: Path, person: Person) -> Village:
    made = Village(root / "village")
    made.publish(person)
    return made


@pytest.fixture(scope="module")
def ca(root: Path) -> Authority:
    return authority(root / "authority")


@pytest.fixture
def app(person: Person, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    return tmp_path / "app"


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def refs(village: Village) -> str:
    return git(village.server, "for-each-ref")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server that refuses, and who asks it."""

    url: str
    person: Person
    count: Callable[[], int] | None = None


# --- who may not -------------------------------------------------------------------------------


Refuser: TypeAlias = "Callable[[Path, Path, Authority], AbstractContextManager[Refusal]]"


@contextmanager
def wrong_password(root: Path, home: Path, ca: Authority) -> Generator[Refusal]:
    with serve(root, Site(tls=ca, credentials=(USER, SECRET))) as server:
        git(home, "config", "--file", "gitconfig", "credential.helper", WRONG)
        variables = {
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_SSL_CAINFO": str(ca.ca_file),
        }
        yield Refusal(server.url, Person(home, **variables), lambda: len(server.requests()))


@contextmanager
def no_password(root: Path, home: Path, _: Authority) -> Generator[Refusal]:
    with serve(root, Site(credentials=(USER, SECRET))) as server:
        yield Refusal(server.url, Person(home), lambda: len(server.requests()))


@contextmanager
def unknown_authority(root: Path, home: Path, ca: Authority) -> Generator[Refusal]:
    with serve(root, Site(tls=ca)) as server:
        yield Refusal(server.url, Person(home))


@contextmanager
def proxy_without_password(root: Path, home: Path, ca: Authority) -> Generator[Refusal]:
    with serve(root, Site(tls=ca)) as server, serve_proxy((USER, SECRET)) as proxy:
        variables = {"https_proxy": proxy.url, "GIT_SSL_CAINFO": str(ca.ca_file)}
        yield Refusal(server.url, Person(home, **variables), lambda: len(proxy.requests()))


@contextmanager
def proxy_with_wrong_password(root: Path, home: Path, _: Authority) -> Generator[Refusal]:
    with serve(root) as server, serve_proxy((USER, SECRET)) as proxy:
        address = proxy.url.replace("://", f"://{USER}:wr0ng-s3cret@")
        yield Refusal(server.url, Person(home, http_proxy=address), lambda: len(proxy.requests()))


@contextmanager
def proxy_that_is_down(root: Path, home: Path, _: Authority) -> Generator[Refusal]:
    with serve(root) as server:
        yield Refusal(server.url, Person(home, http_proxy="http://u:wr0ng-s3cret@127.0.0.1:1"))


@contextmanager
def unknown_host_key(root: Path, home: Path, _: Authority) -> Generator[Refusal]:
    with serve_ssh(root) as server:
        yield Refusal(server.url, Person(home, GIT_SSH_COMMAND=server.strange_command))


@contextmanager
def unknown_client_key(root: Path, home: Path, _: Authority) -> Generator[Refusal]:
    with serve_ssh(root) as server:
        yield Refusal(server.url, Person(home, GIT_SSH_COMMAND=server.keyless_command))


REFUSALS: dict[str, tuple[Refuser, str]] = {
    "wrong password": (wrong_password, "access-denied"),
    "no password": (no_password, "access-denied"),
    "unknown authority": (unknown_authority, "server-not-trusted"),
    "proxy without password": (proxy_without_password, "proxy-refused"),
    "proxy with wrong password": (proxy_with_wrong_password, "proxy-refused"),
    "proxy that is down": (proxy_that_is_down, "network-failed"),
    "unknown host key": (unknown_host_key, "access-denied"),
    "unknown client key": (unknown_client_key, "access-denied"),
}


@pytest.mark.spec("flow-public")
@pytest.mark.parametrize("case", REFUSALS)
def test_who_may_not_is_told_so_once(
    case: str, village: Village, ca: Authority, tmp_path: Path
) -> None:
    refuse, code = REFUSALS[case]
    home = tmp_path / "home"
    home.mkdir()
    before = refs(village)
    with refuse(village.server.parent, home, ca) as refusal:
        url = f"{refusal.url}/pkgs.git"
        refusal.person.does(tmp_path, "new", "app")

        answers = [
            refusal.person.json(tmp_path / "app", "versions", f"{url}::greet"),
            refusal.person.json(tmp_path / "app", "add", f"{url}::greet"),
            refusal.person.json(village.mono, "publish", "--all", "--remote", url),
        ]
        said = refusal.person.eka(tmp_path / "app", "versions", f"{url}::greet", "-v").err
        asked = refusal.count() if refusal.count else 0

    assert {(each.status, each.code) for each in answers} == {(EXIT_NETWORK, code)}
    assert "s3cret" not in said + repr(answers)
    assert asked <= 4 * len(answers)  # with and without the password, by each of four commands
    assert refs(village) == before
    assert list(files(tmp_path / "app")) == ["atom.toml"]
    assert not any(b"wr0ng" in path.read_bytes() for path in (home / ".cache").rglob("*.json"))


# --- who has no time ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("served", [0, 1])
def test_r11_a_busy_server_is_not_asked_again_and_again(
    status: int, served: int, village: Village, person: Person, app: Path
) -> None:
    before = refs(village), files(app)
    busy = Behaviour(retry_after_s=HOUR_S)
    with serve_python(village.server.parent, busy) as server:
        url = f"{server.url}/pkgs.git"
        answers: list[Answer] = []
        for where, words in ((app, ["add", f"{url}::greet"]),
                             (village.mono, ["publish", "--all", "--remote", url])):  # fmt: skip
            busy.failures[:] = [0] * served + [status] * 50
            answers.append(person.json(where, *words))
            refused = [each for each in server.log if each.status == status]
            assert len(refused) <= 3 * len(answers)

    assert {(each.status, each.code) for each in answers} == {(EXIT_NETWORK, "source-busy")}
    assert (refs(village), files(app)) == before


@pytest.mark.parametrize("served", [5, 6, 7])
def test_r11_a_publish_that_a_busy_server_ends_is_completed_by_the_next(
    served: int, village: Village, tmp_path: Path
) -> None:
    """At the push of the source, at the push of the versions, or after it."""
    made, owner = Village.copied(village, tmp_path / "village"), Person(tmp_path / "home")
    busy = Behaviour(retry_after_s=HOUR_S)
    with serve_python(made.server.parent, busy) as server:
        git(made.mono, "remote", "set-url", "origin", f"{server.url}/pkgs.git")
        grown(made, owner, "1.1.0")
        busy.failures[:] = [0] * served + [429] * 50

        ended = owner.json(made.mono, "publish", "greet", "--push-source")
        refused = [each for each in server.log if each.status == 429]
        busy.failures.clear()
        again = owner.json(made.mono, "publish", "greet", "--push-source")

    assert (ended.status, ended.code) == (EXIT_NETWORK, "source-busy"), ended
    assert len(refused) <= 3
    assert again.status == 0, again
    assert "refs/atoms/greet/1.1.0" in refs(made)
    assert git(made.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("flow-one-source")
def test_r11_a_mirror_answers_while_the_first_address_is_busy(
    village: Village, person: Person, app: Path
) -> None:
    busy = Behaviour(retry_after_s=HOUR_S, failures=[503] * 50)
    with serve_python(village.server.parent, busy) as server:
        urls = f'["{server.url}/pkgs.git", "{village.url}"]'
        with (app / "atom.toml").open("a") as manifest:
            manifest.write(f'[package.sets]\nset = {urls}\n[deps.from.set]\ngreet = "^1"\n')

        answer = person.eka(app, "lock")
        asked = len(server.log)
        verified = person.json(app, "verify")
        asked = len(server.log) - asked

    assert answer.status == 0, answer.err
    assert "503" in answer.err
    levels = [each for atom in verified.document["atoms"] for each in atom["levels"]]
    signed = {each["status"] for each in levels if each["level"] == "signature"}
    assert signed == {"absent"}  # the mirror said so; the busy address leaves it open
    assert asked == 1  # whoever is known to be busy is not asked for signatures as well


# --- lines that break --------------------------------------------------------------------------


@contextmanager
def line_of_http(root: Path) -> Generator[tuple[Line, str, Person]]:
    with serve(root) as server, relay(server.port) as line:
        yield line, f"http://127.0.0.1:{line.port}/pkgs.git", Person(root / "http")


@contextmanager
def line_of_git(root: Path) -> Generator[tuple[Line, str, Person]]:
    with serve_daemon(root) as url, relay(urlsplit(url).port or 0) as line:
        yield line, f"git://127.0.0.1:{line.port}/pkgs.git", Person(root / "git")


@contextmanager
def line_of_ssh(root: Path) -> Generator[tuple[Line, str, Person]]:
    with serve_ssh(root) as server, relay(server.port) as line:
        command = f"{server.command} -o Port={line.port}"
        # The key of the server is known under its own port.
        command += f" -o HostKeyAlias=[127.0.0.1]:{server.port}"
        url = f"ssh://git@git.test{root}/pkgs.git"
        yield line, url, Person(root / "ssh", GIT_SSH_COMMAND=command)


LINES = {"http": line_of_http, "git": line_of_git, "ssh": line_of_ssh}


def cuts(line: Line) -> list[tuple[int, int]]:
    """Return where to cut: within each connection at its start, in its middle, before its end."""
    totals = {each.number: each.answered for each in line.connections}
    return [
        (number, place)
        for number, total in totals.items()
        for place in sorted({1, total // 2, total - total // 8})
    ]


def grown(village: Village, owner: Person, version: str) -> None:
    """Commit a new version of ``greet``, ready to be published."""
    village.greet(f"hello {version}", version=version)
    village.commit()
    owner.does(village.mono, "lock")
    git(village.mono, "add", "-A")
    git(village.mono, "commit", "-q", "--allow-empty", "-m", "Lock")


@pytest.mark.spec("list-whole", "fetch-whole")
@pytest.mark.parametrize("way", LINES)
def test_r11_a_line_that_breaks_leaves_nothing_half_done(
    way: str, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    shutil.copytree(village.server, tmp_path / "root" / "pkgs.git")
    with LINES[way](tmp_path / "root") as (line, url, reader):
        reader.does(reader.home, "new", "app")
        app = reader.home / "app"
        before = files(app)
        cache = reader.home / ".cache"
        reader.does(app, "add", f"{url}::greet", "--dry-run")
        places = cuts(line)
        every = max(1, len(places) // rounds(3, 1000))

        for cut in places[::every]:
            shutil.rmtree(cache)
            line.connections.clear()
            line.cut_at = cut
            broken = reader.json(app, "add", f"{url}::greet")
            assert broken.status == EXIT_NETWORK, (cut, broken)
            assert files(app) == before, cut
        line.cut_at = None
        healed = reader.json(app, "add", f"{url}::greet")

    assert healed.status == 0, healed
    assert reader.json(app, "lock", "--locked", "--offline").status == 0


def test_r11_a_push_whose_answer_is_lost_is_found_out(
    village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    made = Village.copied(village, tmp_path / "village")
    owner = Person(tmp_path / "home")
    with serve(made.server.parent) as server, relay(server.port) as line:
        url = f"http://127.0.0.1:{line.port}/pkgs.git"
        git(made.mono, "remote", "set-url", "origin", url)
        grown(made, owner, "1.1.0")
        line.connections.clear()
        owner.does(made.mono, "publish", "greet", "--push-source")
        places = cuts(line)
        every = max(1, len(places) // rounds(4, 1000))

        for number, cut in enumerate(places[::every]):
            grown(made, owner, f"1.2.{number}")
            line.connections.clear()
            line.cut_at = cut
            broken = owner.json(made.mono, "publish", "greet", "--push-source")
            line.cut_at = None
            again = owner.json(made.mono, "publish", "greet", "--push-source")
            assert broken.status in (0, EXIT_NETWORK), (cut, broken)
            assert again.status == 0, (cut, again)
            assert f"refs/atoms/greet/1.2.{number}" in refs(made)
            assert f"refs/atoms/greet/1.2.{number}" in git(made.mono, "for-each-ref")

    assert git(made.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("way", LINES)
def test_r11_a_server_that_crawls_is_given_up(way: str, village: Village, tmp_path: Path) -> None:
    shutil.copytree(village.server, tmp_path / "root" / "pkgs.git")
    with LINES[way](tmp_path / "root") as (line, url, reader):
        reader.does(reader.home, "new", "app")
        line.drips = True
        reader.environment["EKA_TIMEOUT_S"] = "1"

        answer = reader.json(reader.home / "app", "versions", f"{url}::greet")

    assert (answer.status, answer.code) == (EXIT_NETWORK, "timed-out")


# --- what a server is not ------------------------------------------------------------------------


def test_publishing_to_a_daemon_that_only_reads_is_refused(
    village: Village, person: Person
) -> None:
    before = refs(village)
    grown(village, person, "3.0.0")
    with serve_daemon(village.server.parent) as url:
        answer = person.json(
            village.mono, "publish", "greet", "--push-source", "--remote", f"{url}/pkgs.git"
        )

    assert answer.status not in (0, 70), answer
    assert "access denied" in answer.document["error"]["why"]
    assert refs(village) == before


def test_a_place_without_a_repository_is_named(village: Village, tmp_path: Path) -> None:
    with (
        serve(village.server.parent) as web,
        serve_daemon(village.server.parent) as daemon,
        serve_ssh(village.server.parent) as ssh,
    ):
        stranger = Person(tmp_path / "home", GIT_SSH_COMMAND=ssh.command)
        answers = [
            stranger.json(tmp_path, "versions", f"{url}/nothing.git::greet")
            for url in (web.url, daemon, ssh.url)
        ]

    assert [(each.status, each.code) for each in answers] == [
        (EXIT_NOT_FOUND, "source-not-found")
    ] * 3
