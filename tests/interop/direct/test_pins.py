"""What becomes of direct sources when projects are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.web_server import reply, web_server
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.fakes.web_server import WebServer

MANIFEST = '[package]\nlabel = "fetcher"\nversion = "1.0.0"\n[deps.direct.url]\n'


@pytest.fixture
def web() -> Generator[WebServer]:
    with web_server() as served:
        yield served


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def project(person: Person, url: str, more: str = "") -> Path:
    directory = person.home / "fetcher"
    directory.mkdir(exist_ok=True)
    (directory / "atom.toml").write_text(f'{MANIFEST}src = {{ url = "{url}"{more} }}\n')
    return directory


@pytest.mark.spec("direct-kept")
def test_a_pin_stays_while_its_declaration_does(person: Person, web: WebServer) -> None:
    url = web.serve("/a", reply("200 OK", b"first"), reply("200 OK", b"second"))
    directory = project(person, url)
    person.does(directory, "lock")
    first = (directory / "atom.lock").read_bytes()

    person.does(directory, "lock")

    assert (directory / "atom.lock").read_bytes() == first
    assert web.asked() == ["/a"]


@pytest.mark.spec("direct-kept")
@pytest.mark.parametrize("words", [["lock", "--refresh"], ["update"], ["update", "src"]])
def test_a_refresh_finds_the_source_anew(person: Person, web: WebServer, words: list[str]) -> None:
    url = web.serve("/a", reply("200 OK", b"first"), reply("200 OK", b"second"))
    directory = project(person, url)
    person.does(directory, "lock")
    first = (directory / "atom.lock").read_bytes()

    person.does(directory, *words)

    assert (directory / "atom.lock").read_bytes() != first


@pytest.mark.spec("change-update-direct")
def test_an_update_of_versions_or_of_something_else_leaves_it(
    person: Person, web: WebServer
) -> None:
    one, other = web.serve("/a", reply("200 OK", b"first")), web.serve("/b", reply("200 OK", b"b"))
    directory = project(person, one)
    with (directory / "atom.toml").open("a") as manifest:
        manifest.write(f'other = {{ url = "{other}" }}\n')
    person.does(directory, "lock")

    answer = person.json(directory, "update", "other").document["projects"][0]
    person.does(directory, "update", "--patch")
    offline = person.eka(directory, "update", "--offline")

    assert (answer["direct"], answer["direct_changes"]) == (["other"], [])
    assert offline.status == 0
    assert "src" in offline.err
    assert web.asked() == ["/a", "/b", "/b"]


@pytest.mark.spec("direct-kept")
def test_a_changed_declaration_is_pinned_anew(person: Person, web: WebServer) -> None:
    url = web.serve("/a", reply("200 OK", b"first"))
    directory = project(person, url)
    person.does(directory, "lock")

    project(person, url, ", unpack = true")
    person.does(directory, "lock")

    assert web.asked() == ["/a", "/a"]


def test_locking_offline_needs_the_pin_already(person: Person, web: WebServer) -> None:
    directory = project(person, web.serve("/a", reply("200 OK", b"first")))

    answer = person.json(directory, "lock", "--offline")

    assert answer.code == "offline"
    assert web.asked() == []


@pytest.fixture
def village(tmp_path: Path, web: WebServer) -> Village:
    made = Village(tmp_path / "village")
    url = web.serve("/src", reply("200 OK", b"source"))
    made.atom("fetcher", f'[deps.direct.url]\nsrc = {{ url = "{url}" }}\n')
    return made


@pytest.mark.spec("direct-copied")
def test_a_dependencys_pins_are_copied_without_asking_their_server(
    person: Person, village: Village, web: WebServer
) -> None:
    village.publish(person)
    published = (village.mono / "fetcher/atom.lock").read_text()
    asked = len(web.asked())
    person.does(person.home, "new", "app")

    person.does(person.home / "app", "add", f"{village.url}::fetcher")

    lock = (person.home / "app/atom.lock").read_text()
    files = [line for line in published.splitlines() if "sha256" in line]
    assert files
    assert all(line in lock for line in files)
    assert len(web.asked()) == asked


@pytest.mark.spec("direct-copied")
def test_a_lock_that_is_not_of_the_manifest_is_not_published(
    person: Person, village: Village
) -> None:
    village.commit()
    person.does(village.mono, "init")
    git(village.mono, "push", "-q", "origin", "main")

    answer = person.json(village.mono, "publish", "fetcher")

    assert answer.status != 0
    assert git(village.server, "for-each-ref", "refs/atoms") == ""


RECIPE = """
[package.sets]
here = "::"
[deps.from.here]
shell = "^1"
[deps.direct.url]
src = {{ url = "{url}" }}
[build]
rootfs = "shell"
script = "cp $src $out"
"""


@pytest.fixture
def consumer(person: Person, tmp_path: Path, web: WebServer) -> Path:
    village = Village(tmp_path / "village")
    village.atom("fetcher", RECIPE.format(url=web.serve("/src", reply("200 OK", b"source"))))
    village.publish(person)
    person.does(person.home, "new", "app")
    person.does(person.home / "app", "add", f"{village.url}::fetcher")
    return person.home / "app"


def test_what_was_fetched_is_built_without_the_network(
    person: Person, consumer: Path, web: WebServer
) -> None:
    first = person.json(consumer, "fetch").document
    web.serve("/src", reply("404 Not Found"))

    built = person.json(consumer, "build", "fetcher", "--frozen")

    assert (first["files"], first["downloaded"]) == (1, 1)
    assert built.status == 0, built.out
    assert person.json(consumer, "fetch", "--offline").document["downloaded"] == 0


def test_an_offline_build_says_what_it_lacks(
    person: Person, consumer: Path, web: WebServer
) -> None:
    asked = len(web.asked())

    answer = person.json(consumer, "build", "fetcher", "--offline")

    assert answer.code == "offline"
    assert answer.status == 4
    assert len(web.asked()) == asked
