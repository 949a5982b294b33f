"""The whole program over real servers: what works over a path works over each of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.servers.apache import Apache, Site, serve, serve_proxy
from tests.servers.authority import Authority, authority
from tests.servers.git_daemon import serve_daemon
from tests.servers.ssh import serve_ssh
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

USER, SECRET = "ann", "hush-hush-s3cret"
HELPER = f'!f() {{ test "$1" = get && echo username={USER} && echo password={SECRET}; }}; f'
NEW, UNCHANGED = "new", "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The repository `pkgs.git`, as somebody far away reaches it."""

    url: str
    variables: dict[str, str] = field(default_factory=dict[str, str])
    """What that somebody has in their environment."""
    settings: dict[str, str] = field(default_factory=dict[str, str])
    """And in their git configuration."""
    writable: bool = True
    speaks_v2: bool = True
    servers: tuple[Apache, ...] = ()
    """Each must have been asked; the last one is the nearest."""


Way: TypeAlias = "Callable[[Path, Authority], AbstractContextManager[Place]]"


@contextmanager
def by_http(root: Path, _: Authority) -> Generator[Place]:
    with serve(root, Site(keeps_alive=True)) as server:
        yield Place(url=f"{server.url}/pkgs.git", servers=(server,))


@contextmanager
def by_http_with_filters(root: Path, _: Authority) -> Generator[Place]:
    with serve(root, Site(settings={"uploadpack.allowFilter": "true"})) as server:
        yield Place(url=f"{server.url}/pkgs.git", servers=(server,))


@contextmanager
def by_http_without_v2(root: Path, _: Authority) -> Generator[Place]:
    with serve(root, Site(speaks_v2=False)) as server:
        yield Place(url=f"{server.url}/pkgs.git", servers=(server,), speaks_v2=False)


@contextmanager
def by_https_and_environment(root: Path, ca: Authority) -> Generator[Place]:
    with serve(root, Site(tls=ca, keeps_alive=True)) as server:
        trust = {"GIT_SSL_CAINFO": str(ca.ca_file)}
        yield Place(url=f"{server.url}/pkgs.git", servers=(server,), variables=trust)


@contextmanager
def by_https_with_password(root: Path, ca: Authority) -> Generator[Place]:
    """The authority stands in the person's configuration, for this server alone."""
    with serve(root, Site(tls=ca, credentials=(USER, SECRET))) as server:
        trust = f"http.{server.url}/.sslCAInfo"
        settings = {trust: str(ca.ca_file), "credential.helper": HELPER}
        yield Place(url=f"{server.url}/pkgs.git", servers=(server,), settings=settings)


@contextmanager
def by_configured_proxy(root: Path, _: Authority) -> Generator[Place]:
    with serve(root) as server, serve_proxy() as proxy:
        yield Place(
            url=f"{server.url}/pkgs.git",
            servers=(server, proxy),
            settings={"http.proxy": proxy.url},
        )


@contextmanager
def by_proxy_of_the_environment(root: Path, ca: Authority) -> Generator[Place]:
    """TLS through a tunnel, whose proxy wants a password."""
    with serve(root, Site(tls=ca)) as server, serve_proxy((USER, SECRET)) as proxy:
        yield Place(
            url=f"{server.url}/pkgs.git",
            servers=(server, proxy),
            variables={
                "https_proxy": proxy.url.replace("://", f"://{USER}:{SECRET}@"),
                "GIT_SSL_CAINFO": str(ca.ca_file),
            },
        )


@contextmanager
def by_rewritten_address(root: Path, _: Authority) -> Generator[Place]:
    """An address that only the person's `insteadOf` leads to a server."""
    with serve(root) as server:
        name = "https://git.example.org"
        yield Place(
            url=f"{name}/pkgs.git",
            servers=(server,),
            settings={f"url.{server.url}.insteadOf": name},
        )


@contextmanager
def by_daemon(root: Path, _: Authority) -> Generator[Place]:
    with serve_daemon(root) as url:
        yield Place(url=f"{url}/pkgs.git", writable=False)


@contextmanager
def by_ssh(root: Path, _: Authority) -> Generator[Place]:
    with serve_ssh(root) as server:
        command = {"GIT_SSH_COMMAND": server.command}
        yield Place(url=f"{server.url}/pkgs.git", variables=command)


@contextmanager
def by_short_ssh(root: Path, _: Authority) -> Generator[Place]:
    with serve_ssh(root) as server:
        command = {"core.sshCommand": server.command}
        yield Place(url=server.short("~/pkgs.git"), settings=command)


