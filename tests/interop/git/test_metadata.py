"""Commits and manifests without their atoms: two requests, nothing else, and never mistaken."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, CommitFormat, ObjectId, SourceUrl, parse_source_url
from eka.git import GitRunner, ObjectCache, ObjectsUnavailable, UnsupportedObjectFormat
from tests.servers.git_daemon import serve_daemon
from tests.servers.git_http import Behaviour, GitServer, serve
from tests.servers.hostile import ADVERTISEMENT, pack_answer, serve_socket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_set import GitSet

NO_ALIASES = Aliases()
MISSING = ObjectId("1" * 40)


@pytest.fixture
def filtering(source: GitSet) -> GitSet:
    """A set whose server can leave objects out."""
    source.git("config", "uploadpack.allowFilter", "true")
    return source


def at(server: GitServer) -> SourceUrl:
    return parse_source_url(f"{server.url}/set", NO_ALIASES)


def published(source: GitSet, number: int) -> list[ObjectId]:
    """Versions of zlib, each with a file that no plan needs."""
    return [
        source.publish("zlib", f"1.{minor}.0", {"main.c": f"{minor} " * 4000})
        for minor in range(number)
    ]


def objects_in(git_dir: Path) -> set[str]:
    command = [
        "git", f"--git-dir={git_dir}", "cat-file", "--batch-all-objects",
        "--batch-check=%(objecttype) %(objectname)",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.spec("fetch-metadata")
def test_manifests_of_many_versions_cost_two_requests_and_nothing_else(
    filtering: GitSet, cache: ObjectCache
) -> None:
    revs = published(filtering, 12)
    manifests = [filtering.oid(f"{rev.hex}:atom.toml") for rev in revs]

    with serve(filtering.path.parent) as server:
        found = cache.metadata(at(server), revs)
        methods = [exchange.method for exchange in server.log]

    assert methods == ["GET", "POST", "POST"]
    assert [found[rev].manifest for rev in revs] == manifests
    assert [found[rev].commit().version.text for rev in revs] == [
        f"1.{minor}.0" for minor in range(12)
    ]
    assert b'label = "zlib"' in found[revs[0]].text
    expected = {f"commit {rev.hex}" for rev in revs} | {f"blob {oid.hex}" for oid in manifests}
    assert objects_in(cache.git_dir.with_name("metadata.git")) == expected


@pytest.mark.spec("fetch-metadata")
@pytest.mark.parametrize("way", ["file", "git"])
def test_other_ways_to_a_server_give_the_same(
    way: str, filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    revs = published(filtering, 3)

    if way == "file":
        found = cache.metadata(url, revs)
    else:
        with serve_daemon(filtering.path.parent) as base:
            found = cache.metadata(parse_source_url(f"{base}/set", NO_ALIASES), revs)

    assert found.keys() == set(revs)


def test_what_is_known_is_never_asked_for_again(filtering: GitSet, cache: ObjectCache) -> None:
    old, new, whole = published(filtering, 3)

    with serve(filtering.path.parent) as server:
        cache.metadata(at(server), [old])
        cache.ensure(at(server), [whole])
        server.log.clear()
        found = cache.metadata(at(server), [old, new, whole])
        requests = b"".join(bytes(exchange.request) for exchange in server.log)

    assert found.keys() == {old, new, whole}
    assert new.hex.encode() in requests
    assert old.hex.encode() not in requests
    assert whole.hex.encode() not in requests
    assert cache.known_metadata([old, new, whole, MISSING]) == found


@pytest.mark.spec("fetch-metadata", "fetch-whole")
def test_metadata_is_never_taken_for_an_atom(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    (rev,) = published(filtering, 1)
    cache.metadata(url, [rev])

    before = cache.has([rev])
    cache.ensure(url, [rev])

    assert before == frozenset()
    assert cache.has([rev]) == {rev}


@pytest.mark.spec("fetch-metadata")
def test_a_server_that_cannot_leave_objects_out_is_asked_for_nothing(
    source: GitSet, cache: ObjectCache
) -> None:
    revs = published(source, 3)

    with serve(source.path.parent) as server:
        found = cache.metadata(at(server), revs)
        methods = [exchange.method for exchange in server.log]

    assert found == {}
    assert methods == ["GET"]


@pytest.mark.spec("fetch-metadata")
def test_a_server_that_refuses_this_filter_is_asked_for_nothing_more(
    filtering: GitSet, cache: ObjectCache
) -> None:
    filtering.git("config", "uploadpackfilter.tree.allow", "false")
    revs = published(filtering, 2)

    with serve(filtering.path.parent) as server:
        found = cache.metadata(at(server), revs)

    assert found == {}


@pytest.mark.spec("fetch-metadata")
def test_a_server_of_an_older_protocol_is_asked_for_nothing(
    filtering: GitSet, cache: ObjectCache
) -> None:
    revs = published(filtering, 2)

    with serve(filtering.path.parent, Behaviour(speaks_v2=False)) as server:
        found = cache.metadata(at(server), revs)

    assert found == {}


@pytest.mark.parametrize("form", [CommitFormat.V1, CommitFormat.PRE1, CommitFormat.PRE1_0])
def test_older_formats_cost_their_top_directories_too(
    filtering: GitSet, cache: ObjectCache, form: CommitFormat
) -> None:
    old_manifest = '[atom]\nid = "zlib"\nversion = "1.0.0"\n'
    files = {"zlib.atom": old_manifest, "src/main.c": "x" * 1000}
    atom = filtering.atom("zlib", "1.0.0", "zlib", files)
    path = None if form is CommitFormat.PRE1 else atom.path
    old = filtering.point(replace(atom, format=form, path=path, manifest=None, content=None))
    (new,) = published(filtering, 1)

    with serve(filtering.path.parent) as server:
        found = cache.metadata(at(server), [old, new])
        posts = sum(exchange.method == "POST" for exchange in server.log)

    name = "zlib.atom" if form is CommitFormat.V1 else "atom.toml"
    assert found[old].manifest == filtering.oid(f"{atom.tree.hex}:{name}")
    assert found[new].commit().format is CommitFormat.V2
    assert posts == 3
    assert not any(
        line.startswith("tree") and filtering.oid(f"{atom.tree.hex}:src").hex in line
        for line in objects_in(cache.git_dir.with_name("metadata.git"))
    )


def test_a_commit_the_source_lacks_is_named(filtering: GitSet, url: SourceUrl) -> None:
    (rev,) = published(filtering, 1)
    cache = ObjectCache(filtering.path.parent / "c" / "objects.git", runner_of(filtering))

    with pytest.raises(ObjectsUnavailable) as caught:
        cache.metadata(url, [rev, MISSING])

    assert caught.value.oids == (MISSING,)


def runner_of(source: GitSet) -> GitRunner:
    home = source.path.parent / "own-home"
    home.mkdir()
    return GitRunner("git", {}, home)


@pytest.mark.parametrize("named", ["nothing", "history", "directory"])
def test_a_version_that_names_a_wrong_manifest_hides_no_other(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache, named: str
) -> None:
    good = published(filtering, 3)
    atom = filtering.atom("lua", "1.0.0", "lua", {"a/b": "x"})
    lie = {"nothing": MISSING, "history": atom.origin, "directory": atom.tree}[named]
    bad = filtering.point(replace(atom, manifest=lie))

    found = cache.metadata(url, [good[0], bad, *good[1:]])

    assert found.keys() == set(good)
    known = objects_in(cache.git_dir.with_name("metadata.git"))
    assert f"commit {filtering.genesis.hex}" not in known
    assert f"blob {filtering.oid(f'{atom.tree.hex}:a/b').hex}" not in known


def test_a_version_of_an_older_format_with_a_huge_directory_hides_no_other(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eka.git.metadata._MAX_TREE_BYTES", 30)
    good = published(filtering, 2)
    atom = filtering.atom("lua", "1.0.0", "lua", {"main.c": "x"})
    bad = filtering.point(
        replace(atom, format=CommitFormat.PRE1, path=None, manifest=None, content=None)
    )

    found = cache.metadata(url, [good[0], bad, good[1]])

    assert found.keys() == set(good)


def test_a_source_that_leaves_objects_out_does_not_cost_what_others_gave(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    known, left_out = published(filtering, 2)
    cache.metadata(url, [known])
    done = subprocess.run(
        ["git", "pack-objects", "-q", "--stdout"],
        cwd=filtering.path,
        input=f"{filtering.genesis.hex}\n".encode(),
        capture_output=True,
        check=True,
    )

    with serve_socket(ADVERTISEMENT, pack_answer(done.stdout)) as base:
        found = cache.metadata(parse_source_url(base, NO_ALIASES), [left_out])

    assert found == {}
    assert cache.known_metadata([known]).keys() == {known}


def test_what_is_no_atom_commit_has_no_metadata(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    found = cache.metadata(url, [filtering.oid("HEAD")])

    assert found == {}


def test_a_manifest_that_is_too_large_is_not_read(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    atom = filtering.atom("lua", "1.0.0", "lua", {})
    huge = filtering.write("blob", b"#" * (256 * 1024 + 1))
    rev = filtering.point(replace(atom, manifest=huge))

    assert cache.metadata(url, [rev]) == {}


def test_sha256_commits_are_refused(url: SourceUrl, cache: ObjectCache) -> None:
    with pytest.raises(UnsupportedObjectFormat):
        cache.metadata(url, [ObjectId("1" * 64)])


@pytest.mark.parametrize("damage", ["cut", "zero", "flip"])
def test_damaged_metadata_is_fetched_anew(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache, damage: str
) -> None:
    revs = published(filtering, 4)
    honest = cache.metadata(url, revs)
    for path in (cache.git_dir.with_name("metadata.git") / "objects" / "pack").iterdir():
        data = bytearray(path.read_bytes())
        path.chmod(0o600)
        if damage == "cut":
            path.write_bytes(data[:60])
        elif damage == "zero":
            path.write_bytes(bytes(len(data)))
        elif path.suffix == ".pack":
            data[len(data) // 2] ^= 0x10
            path.write_bytes(data)

    assert cache.metadata(url, revs) == honest


def test_git_may_collect_garbage_among_metadata(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    revs = published(filtering, 4)
    honest = cache.metadata(url, revs)
    git_dir = cache.git_dir.with_name("metadata.git")

    subprocess.run(["git", f"--git-dir={git_dir}", "gc", "-q", "--prune=now"], check=True)

    assert cache.metadata(url, revs) == honest


def test_many_small_packs_become_one(
    filtering: GitSet, url: SourceUrl, cache: ObjectCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eka.git.metadata._MOST_PACKS", 5)
    revs = published(filtering, 4)

    for rev in revs:
        cache.metadata(url, [rev])

    packs = list((cache.git_dir.with_name("metadata.git") / "objects" / "pack").glob("*.pack"))
    assert len(packs) < 2 * len(revs)
    assert cache.known_metadata(revs).keys() == set(revs)
