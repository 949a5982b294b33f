"""Binary caches in directories: their documents, what is pushed and in which order."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from eka.hashing import digest
from eka.store import Reduction, ReductionKind, Store, StorePath
from eka.store.cache.directory import DirectoryFiles, DirectorySink
from eka.store.cache.documents import (
    GZIP,
    MAX_DOCUMENT_BYTES,
    MAX_FILES,
    MAX_REDUCTIONS,
    MAX_REFERENCES,
    PLAIN,
    ROOT,
    SignedReduction,
    files_name,
    info_name,
    object_name,
    parse_entry,
    parse_files,
    parse_reductions,
    reductions_name,
)
from eka.store.cache.errors import CacheFalse, CacheUnwritable, NotACache
from eka.store.cache.push import push
from eka.store.cache.reading import Cache
from eka.store.cache.receive import received
from eka.store.nix.keys import NixSecretKey
from eka.store.trust import reduction_statement
from tests.store_nodes import SAMPLE, nodes
from tests.vectors import FIXTURES, load

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store.cache.push import Pushed
    from eka.store.facts import Staged

VECTORS = FIXTURES / "store" / "cache"
KEY = NixSecretKey.make("builder-1", b"k" * 32)
RESOLVED, SHA256 = "a" * 64, "b" * 64


def tower(store: Store) -> tuple[StorePath, StorePath]:
    """Add two paths, the second of which mentions the first and what led to it."""
    below = store.add_tree("below", nodes(SAMPLE))
    above = store.add_tree("above", nodes({b"to": below.text.encode()}), references=[below])
    facts = [
        Reduction("resolved", f"{RESOLVED}!out", above.base, evidence="bubblewrap"),
        Reduction("fetch", f"sha256:{SHA256}!below", below.base, evidence="http://example.org"),
    ]
    store.record_all(facts)
    store.sign_reduction(facts[0], KEY)
    store.sign_path(store.path_info(above), KEY)
    return below, above


def to(cache: Path, store: Store, *paths: StorePath, encoding: str = GZIP) -> Pushed:
    with store.lease(paths):
        return push(store, DirectorySink(cache, encoding=encoding), paths)


def contents(directory: Path) -> dict[str, bytes]:
    return {
        found.relative_to(directory).as_posix(): found.read_bytes()
        for found in sorted(directory.rglob("*"))
        if found.is_file() and not found.name.startswith(".")
    }


@pytest.mark.spec("cache-root")
@pytest.mark.spec("cache-info")
@pytest.mark.spec("cache-object")
@pytest.mark.spec("cache-resolved")
@pytest.mark.spec("cache-file")
def test_a_cache_is_byte_for_byte_that_of_the_vectors(store: Store, tmp_path: Path) -> None:
    to(tmp_path / "cache", store, tower(store)[1], encoding=PLAIN)

    assert contents(tmp_path / "cache") == contents(VECTORS)


@pytest.mark.spec("cache-object")
def test_a_compressed_object_holds_the_same_nodes_under_its_own_digest(
    store: Store, tmp_path: Path
) -> None:
    below, above = tower(store)

    to(tmp_path / "cache", store, above)

    entries = Cache(DirectoryFiles(tmp_path / "cache")).entries([below, above])
    plain = Cache(DirectoryFiles(VECTORS)).entries([below, above])
    for path, entry in entries.items():
        data = (tmp_path / "cache" / object_name(entry.object)).read_bytes()
        assert (len(data), digest(data).hex()) == (entry.object_bytes, entry.object)
        assert gzip.decompress(data) == (VECTORS / object_name(plain[path].object)).read_bytes()
        assert data[4:8] == bytes(4)  # no time
    assert {each.encoding for each in entries.values()} == {GZIP}


@pytest.mark.spec("cache-checked")
def test_what_the_vectors_hold_can_be_taken(store: Store, tmp_path: Path) -> None:
    cache = Cache(DirectoryFiles(VECTORS))
    with Store.open(tmp_path / "other", durable=False) as other:
        below, above = tower(other)
    staged: list[Staged] = []

    for number, (path, entry) in enumerate(cache.entries([below, above]).items()):
        place = store.staging("take") / str(number)
        staged.append(received(store, entry, cache.content(entry), place, "vectors"))
        assert staged[-1].path == path
    store.register_all(staged, lambda: None)

    assert store.closure([above]) == sorted([below, above])
    assert store.verify() == []


def parsed(kind: str, data: bytes) -> object:
    if kind == "info":
        return parse_entry(data, "here", StorePath("0" * 32, "thing"))
    if kind == "resolved":
        return parse_reductions(data, "here", RESOLVED)
    return parse_files(data, "here", SHA256)


HOSTILE: list[dict[str, str]] = load("store/hostile-cache.json")


@pytest.mark.parametrize("case", HOSTILE, ids=[case["name"] for case in HOSTILE])
@pytest.mark.spec("cache-info")
@pytest.mark.spec("cache-resolved")
@pytest.mark.spec("cache-file")
def test_a_document_that_is_not_as_it_must_be_is_refused(case: dict[str, str]) -> None:
    data = case["text"].encode("utf-8", "surrogatepass")

    with pytest.raises(CacheFalse) as raised:
        parsed(case["kind"], data)

    assert raised.value.cache == "here"
    assert raised.value.why


@pytest.mark.spec("cache-info")
@pytest.mark.spec("cache-resolved")
@pytest.mark.spec("cache-file")
def test_a_document_may_list_so_much_and_no_more() -> None:
    (info,) = (json.loads(file.read_text()) for file in list((VECTORS / "info").iterdir())[:1])
    bases = [f"{number:032}-a" for number in range(MAX_REFERENCES + 1)]
    head = json.dumps({"schema": "eka.cache-resolved/1", "resolved": RESOLVED})
    lines = (VECTORS / reductions_name(RESOLVED)).read_text().splitlines()[1]
    files = {"schema": "eka.cache-file/1", "sha256": SHA256}
    path = StorePath.parse(info["path"])

    for size, is_allowed in ((MAX_REFERENCES, True), (MAX_REFERENCES + 1, False)):
        info["references"] = bases[:size]
        with nullcontext() if is_allowed else pytest.raises(CacheFalse):
            parse_entry(json.dumps(info).encode() + b"\n", "here", path)
    for size, is_allowed in ((MAX_REDUCTIONS, True), (MAX_REDUCTIONS + 1, False)):
        text = "\n".join([head, *[lines] * size, ""])
        with nullcontext() if is_allowed else pytest.raises(CacheFalse):
            parse_reductions(text.encode(), "here", RESOLVED)
    for size, is_allowed in ((MAX_FILES, True), (MAX_FILES + 1, False)):
        text = json.dumps({**files, "paths": bases[:size]}) + "\n"
        with nullcontext() if is_allowed else pytest.raises(CacheFalse):
            parse_files(text.encode(), "here", SHA256)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"size_bytes":' + "9" * 5000 + "}"])
def test_nothing_a_document_holds_takes_the_reader_down(text: str) -> None:
    with pytest.raises(CacheFalse):
        parsed("info", f"{text}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        '{"schema":"eka.cache/2","store":"/eka/store","batch":false,"push":false}\n',
        '{"schema":"eka.cache/1","store":"/nix/store","batch":false,"push":false}\n',
        '{"schema":"eka.cache/1","store":"/eka/store","batch":0,"push":false}\n',
        '{"schema":"eka.cache/1","store":"/eka/store","batch":true,"push":true,"more":1}\n',
        '{"schema":"eka.cache/1","store":"/eka/store","batch":true,"push":true}' + " " * 20_000,
    ],
)
@pytest.mark.spec("cache-root")
def test_what_is_no_cache_of_this_kind_is_not_read(tmp_path: Path, text: str) -> None:
    (tmp_path / ROOT).write_text(text)

    with pytest.raises(NotACache):
        Cache(DirectoryFiles(tmp_path)).entries([StorePath("0" * 32, "a")])


@pytest.mark.spec("cache-info")
def test_a_document_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    shutil.copytree(VECTORS, tmp_path / "cache")
    path = StorePath("0" * 32, "a")
    with (tmp_path / "cache" / info_name(path)).open("wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES * 100)

    with pytest.raises(CacheFalse, match="not what it says"):
        Cache(DirectoryFiles(tmp_path / "cache")).entries([path])


def test_what_is_not_a_file_is_not_opened(tmp_path: Path) -> None:
    shutil.copytree(VECTORS, tmp_path / "cache")
    path = StorePath("0" * 32, "a")
    os.mkfifo(tmp_path / "cache" / info_name(path))

    with pytest.raises(CacheFalse):
        Cache(DirectoryFiles(tmp_path / "cache")).entries([path])


@pytest.mark.spec("cache-lacks")
def test_only_what_a_cache_lacks_is_written(store: Store, tmp_path: Path) -> None:
    below, above = tower(store)
    cache = tmp_path / "cache"

    first = to(cache, store, below)
    before = (cache / info_name(below)).stat().st_mtime_ns
    second, third = to(cache, store, above), to(cache, store, above)

    assert [done.pushed for done in (first, second, third)] == [[below], [above], []]
    assert [done.known for done in (first, second, third)] == [0, 1, 2]
    assert (second.reductions, third.size_bytes) == (1, 0)
    assert (cache / info_name(below)).stat().st_mtime_ns == before


@pytest.mark.spec("cache-lacks")
def test_a_path_whose_object_was_cut_is_pushed_again(store: Store, tmp_path: Path) -> None:
    below, above = tower(store)
    to(tmp_path / "cache", store, above)
    for file in (tmp_path / "cache/object").iterdir():
        file.write_bytes(file.read_bytes()[:-1])

    again = to(tmp_path / "cache", store, above)

    assert set(again.pushed) == {below, above}


def test_a_dry_run_tells_what_lacks_and_pushes_nothing(store: Store, tmp_path: Path) -> None:
    below, above = tower(store)
    to(tmp_path / "cache", store, below)
    before = contents(tmp_path / "cache")

    with store.lease([above]):
        told = push(store, DirectorySink(tmp_path / "cache"), [above], dry_run=True)

    assert (told.pushed, told.known) == ([above], 1)
    assert contents(tmp_path / "cache") == before


@pytest.mark.spec("cache-order")
def test_nothing_appears_before_what_it_speaks_of(store: Store, tmp_path: Path) -> None:
    below, above = tower(store)
    seen: list[str] = []
    cache = tmp_path / "cache"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).startswith(str(cache)):
            seen.append(str(arguments[1]).removeprefix(f"{cache}/"))

    sys.addaudithook(hook)
    to(cache, store, above)

    entries = Cache(DirectoryFiles(cache)).entries([below, above])
    order = [
        ROOT,
        object_name(entries[below].object),
        info_name(below),
        object_name(entries[above].object),
        info_name(above),
    ]
    assert seen[:5] == order
    assert set(seen[5:]) == {reductions_name(RESOLVED), files_name(SHA256)}


@pytest.mark.spec("cache-resolved")
def test_what_several_keys_assert_is_kept_together(store: Store, tmp_path: Path) -> None:
    _, above = tower(store)
    to(tmp_path / "cache", store, above)
    fact = store.reduce(ReductionKind.RESOLVED, f"{RESOLVED}!out")[0]
    store.sign_reduction(fact, NixSecretKey.make("builder-2", b"2" * 32))

    to(tmp_path / "cache", store, above)

    found = Cache(DirectoryFiles(tmp_path / "cache")).reductions([RESOLVED])[RESOLVED]
    assert sorted(each.reduction.by for each in found) == ["builder-1", "builder-2"]


@pytest.mark.spec("cache-order")
def test_several_may_push_at_once_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    _, above = tower(store)
    keys = [NixSecretKey.make(f"builder-{number}", bytes([number]) * 32) for number in range(6)]
    fact = store.reduce(ReductionKind.RESOLVED, f"{RESOLVED}!out")[0]
    to(tmp_path / "cache", store, above)

    def assert_as(key: NixSecretKey) -> None:
        own = Reduction(fact.kind, fact.name, fact.refined, key.name, "x")
        signed = SignedReduction(own, key.sign(reduction_statement(own)))
        DirectorySink(tmp_path / "cache").add_reductions(RESOLVED, [signed])

    threads = [threading.Thread(target=assert_as, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = Cache(DirectoryFiles(tmp_path / "cache")).reductions([RESOLVED])[RESOLVED]
    assert {each.reduction.by for each in found} == {KEY.name, *(key.name for key in keys)}


def test_a_directory_that_holds_something_else_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")

    with pytest.raises(NotACache):
        to(tmp_path / "home", store, tower(store)[0])

    assert contents(tmp_path / "home") == {"letter": b"dear"}


def test_a_place_that_cannot_be_a_directory_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CacheUnwritable):
        to(tmp_path / "file" / "cache", store, tower(store)[0])


def test_what_killed_pushes_left_is_removed_after_a_day(store: Store, tmp_path: Path) -> None:
    below, above = tower(store)
    to(tmp_path / "cache", store, below)
    old, new = (tmp_path / "cache/object" / f".1-{name}" for name in ("old", "new"))
    for left in (old, new):
        left.touch()
    os.utime(old, (1, 1))

    to(tmp_path / "cache", store, above)

    assert (old.exists(), new.exists()) == (False, True)


@pytest.fixture
def lying(store: Store, tmp_path: Path) -> tuple[Path, StorePath]:
    """A cache, and a path in it that mentions another without a signature."""
    below = store.add_tree("below", nodes(SAMPLE))
    above = store.add_tree("above", nodes({b"to": below.text.encode()}))
    to(tmp_path / "cache", store, above)
    return tmp_path / "cache", above


def take(cache: Path, path: StorePath, root: Path, key: NixSecretKey | None = None) -> StorePath:
    found = Cache(DirectoryFiles(cache))
    with Store.open(root, durable=False) as store:
        if key is not None:
            store.trust(key.public, [ReductionKind.RESOLVED])
        entry = found.entries([path])[path]
        place = store.staging("take") / "0"
        return received(store, entry, found.content(entry), place, "here").path


@pytest.mark.spec("cache-references")
def test_a_mention_must_be_declared_or_signed_for(
    store: Store, lying: tuple[Path, StorePath], tmp_path: Path
) -> None:
    cache, path = lying
    with pytest.raises(CacheFalse, match="not what it says"):
        take(cache, path, tmp_path / "strict")

    file = cache / info_name(path)
    line = json.loads(file.read_text())
    line["signatures"] = [store.sign_path(store.path_info(path), KEY).text]
    file.write_text(json.dumps(line) + "\n")

    with pytest.raises(CacheFalse):
        take(cache, path, tmp_path / "still-strict")
    assert take(cache, path, tmp_path / "trusting", KEY) == path
    with Store.open(tmp_path / "demanding", durable=False) as demanding:
        demanding.require_builders([ReductionKind.RESOLVED], 2)
    with pytest.raises(CacheFalse):
        take(cache, path, tmp_path / "demanding", KEY)


@pytest.mark.spec("cache-references")
def test_a_signature_that_names_a_trusted_key_must_be_right(
    lying: tuple[Path, StorePath], tmp_path: Path
) -> None:
    cache, path = lying
    file = cache / info_name(path)
    line = json.loads(file.read_text())
    line["signatures"] = [KEY.sign(b"something else").text]
    file.write_text(json.dumps(line) + "\n")

    with pytest.raises(CacheFalse) as raised:
        take(cache, path, tmp_path / "s", KEY)

    assert "builder-1 did not sign this" in raised.value.why


@pytest.mark.spec("cache-checked")
def test_more_bytes_than_are_told_are_refused_while_they_come(
    store: Store, tmp_path: Path
) -> None:
    path = store.add_tree("zeros", nodes(bytes(20_000_000)))
    to(tmp_path / "cache", store, path)
    file = tmp_path / "cache" / info_name(path)
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "size_bytes": 10}) + "\n")

    with pytest.raises(CacheFalse) as raised:
        take(tmp_path / "cache", path, tmp_path / "s")

    assert "more than the 10 bytes" in raised.value.why


@pytest.mark.spec("cache-checked")
def test_a_path_for_which_there_is_no_room_is_not_begun(store: Store, tmp_path: Path) -> None:
    path = store.add_tree("small", nodes(b"small"))
    to(tmp_path / "cache", store, path)
    file = tmp_path / "cache" / info_name(path)
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "size_bytes": 1 << 40}) + "\n")

    with pytest.raises(CacheFalse) as raised:
        take(tmp_path / "cache", path, tmp_path / "s")

    assert "no room" in raised.value.why