@contextmanager
def by_ssh_without_v2(root: Path, _: Authority) -> Generator[Place]:
    with serve_ssh(root, passes_protocol=False) as server:
        command = {"GIT_SSH_COMMAND": server.command}
        yield Place(url=f"{server.url}/pkgs.git", variables=command, speaks_v2=False)


WAYS: dict[str, Way] = {
    "http": by_http,
    "http with filters": by_http_with_filters,
    "http, protocol 0": by_http_without_v2,
    "https, authority in the environment": by_https_and_environment,
    "https, credential helper": by_https_with_password,
    "proxy": by_configured_proxy,
    "https, proxy with a password": by_proxy_of_the_environment,
    "insteadOf": by_rewritten_address,
    "git daemon": by_daemon,
    "ssh with a port": by_ssh,
    "ssh, short": by_short_ssh,
    "ssh, protocol 0": by_ssh_without_v2,
}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A village with one commit, and with something to commit, that has published nothing yet."""
    made = Village(tmp_path_factory.mktemp("pristine"))
    made.commit()
    made.write("README", "A village\n")
    return made


@pytest.fixture
def village(pristine: Village, tmp_path: Path) -> Village:
    return Village.copied(pristine, tmp_path / "village")


def somebody(home: Path, place: Place) -> Person:
    """Return a person who has what it takes to reach a place."""
    home.mkdir()
    configuration = home / "gitconfig"
    configuration.touch()
    for key, value in place.settings.items():
        git(home, "config", "--file", str(configuration), key, value)
    return Person(home, GIT_CONFIG_GLOBAL=str(configuration), **place.variables)


@pytest.mark.spec("source-schemes", "source-settings", "list-old")
@pytest.mark.parametrize("way", WAYS)
def test_the_whole_story_is_told_over(
    way: str, village: Village, ca: Authority, tmp_path: Path
) -> None:
    with WAYS[way](village.server.parent, ca) as place:
        owner, reader = (somebody(tmp_path / name, place) for name in ("owner", "reader"))
        remote = place.url if place.writable else str(village.server)
        git(village.mono, "remote", "set-url", "origin", remote)

        begun = owner.json(village.mono, "init")
        village.release(owner, "greet", "shell")
        published_again = owner.json(village.mono, "publish", "--all")
        village.greet("hullo", version="1.1.0")
        village.release(owner, "greet")
        yanked = owner.json(village.mono, "yank", "greet@1.0.0", "--reason", "old")

        reader.does(reader.home, "new", "app")
        app = reader.home / "app"
        listed = reader.eka(app, "versions", f"{place.url}::greet")
        told = reader.json(app, "versions", f"{place.url}::greet")
        added = reader.json(app, "add", f"{place.url}::greet@^1")
        checked = reader.json(app, "lock", "--locked")
        verified = reader.json(app, "verify")
        named = reader.json(app, "list", place.url)
        judged = reader.json(app, "verify", f"{place.url}::greet")
        shown = reader.json(app, "info", f"{place.url}::greet")
        fetched = reader.json(app, "fetch")

        asked = [len(server.requests()) for server in place.servers]

    answers = [begun, published_again, yanked, listed, added, checked, verified, named, judged]
    answers += [shown, fetched]
    assert [each.status for each in answers] == [0] * len(answers), answers
    assert {atom["status"] for atom in published_again.document["atoms"]} == {UNCHANGED}
    assert added.document["added"][0]["version"] == "1.1.0"
    assert [line.split()[0] for line in listed.out.splitlines()[-2:]] == ["1.1.0", "1.0.0"]
    assert all(atom["sound"] for atom in verified.document["atoms"])
    assert [atom["version"] for atom in judged.document["atoms"]] == ["1.0.0", "1.1.0"]
    assert all(asked), asked
    assert ("older protocol" in listed.err) == (not place.speaks_v2)
    assert (told.document["listings"][0]["protocol"] == 2) == place.speaks_v2
    assert git(village.server, "fsck", "--strict", "--no-dangling") == ""
    assert_hushed(tmp_path, *answers)


def assert_hushed(root: Path, *answers: object) -> None:
    """The secret stands in what the person wrote, and nowhere else."""
    assert SECRET not in repr(answers)
    own = {"gitconfig"}
    for path in root.rglob("*"):
        if path.is_file() and path.name not in own:
            assert SECRET.encode() not in path.read_bytes(), path
