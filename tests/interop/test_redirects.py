"""A server that sends elsewhere gets no password there, and the person sees where it leads."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.servers.apache import Site, serve
from tests.servers.authority import authority
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.apache import Apache

EXIT_NETWORK = 4
USER, SECRET = "ann", "hush-hush-s3cret"
TOKEN = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redirects")


@pytest.fixture(scope="module")
def village(root: Path) -> Village:
    made = Village(root / "village")
    made.publish(Person(root / "home"))
    return made


def in_the_address(server: Apache, home: Path) -> tuple[str, Person]:
    return server.url.replace("://", f"://{USER}:{SECRET}@"), Person(home)


def by_helper(server: Apache, home: Path) -> tuple[str, Person]:
    """Somebody whose helper knows one host, as real ones do."""
    helper = f'!f() {{ test "$1" = get && echo username={USER} && echo password={SECRET}; }}; f'
    git(home, "config", "--file", "gitconfig", f"credential.{server.url}.helper", helper)
    return server.url, Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))


def by_header(server: Apache, home: Path) -> tuple[str, Person]:
    """Somebody who, as build servers do, sends a header to one host."""
    key, header = f"http.{server.url}/.extraHeader", f"Authorization: Basic {TOKEN}"
    git(home, "config", "--file", "gitconfig", key, header)
    return server.url, Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))


WAYS: dict[str, Callable[[Apache, Path], tuple[str, Person]]] = {
    "address": in_the_address,
    "helper": by_helper,
    "header": by_header,
}


@pytest.mark.spec("flow-public", "source-redirect")
@pytest.mark.parametrize("way", WAYS)
def test_s14_no_password_follows_a_redirection_to_another_host(
    way: str, village: Village, tmp_path: Path
) -> None:
    made = Village.copied(village, tmp_path / "village")
    home = tmp_path / "home"
    home.mkdir()
    with serve(made.server.parent, Site(settings={"http.receivepack": "true"})) as elsewhere:
        # Another name is another host, on the same machine.
        place = elsewhere.url.replace("127.0.0.1", "localhost")
        with serve(made.server.parent, Site(redirects={"/": f"{place}/"})) as first:
            url, person = WAYS[way](first, home)
            url += "/pkgs.git"
            person.does(tmp_path, "new", "app")
            made.greet("hullo", version="1.1.0")
            made.commit()
            person.does(made.mono, "lock", "--offline")
            git(made.mono, "add", "-A")
            git(made.mono, "commit", "-q", "--allow-empty", "-m", "Lock")

            app = tmp_path / "app"
            answers = [
                person.eka(app, "versions", f"{url}::greet"),
                person.eka(app, "add", f"{url}::greet@^1", "-v"),
                person.eka(app, "verify", "-v"),
                person.eka(app, "fetch", "--json"),
                person.eka(made.mono, "publish", "greet", "--remote", url, "--push-source", "-v"),
            ]
            strangers = elsewhere.requests()

    assert [each.status for each in answers[:4]] == [0] * 4, answers
    assert strangers
    assert [each for each in strangers if each.authorization != "-"] == []
    assert place in answers[0].err
    assert SECRET not in repr(answers) + repr(strangers)
    assert TOKEN not in repr(answers) + repr(strangers)
    assert first.url in (app / "atom.lock").read_text()
    for path in [*app.iterdir(), *home.rglob("*.json")]:
        assert SECRET.encode() not in path.read_bytes(), path


@pytest.mark.spec("flow-public")
def test_s14_the_host_one_is_sent_to_may_ask_for_a_password_of_its_own(
    village: Village, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    root = village.server.parent
    with serve(root, Site(credentials=(USER, SECRET))) as elsewhere:
        place = elsewhere.url.replace("127.0.0.1", "localhost")
        with serve(root, Site(redirects={"/": f"{place}/"})) as first:
            url, person = by_helper(first, home)

            refused = person.json(tmp_path, "versions", f"{url}/pkgs.git::greet")
            asked_before = {request.authorization for request in elsewhere.requests()}
            helper = git(home, "config", "--file", "gitconfig", f"credential.{first.url}.helper")
            git(home, "config", "--file", "gitconfig", f"credential.{place}.helper", helper)
            answered = person.json(tmp_path, "versions", f"{url}/pkgs.git::greet")

    assert (refused.status, refused.code) == (EXIT_NETWORK, "access-denied")
    assert asked_before == {"-"}
    assert answered.status == 0


@pytest.mark.parametrize(
    "place", ["file:///ROOT", "ftp://127.0.0.1:1", "ssh://127.0.0.1:1", "ext::touch ROOT/canary"]
)
def test_s14_s13_a_redirection_leads_to_no_other_kind_of_place(
    place: str, village: Village, tmp_path: Path
) -> None:
    target = place.replace("ROOT", str(village.server.parent))
    person = Person(tmp_path / "home")
    with serve(village.server.parent, Site(redirects={"/": f"{target}/"})) as first:
        url = f"{first.url}/pkgs.git"

        answers = [
            person.json(tmp_path, "versions", f"{url}::greet"),
            person.json(village.mono, "publish", "--all", "--remote", url),
        ]

    assert {answer.status for answer in answers} == {EXIT_NETWORK}, answers
    assert not (village.server.parent / "canary").exists()


@pytest.mark.spec("source-redirect")
def test_s14_a_redirection_gives_no_encryption_up(village: Village, tmp_path: Path) -> None:
    ca = authority(tmp_path / "authority")
    person = Person(tmp_path / "home", GIT_SSL_CAINFO=str(ca.ca_file))
    root = village.server.parent
    with serve(root) as plain, serve(root, Site(tls=ca)) as first:
        down = Site(tls=ca, redirects={"/": f"{plain.url}/"})
        aside = Site(tls=ca, redirects={"/": f"{first.url}/"})
        with serve(root, down) as downwards, serve(root, aside) as sideways:
            refused = [
                person.json(tmp_path, "versions", f"{downwards.url}/pkgs.git::greet"),
                person.json(
                    village.mono, "publish", "--all", "--remote", f"{downwards.url}/pkgs.git"
                ),
            ]
            followed = person.eka(tmp_path, "versions", f"{sideways.url}/pkgs.git::greet")

    assert {(each.status, each.code) for each in refused} == {(EXIT_NETWORK, "network-failed")}
    assert all("refused" in each.document["error"]["why"] for each in refused)
    assert followed.status == 0
    assert first.url in followed.err


def test_s14_redirections_in_a_circle_end(village: Village, tmp_path: Path) -> None:
    person = Person(tmp_path / "home")
    with serve(village.server.parent, Site(redirects={"/": "/again/"})) as first:
        answer = person.json(tmp_path, "versions", f"{first.url}/pkgs.git::greet")
        asked = len(first.requests())

    assert (answer.status, answer.code) == (EXIT_NETWORK, "network-failed")
    assert asked < 100
