"""Many repositories of one HTTP server: asked without git's helper, unless something needs git."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, ObjectId, parse_source_url
from eka.errors import EkaError
from eka.git import (
    GitRunner,
    NetworkFailed,
    ObjectCache,
    OutputTooLarge,
    RefusedObjects,
    Transport,
    at_once,
)
from tests.fakes.big_world import BigWorld, Shape
from tests.servers.apache import Site, serve
from tests.servers.git_http import Behaviour
from tests.servers.git_http import serve as serve_plainly
from tests.story import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.atom import SourceUrl

REPOSITORIES = 6
PREFIXES = ["refs/ekala/init", "refs/atoms/"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> BigWorld:
    shape = Shape(repositories=REPOSITORIES, atoms=24, layers=3)
    return BigWorld(tmp_path_factory.mktemp("many") / "server", shape)


class Client:
    """Somebody who asks many; counts the helpers of git that are started."""

    def __init__(self, home: Path, settings: str = "", **variables: str) -> None:
        home.mkdir(exist_ok=True)
        (home / "gitconfig").write_text(settings)
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": str(home / "gitconfig"), **variables}
        self.helpers: list[str] = []
        self.runner = GitRunner("git", environment, home)
        start = self.runner.popen

        def popen(args: Sequence[str], **options: object) -> object:
            if args[0].startswith("remote-"):
                self.helpers.append(args[-1])
            return start(args, **options)  # type: ignore[arg-type]  # passed on as they came

        self.runner.popen = popen  # type: ignore[method-assign, assignment]  # a spy
        self.cache = ObjectCache(home / "objects.git", self.runner)

    def listed(
        self, urls: Sequence[SourceUrl], *, max_bytes: int = 1 << 20
    ) -> Mapping[SourceUrl, int | EkaError]:
        """Return how many refs each source lists, or its error."""
        transport = Transport(self.runner, max_bytes=max_bytes)
        transport.prepare(len(urls))
        jobs = {url: lambda url=url: len(transport.ls_refs(url, PREFIXES).refs) for url in urls}
        return at_once(jobs, transport.hang_up)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path / "home")
    yield made
    made.runner.close()


def sources(base: str, number: int = REPOSITORIES) -> list[SourceUrl]:
    return [parse_source_url(f"{base}/r{at}.git", Aliases()) for at in range(number)]


def expected(world: BigWorld) -> list[int]:
    return [len(commits) + 1 for commits in world.commits]


@pytest.mark.spec("source-direct")
def test_no_helper_is_started_and_connections_are_few(world: BigWorld, client: Client) -> None:
    with serve_plainly(world.root) as server:
        first = client.listed(sources(server.url))
        second = client.listed(sources(server.url))

        asked = [exchange.method for exchange in server.log]

    assert list(first.values()) == list(second.values()) == expected(world)
    assert client.helpers == []
    assert (asked.count("GET"), asked.count("POST")) == (REPOSITORIES, 2 * REPOSITORIES)


@pytest.mark.spec("source-direct")
def test_a_few_are_asked_through_git(world: BigWorld, client: Client) -> None:
    with serve_plainly(world.root) as server:
        found = client.listed(sources(server.url, 2))

    assert list(found.values()) == expected(world)[:2]
    assert len(client.helpers) == 2


HELPER = "!f() { echo username=ann; echo password=secret; }; f"
NEEDS_GIT = {
    "login": (Site(credentials=("ann", "secret")), f'[credential]\n\thelper = "{HELPER}"\n'),
    "older protocol": (Site(speaks_v2=False), ""),
    "header": (Site(), "[http]\n\textraHeader = X-Odd: 1\n"),
    "setting": (Site(), "[http]\n\tcurloptResolve = \n"),
}


@pytest.mark.spec("source-direct")
@pytest.mark.parametrize("what", NEEDS_GIT)
def test_what_needs_git_is_left_to_git(what: str, world: BigWorld, tmp_path: Path) -> None:
    site, settings = NEEDS_GIT[what]
    client = Client(tmp_path / "home", settings)
    with serve(world.root, site) as apache:
        found = client.listed(sources(apache.url))
        again = client.listed(sources(apache.url))
        plain = [each for each in apache.requests() if each.authorization == "-"]

    assert list(found.values()) == list(again.values()) == expected(world)
    assert len(set(client.helpers)) == REPOSITORIES
    assert plain
    client.runner.close()


@pytest.mark.spec("source-direct", "source-redirect")
def test_a_redirection_is_left_to_git(world: BigWorld, client: Client) -> None:
    with serve(world.root) as there:
        place = there.url.replace("127.0.0.1", "localhost")
        with serve(world.root, Site(redirects={"/": f"{place}/"})) as here:
            found = client.listed(sources(here.url))

    assert list(found.values()) == expected(world)
    assert len(set(client.helpers)) >= REPOSITORIES


@pytest.mark.spec("source-direct")
def test_a_connection_that_the_server_closed_is_opened_again(
    world: BigWorld, client: Client
) -> None:
    with serve_plainly(world.root) as server:
        client.listed(sources(server.url))
    port = int(server.url.rpartition(":")[2])
    with serve_plainly(world.root, port=port) as server:
        found = client.listed(sources(server.url))

    assert list(found.values()) == expected(world)
    assert client.helpers == []


def test_an_answer_that_breaks_off_is_an_error_of_that_source(
    world: BigWorld, client: Client
) -> None:
    with serve_plainly(world.root, Behaviour()) as server:
        client.listed(sources(server.url))
        server.behaviour.cut_after_bytes = 30
        found = client.listed(sources(server.url))

    assert {type(each) for each in found.values()} <= {NetworkFailed, EkaError}
    assert all(isinstance(each, EkaError) for each in found.values())
    assert [each.where for each in found.values() if isinstance(each, EkaError)] == [
        url.public for url in sources(server.url)
    ]


def test_a_failure_in_the_middle_is_an_error_of_that_source(
    world: BigWorld, client: Client
) -> None:
    with serve_plainly(world.root, Behaviour()) as server:
        client.listed(sources(server.url))
        server.behaviour.failures[:] = [500] * 100
        found = client.listed(sources(server.url))

    assert all(isinstance(each, EkaError) for each in found.values())


def test_answers_are_bounded(world: BigWorld, client: Client) -> None:
    with serve_plainly(world.root) as server:
        found = client.listed(sources(server.url), max_bytes=400)

    assert {type(each) for each in found.values()} == {OutputTooLarge}


def test_whoever_is_interrupted_hangs_up(world: BigWorld, client: Client) -> None:
    def interrupt(_url: SourceUrl, _number: int) -> None:
        raise KeyboardInterrupt

    with serve_plainly(world.root) as server:
        urls = sources(server.url)
        transport = Transport(client.runner)
        transport.prepare(len(urls))
        jobs = {url: lambda url=url: transport.ls_refs(url, PREFIXES) for url in urls}
        with pytest.raises(KeyboardInterrupt):
            at_once(jobs, transport.hang_up, interrupt)

    assert not [each for each in threading.enumerate() if "_work" in each.name]


def wishes(world: BigWorld, base: str) -> dict[SourceUrl, Sequence[ObjectId]]:
    return dict(zip(sources(base), world.commits, strict=True))


@pytest.mark.spec("fetch-small-packs", "fetch-rounds")
def test_small_packs_become_one(world: BigWorld, client: Client) -> None:
    with serve_plainly(world.root) as server:
        wanted = wishes(world, server.url)
        metadata = client.cache.metadata_all(wanted)
        failed = client.cache.ensure_all(wanted)

    every = {oid for oids in world.commits for oid in oids}
    known = [each for each in metadata.values() if not isinstance(each, EkaError)]
    assert len(known) == REPOSITORIES
    assert {oid for found in known for oid in found} == every
    assert set(failed.values()) == {None}
    assert client.cache.has(every) == every
    for name in ("objects.git", "metadata.git"):
        packs = list((client.cache.git_dir.with_name(name) / "objects/pack").glob("*.pack"))
        assert len(packs) == 1
    git(client.cache.git_dir, "fsck", "--strict")


@pytest.mark.spec("fetch-small-packs", "fetch-checks")
def test_one_that_sends_what_git_refuses_is_named_and_spoils_nothing(
    world: BigWorld, client: Client, tmp_path: Path
) -> None:
    root = tmp_path / "server"
    shutil.copytree(world.root, root)
    genesis = git(root / "r2.git", "rev-parse", "refs/ekala/init")
    tree = git(root / "r2.git", "rev-parse", f"{genesis}^{{tree}}")
    no_atom = git(root / "r2.git", "commit-tree", "-p", genesis, "-m", "x", tree)
    git(root / "r2.git", "update-ref", "refs/heads/odd", no_atom)
    with serve_plainly(root) as server:
        wanted = {**wishes(world, server.url)}
        spoiled = list(wanted)[2]
        wanted[spoiled] = [ObjectId(no_atom)]
        failed = client.cache.ensure_all(wanted)

    assert isinstance(failed.pop(spoiled), RefusedObjects)
    assert set(failed.values()) == {None}
    every = {oid for url in failed for oid in wanted[url]}
    assert client.cache.has([*every, ObjectId(no_atom)]) == every
