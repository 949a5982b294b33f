"""The object cache: by id, whole, checked, in one request."""

from __future__ import annotations

import os
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, ObjectId, SourceUrl, parse_source_url
from eka.git import (
    CacheUnusable,
    GitRunner,
    NetworkFailed,
    ObjectCache,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    OutputTooLarge,
    RefusedObjects,
    SourceNotFound,
    UnsupportedObjectFormat,
)
from eka.git.objects import PygitReader
from tests.servers.git_daemon import serve_daemon
from tests.servers.git_http import Behaviour, serve
from tests.servers.hostile import ADVERTISEMENT, FLUSH, pack_answer, packet, serve_socket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.fakes.git_set import GitSet

NO_ALIASES = Aliases()
MISSING = ObjectId("1" * 40)


def parsed(text: str) -> SourceUrl:
    return parse_source_url(text, NO_ALIASES)


def refs(git_dir: Path) -> list[str]:
    command = ["git", f"--git-dir={git_dir}", "for-each-ref", "--format=%(refname)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def assert_sound(git_dir: Path) -> None:
    done = subprocess.run(
        ["git", f"--git-dir={git_dir}", "fsck", "--strict", "--full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def files_of(reader: PygitReader, rev: ObjectId) -> dict[bytes, bytes]:
    tree = ObjectId(reader.commit(rev).split()[1].decode())
    return {entry.name: reader.blob(entry.oid) for entry in reader.tree(tree)}


@pytest.mark.spec("fetch-by-id", "fetch-whole")
def test_atoms_are_fetched_whole_by_id(source: GitSet, url: SourceUrl, cache: ObjectCache) -> None:
    revs = [source.publish("zlib", "1.3.1"), source.publish("lua", "5.4.6")]

    cache.ensure(url, revs)

    assert cache.has([*revs, MISSING]) == set(revs)
    assert files_of(PygitReader(cache.git_dir), revs[0])[b"main.c"] == b"1.3.1"
    assert_sound(cache.git_dir)


@pytest.mark.spec("fetch-by-id")
def test_all_are_fetched_in_one_request_and_never_again(
    source: GitSet, cache: ObjectCache
) -> None:
    revs = [source.publish("zlib", f"1.0.{number}") for number in range(5)]

    with serve(source.path.parent) as server:
        url = parsed(f"{server.url}/set")
        cache.ensure(url, revs)
        first = [exchange.method for exchange in server.log]
        cache.ensure(url, revs)

    assert first == ["GET", "POST"]
    assert len(server.log) == 2


@pytest.mark.spec("fetch-by-id")
def test_no_ref_of_the_source_comes_with_it(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    rev = source.publish("zlib", "1.3.1")
    source.git("tag", "-a", "-m", "x", "v1", rev.hex)

    cache.ensure(url, [rev])

    assert refs(cache.git_dir) == [f"refs/eka/keep/{rev.hex}"]
    assert not (cache.git_dir / "FETCH_HEAD").exists()


def test_hundreds_of_atoms_are_kept_at_once(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    tree = source.oid("HEAD^{tree}").hex
    bodies = [f"tree {tree}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\n{n}" for n in range(120)]
    revs = [source.write("commit", body.encode()) for body in bodies]

    cache.ensure(url, revs[:3])
    cache.ensure(url, revs[:70])
    cache.ensure(url, revs)

    assert cache.has(revs) == set(revs)
    assert set(refs(cache.git_dir)) == {f"refs/eka/keep/{rev.hex}" for rev in revs}
    assert_sound(cache.git_dir)
    subprocess.run(["git", f"--git-dir={cache.git_dir}", "gc", "-q", "--prune=now"], check=True)
    assert cache.has(revs) == set(revs)


def test_only_what_is_missing_is_asked_for(source: GitSet, cache: ObjectCache) -> None:
    old, new = source.publish("zlib", "1.0.0"), source.publish("zlib", "2.0.0")

    with serve(source.path.parent) as server:
        url = parsed(f"{server.url}/set")
        cache.ensure(url, [old])
        server.log.clear()
        cache.ensure(url, [old, new])

    request = bytes(server.log[1].request)
    assert b"want " + new.hex.encode() in request
    assert old.hex.encode() not in request


def test_progress_counts_received_bytes(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    counts: list[int] = []

    cache.ensure(url, [source.publish("zlib", "1.0.0")], progress=counts.append)

    assert counts == sorted(counts)
    assert counts[-1] > 200


@pytest.mark.spec("fetch-by-id")
def test_an_object_no_ref_names_any_more_is_still_fetched(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    rev = source.publish("zlib", "1.0.0")
    source.git("update-ref", "-d", "refs/atoms/zlib/1.0.0")

    cache.ensure(url, [rev])

    assert cache.has([rev]) == {rev}


@pytest.mark.parametrize("way", ["http", "git"])
def test_atoms_come_over_the_network_too(way: str, source: GitSet, cache: ObjectCache) -> None:
    rev = source.publish("zlib", "1.0.0")

    if way == "http":
        with serve(source.path.parent) as server:
            cache.ensure(parsed(f"{server.url}/set"), [rev])
    else:
        with serve_daemon(source.path.parent) as base:
            cache.ensure(parsed(f"{base}/set"), [rev])

    assert cache.has([rev]) == {rev}


def test_an_old_server_gives_what_its_refs_name(source: GitSet, cache: ObjectCache) -> None:
    named, unnamed = source.publish("zlib", "1.0.0"), source.publish("zlib", "2.0.0")
    source.git("update-ref", "-d", "refs/atoms/zlib/2.0.0")

    with serve(source.path.parent, Behaviour(speaks_v2=False)) as server:
        url = parsed(f"{server.url}/set")
        cache.ensure(url, [named])
        with pytest.raises(ObjectsUnavailable) as caught:
            cache.ensure(url, [unnamed])

    assert cache.has([named, unnamed]) == {named}
    assert caught.value.oids == (unnamed,)
    assert refs(cache.git_dir) == [f"refs/eka/keep/{named.hex}"]


@pytest.mark.spec("fetch-whole")
def test_objects_the_source_lacks_are_named(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    rev = source.publish("zlib", "1.0.0")

    with pytest.raises(ObjectsUnavailable) as caught:
        cache.ensure(url, [rev, MISSING])

    assert (caught.value.oids, caught.value.exit_status) == ((MISSING,), 3)
    assert cache.has([rev]) == frozenset()


def test_a_source_that_is_gone_is_not_found(tmp_path: Path, cache: ObjectCache) -> None:
    with pytest.raises(SourceNotFound):
        cache.ensure(SourceUrl("file", None, str(tmp_path / "gone")), [MISSING])


@pytest.mark.spec("fetch-by-id")
def test_a_commit_with_parents_is_no_atom_and_its_history_stays_away(
    source: GitSet, cache: ObjectCache
) -> None:
    for number in range(20):
        source.commit({"file": str(number)})

    with serve(source.path.parent) as server:
        with pytest.raises(RefusedObjects) as caught:
            cache.ensure(parsed(f"{server.url}/set"), [source.oid("HEAD")])
        assert server.sent_bytes() < 1500

    assert caught.value.exit_status == 5


def make_pack(source: GitSet, oids: Sequence[ObjectId]) -> bytes:
    """A pack of exactly these objects, made in the source."""
    done = subprocess.run(
        ["git", "pack-objects", "-q", "--stdout"],
        cwd=source.path,
        input="".join(f"{oid.hex}\n" for oid in oids).encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


def objects_of(source: GitSet, rev: ObjectId) -> list[ObjectId]:
    listed = source.git("rev-list", "--objects", "--no-object-names", rev.hex)
    return [ObjectId(line) for line in listed.split()]


@pytest.mark.spec("fetch-whole")
@pytest.mark.parametrize("left_out", range(4))
def test_an_answer_that_leaves_an_object_out_is_an_error(
    source: GitSet, cache: ObjectCache, left_out: int
) -> None:
    rev = source.publish("zlib", "1.0.0")
    oids = objects_of(source, rev)
    assert len(oids) == 4
    pack = make_pack(source, oids[:left_out] + oids[left_out + 1 :])

    with (
        serve_socket(ADVERTISEMENT, pack_answer(pack)) as base,
        pytest.raises((ObjectsUnavailable, RefusedObjects)),
    ):
        cache.ensure(parsed(base), [rev])

    assert cache.has([rev]) == frozenset()


@pytest.mark.spec("fetch-whole")
@pytest.mark.parametrize(
    "answer",
    [FLUSH, packet(b"acknowledgments\n") + FLUSH, packet(b"packfile\n") + FLUSH],
)
def test_an_answer_without_objects_is_an_error(
    source: GitSet, cache: ObjectCache, answer: bytes
) -> None:
    rev = source.publish("zlib", "1.0.0")

    with (
        serve_socket(ADVERTISEMENT, answer) as base,
        pytest.raises((ObjectsUnavailable, RefusedObjects)),
    ):
        cache.ensure(parsed(base), [rev])

    assert cache.has([rev]) == frozenset()


@pytest.mark.spec("fetch-checks")
def test_no_bit_of_a_pack_can_be_changed_on_the_way(source: GitSet, cache: ObjectCache) -> None:
    rev = source.publish("zlib", "1.0.0")
    pack = make_pack(source, objects_of(source, rev))

    for at in range(12, len(pack), 29):
        flipped = bytearray(pack)
        flipped[at] ^= 1
        with (
            serve_socket(ADVERTISEMENT, pack_answer(bytes(flipped))) as base,
            pytest.raises(RefusedObjects) as caught,
        ):
            cache.ensure(parsed(base), [rev])
        assert caught.value.exit_status == 5

    assert cache.has([rev]) == frozenset()
    assert list((cache.git_dir / "objects" / "pack").glob("*.pack")) == []


@pytest.mark.spec("fetch-checks")
@pytest.mark.parametrize(
    "name", [b".git", b"..", b".", b".GIT", b"git~1", b"a/b", b".g\xe2\x80\x8cit"]
)
def test_trees_that_git_itself_refuses_are_not_stored(
    source: GitSet, url: SourceUrl, cache: ObjectCache, name: bytes
) -> None:
    blob = source.write("blob", b"x")
    tree = source.write("tree", b"100644 " + name + b"\0" + blob.raw)
    people = b"\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\nx"
    commit = source.write("commit", b"tree " + tree.hex.encode() + people)

    with pytest.raises(RefusedObjects):
        cache.ensure(url, [commit])

    assert cache.has([commit]) == frozenset()


def test_a_pack_over_the_cap_is_cut_off(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path
) -> None:
    (source.path / "pkgs").mkdir()
    (source.path / "pkgs" / "noise").write_bytes(os.urandom(200_000))
    rev = source.write("commit", source.atom("zlib", "1.0.0", "pkgs", {}).encode())
    small = ObjectCache(tmp_path / "small.git", runner, max_pack_bytes=100_000)

    with pytest.raises(OutputTooLarge):
        small.ensure(url, [rev])

    assert small.has([rev]) == frozenset()


def test_a_connection_that_breaks_off_leaves_nothing_behind(
    source: GitSet, cache: ObjectCache
) -> None:
    rev = source.publish("zlib", "1.0.0")

    with serve(source.path.parent) as server:
        url = parsed(f"{server.url}/set")
        server.behaviour.cut_after_bytes = 300
        with pytest.raises(NetworkFailed):
            cache.ensure(url, [rev])
        server.behaviour.cut_after_bytes = None
        cache.ensure(url, [rev])

    assert cache.has([rev]) == {rev}
    assert [path.suffix for path in sorted((cache.git_dir / "objects" / "pack").iterdir())] == [
        ".idx",
        ".pack",
    ]


def test_sha256_objects_are_refused_with_a_reason(url: SourceUrl, cache: ObjectCache) -> None:
    with pytest.raises(UnsupportedObjectFormat):
        cache.ensure(url, [ObjectId("1" * 64)])


def test_a_cache_that_cannot_be_made_is_an_error(
    url: SourceUrl, runner: GitRunner, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    cache = ObjectCache(tmp_path / "file" / "objects.git", runner)

    with pytest.raises(CacheUnusable) as caught:
        cache.ensure(url, [MISSING])

    assert caught.value.exit_status == 1


def test_a_cache_can_be_emptied(source: GitSet, url: SourceUrl, cache: ObjectCache) -> None:
    rev = source.publish("zlib", "1.0.0")
    cache.ensure(url, [rev])

    cache.discard()

    assert cache.has([rev]) == frozenset()
    with pytest.raises(ObjectMissing):
        PygitReader(cache.git_dir).commit(rev)


@pytest.mark.parametrize("is_packed", [True, False])
def test_another_content_under_an_id_is_noticed_when_the_object_is_read(
    source: GitSet, url: SourceUrl, cache: ObjectCache, *, is_packed: bool
) -> None:
    rev = source.publish("zlib", "1.0.0")
    git_dir = cache.git_dir if is_packed else source.git_dir
    cache.ensure(url, [rev])
    blob = source.oid(f"{rev.hex}:main.c")
    before = PygitReader(git_dir).blob(blob)

    if is_packed:
        replace_in_pack(git_dir, b"1.0.0", b"9.9.9")
    else:
        replace_loose(git_dir, blob, b"9.9.9")

    with pytest.raises(ObjectDamaged) as caught:
        PygitReader(git_dir).blob(blob)
    assert before == b"1.0.0"
    assert caught.value.exit_status == 5


def replace_loose(git_dir: Path, oid: ObjectId, content: bytes) -> None:
    """Store other content under an id, well-formed."""
    path = git_dir / "objects" / oid.hex[:2] / oid.hex[2:]
    path.chmod(0o600)
    path.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content))


def replace_in_pack(git_dir: Path, old: bytes, new: bytes) -> None:
    """Put other content of the same length in the place of a packed object's."""
    (path,) = (git_dir / "objects" / "pack").glob("*.pack")
    path.chmod(0o600)
    data = path.read_bytes()
    assert data.count(zlib.compress(old)) == 1
    path.write_bytes(data.replace(zlib.compress(old), zlib.compress(new)))
