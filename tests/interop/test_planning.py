"""Versions are chosen by manifests that came alone; what was chosen is recomputed."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes.git_set import GitSet
from tests.fakes.raw_git import RawRepository
from tests.servers.git_http import Behaviour, serve
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import AtomCommit

VERSIONS = 30
KINDS = ["filters", "no filters"]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "person")


def config(repository: Path, kind: str) -> None:
    """Let a repository leave objects out, or not."""
    value = "true" if kind == "filters" else "false"
    command = ["git", "--git-dir", str(repository), "config", "uploadpack.allowFilter", value]
    subprocess.run(command, check=True)


def app(person: Person, url: str, *lines: str, name: str = "app") -> Path:
    """A project that depends on atoms of one set."""
    directory = person.home / name
    directory.mkdir()
    (directory / "atom.toml").write_text(
        '[package]\nlabel = "app"\nversion = "1.0.0"\n'
        f'[package.sets]\nset = "{url}"\n[deps.from.set]\n' + "".join(f"{x}\n" for x in lines)
    )
    return directory


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    """Many versions of zlib, each with a large file."""
    made = GitSet(tmp_path / "sources" / "set")
    for minor in range(VERSIONS):
        made.publish("zlib", f"1.{minor}.0", {"data": f"{minor} {'x' * 50}\n" * 2000})
    made.publish("lua", "5.4.6")
    return made


@pytest.mark.spec("fetch-metadata", "metadata-is-a-claim")
@pytest.mark.parametrize("kind", KINDS)
def test_only_what_was_chosen_is_fetched_whole(source: GitSet, person: Person, kind: str) -> None:
    config(source.git_dir, kind)

    with serve(source.path.parent) as server:
        project = app(person, f"{server.url}/set", 'zlib = "^1"', 'lua = "^5"')
        person.does(project, "lock")
        wanted = b"".join(bytes(exchange.request) for exchange in server.log)

    newest = source.oid(f"refs/atoms/zlib/1.{VERSIONS - 1}.0")
    assert newest.hex.encode() in wanted
    assert not any(
        source.oid(f"refs/atoms/zlib/1.{minor}.0").hex.encode() in wanted
        for minor in range(VERSIONS - 1)
    )
    assert server.sent_bytes() < 20_000


@pytest.mark.spec("fetch-metadata")
def test_a_long_search_costs_as_many_requests_as_a_short_one(
    tmp_path: Path, person: Person
) -> None:
    source = GitSet(tmp_path / "sources" / "set")
    config(source.git_dir, "filters")
    source.publish("lua", "5.4.6")
    for minor in range(VERSIONS):
        need = "^5" if minor == 0 else "^6"
        manifest = (
            f'[package]\nlabel = "zlib"\nversion = "1.{minor}.0"\n'
            f'[package.sets]\nhere = "::"\n[deps.from.here]\nlua = "{need}"\n'
        )
        source.publish("zlib", f"1.{minor}.0", {"atom.toml": manifest})

    with serve(source.path.parent) as server:
        project = app(person, f"{server.url}/set", 'zlib = "^1"', 'lua = "^5"')
        person.does(project, "lock")
        posts = [bytes(exchange.request) for exchange in server.log if exchange.method == "POST"]

    lock = (project / "atom.lock").read_text()
    assert 'version = "1.0.0"' in lock
    fetches = [request for request in posts if b"command=fetch" in request or b"\x1f" in request]
    assert len(fetches) <= 6


def published_lie(raw: RawRepository, atom: AtomCommit) -> None:
    other = raw.blob(b'[package]\nlabel = "zlib"\nversion = "1.0.0"\nlicense = "MIT"\n')
    raw.publish(replace(atom, manifest=other))


@pytest.mark.spec("metadata-is-a-claim")
@pytest.mark.parametrize("kind", KINDS)
def test_a_lying_manifest_header_is_found_out_before_the_lock_is_written(
    tmp_path: Path, person: Person, kind: str
) -> None:
    raw = RawRepository(tmp_path / "raw.git")
    published_lie(raw, raw.atom("zlib", raw.manifest("zlib")))
    config(raw.path, kind)
    project = app(person, f"file://{raw.path}", 'zlib = "^1"')

    answer = person.json(project, "lock")

    assert (answer.status, answer.code) == (5, "claim-mismatch")
    assert not (project / "atom.lock").exists()


@pytest.mark.spec("metadata-is-a-claim")
@pytest.mark.parametrize("kind", KINDS)
def test_a_lying_content_hash_is_found_out_before_the_lock_is_written(
    tmp_path: Path, person: Person, kind: str
) -> None:
    raw = RawRepository(tmp_path / "raw.git")
    atom = raw.atom("zlib", raw.manifest("zlib"))
    assert atom.content is not None
    raw.publish(replace(atom, content=replace(atom.content, hex="0" * 64)))
    config(raw.path, kind)
    project = app(person, f"file://{raw.path}", 'zlib = "^1"')

    answer = person.json(project, "lock")

    assert (answer.status, answer.code) == (5, "pin-mismatch")
    assert not (project / "atom.lock").exists()


def test_a_lie_about_a_version_that_is_not_chosen_does_not_matter(
    tmp_path: Path, person: Person
) -> None:
    raw = RawRepository(tmp_path / "raw.git")
    published_lie(raw, raw.atom("zlib", raw.manifest("zlib")))
    raw.publish(raw.atom("zlib", raw.manifest("zlib", "1.1.0"), version="1.1.0"))
    config(raw.path, "filters")

    answer = person.eka(app(person, f"file://{raw.path}", 'zlib = "^1"'), "lock")

    assert answer.status == 0, answer.err


def test_a_version_that_is_listed_and_gone_is_told_only_if_it_is_needed(
    tmp_path: Path, person: Person
) -> None:
    raw = RawRepository(tmp_path / "raw.git")
    config(raw.path, "filters")
    raw.publish(raw.atom("zlib", raw.manifest("zlib")))
    gone = raw.publish(raw.atom("zlib", raw.manifest("zlib", "1.1.0"), version="1.1.0"))
    (raw.path / "objects" / gone.hex[:2] / gone.hex[2:]).unlink()
    here = app(person, f"file://{raw.path}", 'zlib = "=1.0.0"', name="here")
    away = app(person, f"file://{raw.path}", 'zlib = "^1"', name="away")

    assert person.json(here, "lock").status == 0
    assert person.json(away, "lock").status in {3, 4}


@pytest.mark.spec("metadata-is-a-claim")
@pytest.mark.parametrize("broken", ["link", "manifest"])
def test_the_lock_does_not_depend_on_what_a_server_can_leave_out(
    tmp_path: Path, broken: str
) -> None:
    raw = RawRepository(tmp_path / "raw.git")
    raw.publish(raw.atom("zlib", raw.manifest("zlib")))
    if broken == "link":
        entries = [
            raw.manifest("zlib", "1.1.0"),
            (b"120000", b"link", raw.blob(b"/etc/passwd")),
        ]
    else:
        entries = [raw.manifest("zlib", "1.1.0", "[unheard-of]\n")]
    raw.publish(raw.atom("zlib", *entries, version="1.1.0"))

    locks: list[bytes] = []
    for number, kind in enumerate(KINDS):
        config(raw.path, kind)
        someone = Person(tmp_path / f"person{number}")
        project = app(someone, f"file://{raw.path}", 'zlib = "^1"')
        answer = someone.does(project, "lock")
        assert "zlib 1.1.0 cannot be used" in answer.err
        locks.append((project / "atom.lock").read_bytes())

    assert locks[0] == locks[1]
    assert b'version = "1.0.0"' in locks[0]


def test_what_was_planned_with_once_is_planned_with_offline(
    source: GitSet, person: Person
) -> None:
    config(source.git_dir, "filters")
    project = app(person, f"file://{source.path}", 'zlib = "^1"')
    person.does(project, "lock")
    before = (project / "atom.lock").read_bytes()
    (project / "atom.lock").unlink()
    source.path.rename(source.path.with_name("away"))

    person.does(project, "lock", "--offline")

    assert (project / "atom.lock").read_bytes() == before


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_waits_sees_how_much_came_in(
    source: GitSet, person: Person, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("eka.cli.progress.LINE_INTERVAL_S", 0.0)
    config(source.git_dir, kind)

    answer = person.does(app(person, f"file://{source.path}", 'zlib = "^1"'), "lock")

    assert "KiB received: " in answer.err


@pytest.mark.spec("list-old")
def test_an_old_server_works_and_is_named_once(source: GitSet, person: Person) -> None:
    with serve(source.path.parent, Behaviour(speaks_v2=False)) as server:
        project = app(person, f"{server.url}/set", 'zlib = "^1"', 'lua = "^5"')
        answer = person.does(project, "lock")

    assert answer.err.count("speaks an old protocol of git") == 1
