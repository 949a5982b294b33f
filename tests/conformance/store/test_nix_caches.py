"""Binary caches in Nix's format: what is written, what is believed, what is refused."""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from eka.build import BrokenArchive
from eka.build.nix_cache import DirectoryCache
from eka.build.nix_import import Imported, NixImport
from eka.build.nix_trust import NixTrust
from eka.store import PathNotFound, Store, StorePath, UnsafeTree, read_tree
from eka.store.nix.errors import (
    InvalidNar,
    InvalidNarInfo,
    NixCacheUnreadable,
    NixMismatch,
    NixPathUntrusted,
    NotANixCache,
    NotInNixCache,
)
from eka.store.nix.keys import NixSecretKey
from eka.store.nix.nar import MAGIC, nar_digest, nar_string
from eka.store.nix.narinfo import NarInfo
from eka.store.nix.path import NixPath, content_path
from eka.store.nix_view.export import Exported, NixExport
from eka.store.nix_view.remember import NAR_SHA256, add_path_with_nar, add_with_nar, nar_of
from tests.fakes.nix import silent
from tests.store_nodes import SAMPLE, nodes, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = NixSecretKey.make("cache-1", b"k" * 32)
OTHER = NixSecretKey.make("cache-2", b"o" * 32)
TRUSTED = NixTrust((KEY.public,))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Store]:
    """Another store, as on another machine."""
    with Store.open(tmp_path / "second", durable=False) as opened:
        yield opened


def program(store: Store) -> StorePath:
    """Add a library, and a program that mentions it and itself; return the program."""
    library = store.add_tree("library", nodes(SAMPLE))
    placeholder = StorePath("u" * 32, "program")
    built = store.staging("program") / "program"
    built.mkdir()
    (built / "run").write_text(f"{placeholder.text} {library.text} {library.digest32}\n")
    (built / "link").symlink_to(f"{library.text}/lib")
    return store.register_output("program", built, placeholder=placeholder, candidates=[library])


def export(
    store: Store, cache: Path, *paths: StorePath, key: NixSecretKey | None = KEY
) -> list[Exported]:
    exporter = NixExport(store, cache, key=key, compression="none")
    return exporter.write(paths, silent)


def fetch(store: Store, cache: Path, *paths: NixPath, trust: NixTrust = TRUSTED) -> list[Imported]:
    return NixImport(store, DirectoryCache(cache), trust).fetch(paths, silent)


def rewrite(cache: Path, info: NarInfo, change: Callable[[str], str]) -> None:
    """Change the description of a path."""
    file = cache / f"{info.path.digest32}.narinfo"
    file.write_text(change(file.read_text("utf-8")), "utf-8")


def put(cache: Path, name: str, nar: bytes, **fields: Any) -> NarInfo:  # noqa: ANN401 - of any field
    """Put a path of any content into a cache, described and signed as ``fields`` say."""
    found = NarInfo(
        path=NixPath("1" * 32, name),
        nar_sha256=hashlib.sha256(nar).digest(),
        nar_size_bytes=len(nar),
        references=(),
        url="nar/x.nar",
        compression="none",
    )
    found = replace(found, **fields).signed_by(KEY)
    (cache / "nar").mkdir(parents=True, exist_ok=True)
    (cache / "nix-cache-info").write_text("StoreDir: /nix/store\n")
    (cache / "nar" / "x.nar").write_bytes(nar)
    (cache / f"{found.path.digest32}.narinfo").write_text(found.text)
    return found


@pytest.mark.spec("nix-lower")
@pytest.mark.spec("nix-translate")
def test_a_path_corresponds_to_one_path_of_nix_on_every_machine(
    store: Store, second: Store, tmp_path: Path
) -> None:
    here = export(store, tmp_path / "a", program(store))
    there = export(second, tmp_path / "b", program(second), key=OTHER)

    assert [each.info.path for each in here] == [each.info.path for each in there]
    assert [each.path.name for each in here] == ["library", "program"]
    library, own = here[0].info.path.text.encode(), here[1].info.path.text.encode()
    nar = (tmp_path / "a" / here[1].info.url).read_bytes()
    assert own + b" " + library + b" " + here[0].path.digest32.encode() in nar
    assert b"/eka/store" not in nar


@pytest.mark.spec("nix-cache")
@pytest.mark.spec("nix-import")
def test_what_was_exported_comes_back_as_it_was(store: Store, second: Store, cache: Path) -> None:
    exported = export(store, cache, program(store))

    found = fetch(second, cache, exported[-1].info.path)

    assert [each.path for each in found] == [each.path for each in exported]
    assert [second.path_info(each.path).references for each in found] == [
        store.path_info(each.path).references for each in exported
    ]
    assert second.verify() == []


@pytest.mark.spec("nix-import")
def test_what_was_imported_is_not_fetched_again(store: Store, second: Store, cache: Path) -> None:
    exported = export(store, cache, program(store))
    first = fetch(second, cache, exported[-1].info.path)
    for archive in (cache / "nar").iterdir():
        archive.unlink()

    again = fetch(second, cache, exported[-1].info.path)

    assert [each.is_new for each in first] == [True, True]
    assert [each.is_new for each in again] == [False, False]
    assert [each.path for each in first] == [each.path for each in again]


@pytest.mark.spec("nix-import")
def test_what_is_collected_at_that_very_moment_is_fetched_again(
    store: Store, second: Store, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = export(store, cache, program(store))

    def gone(*_: object) -> StorePath:
        return StorePath("a" * 32, "gone")

    monkeypatch.setattr(second, "alias", gone)

    found = fetch(second, cache, exported[-1].info.path)

    assert [each.path for each in found] == [each.path for each in exported]


@pytest.mark.spec("nix-export")
def test_what_is_there_is_not_written_again_but_signed(store: Store, cache: Path) -> None:
    path = program(store)
    export(store, cache, path, key=None)
    archives = {file: file.stat().st_mtime_ns for file in (cache / "nar").iterdir()}

    again = export(store, cache, path)
    last = export(store, cache, path, key=OTHER)

    assert [each.is_new for each in again] == [False, False]
    assert {file: file.stat().st_mtime_ns for file in (cache / "nar").iterdir()} == archives
    assert [len(each.info.signatures) for each in last] == [2, 2]
    assert all(each.info.is_signed_by([KEY.public]) for each in last)


@pytest.mark.spec("nix-export")
@pytest.mark.parametrize("damage", ["archive missing", "description cut", "other content"])
def test_what_is_there_but_wrong_is_written_again(
    store: Store, second: Store, cache: Path, damage: str
) -> None:
    path = program(store)
    info = export(store, cache, path)[-1].info
    if damage == "archive missing":
        (cache / info.url).unlink()
    else:
        cut = damage == "description cut"
        rewrite(
            cache, info, lambda text: text[:40] if cut else text.replace("NarSize: ", "NarSize: 1")
        )

    export(store, cache, path)

    assert fetch(second, cache, info.path)[-1].path == path


@pytest.mark.spec("nix-export")
def test_a_damaged_path_is_not_published(store: Store, cache: Path) -> None:
    path = store.add_tree("sample", nodes(SAMPLE))
    nar_of(store, path)
    file = store.physical(path) / "lib" / "a.c"
    file.chmod(0o644)
    file.write_text("int b;\n")

    with pytest.raises(NixMismatch):
        export(store, cache, path)

    assert sorted(each.name for each in cache.iterdir()) == ["nar", "nix-cache-info"]
    assert list((cache / "nar").iterdir()) == []


def test_a_path_the_store_does_not_hold_is_not_exported(store: Store, cache: Path) -> None:
    with pytest.raises(PathNotFound):
        export(store, cache, StorePath("a" * 32, "gone"))


@pytest.mark.spec("nix-digests")
def test_digests_are_remembered_and_the_same_however_they_are_computed(
    store: Store, second: Store, tmp_path: Path
) -> None:
    write(SAMPLE, tmp_path / "sample")

    path, added = add_path_with_nar(store, "sample", tmp_path / "sample")
    lazy = nar_of(second, second.add_path("sample", tmp_path / "sample"))
    _, unordered = add_with_nar(second, "other-order", nodes(SAMPLE))

    assert added == lazy == unordered == nar_digest(read_tree(tmp_path / "sample"))
    assert store.digest(path, NAR_SHA256) == (added.sha256.hex(), added.size_bytes)
    store.gc()
    with pytest.raises(PathNotFound):
        nar_of(store, StorePath("a" * 32, "never"))


@pytest.mark.spec("nix-digests")
def test_a_digest_goes_with_its_path(tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "sample")
    with Store.open(tmp_path / "store", durable=False) as store:
        path, _ = add_path_with_nar(store, "sample", tmp_path / "sample")

    with Store.open(tmp_path / "store", durable=False) as store:
        store.gc()

        assert store.digest(path, NAR_SHA256) is None


@pytest.mark.spec("nix-trust")
def test_a_path_without_a_trusted_signature_is_refused(second: Store, cache: Path) -> None:
    info = put(cache, "x", MAGIC + nar_string(b"("))

    with pytest.raises(NixPathUntrusted) as refused:
        fetch(second, cache, info.path, trust=NixTrust((OTHER.public,)))

    assert refused.value.signers == ("cache-1",)
    assert refused.value.where == info.path.text


@pytest.mark.spec("nix-trust")
def test_a_signature_over_something_else_does_not_count(
    store: Store, second: Store, cache: Path
) -> None:
    info = export(store, cache, store.add_tree("sample", nodes(SAMPLE)))[0].info
    rewrite(cache, info, lambda text: text.replace("NarSize: ", "NarSize: 1").replace("CA:", "X:"))

    with pytest.raises(NixPathUntrusted):
        fetch(second, cache, info.path)


@pytest.mark.spec("nix-trust")
def test_unsigned_paths_are_taken_on_demand(store: Store, second: Store, cache: Path) -> None:
    path = store.add_tree("sample", nodes(SAMPLE))
    info = export(store, cache, path, key=None)[0].info
    rewrite(cache, info, lambda text: text.replace("CA:", "X:"))

    found = fetch(second, cache, info.path, trust=NixTrust(unsigned=True))

    assert found[0].path == path
    with pytest.raises(NixPathUntrusted):
        fetch(second, cache, info.path, trust=NixTrust())


@pytest.mark.spec("nix-trust")
def test_content_that_its_name_does_not_promise_is_refused(second: Store, cache: Path) -> None:
    # Unsigned, and everything fits but the content: only hashing it tells.
    good, bad = (
        MAGIC + b"".join(map(nar_string, (b"(", b"type", b"regular", b"contents", text, b")")))
        for text in (b"good", b"evil")
    )
    sha256 = hashlib.sha256(good).digest()
    claim = f"fixed:r:sha256:{sha256.hex()}"
    info = put(cache, "x", bad, path=content_path("x", sha256), content_address=claim)
    rewrite(cache, info, lambda text: text.replace("Sig:", "X:"))

    with pytest.raises(NixMismatch):
        fetch(second, cache, info.path, trust=NixTrust())

    assert second.info().paths == 0


@pytest.mark.spec("nix-trust")
def test_a_name_that_does_not_follow_from_the_content_proves_nothing(
    second: Store, cache: Path
) -> None:
    info = put(cache, "x", b"", content_address=f"fixed:r:sha256:{'0' * 64}")

    with pytest.raises(NixPathUntrusted):
        fetch(second, cache, info.path, trust=NixTrust())


@pytest.mark.spec("nix-import")
@pytest.mark.parametrize("change", [b"", b"shorter", b"longer, and longer, and longer still"])
def test_an_archive_that_is_not_as_described_is_refused(
    store: Store, second: Store, cache: Path, change: bytes
) -> None:
    info = export(store, cache, store.add_tree("sample", nodes(SAMPLE)))[0].info
    archive = cache / info.url
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"int a;", b"int b;") if not change else data[:100] + change)

    with pytest.raises((NixMismatch, InvalidNar)):
        fetch(second, cache, info.path)

    assert second.info().paths == 0
    assert list((second.root / "store").iterdir()) == []


@pytest.mark.spec("nix-import")
@pytest.mark.parametrize(
    ("nar", "error"),
    [
        (b"not a nar", InvalidNar),
        (MAGIC, InvalidNar),
        (lzma.compress(b"x" * 5_000_000), NixMismatch),
        (lzma.compress(MAGIC)[:-20], BrokenArchive),
        (b"\x1f\x8b not gzip", BrokenArchive),
        (
            MAGIC
            + b"".join(map(nar_string, (b"(", b"type", b"directory", b"entry", b"(", b"name")))
            + nar_string(b"../../escaped"),
            UnsafeTree,
        ),
    ],
)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    second: Store, cache: Path, nar: bytes, error: type[Exception]
) -> None:
    info = put(cache, "x", nar, nar_size_bytes=200)

    with pytest.raises(error):
        fetch(second, cache, info.path)

    assert second.info().paths == 0
    assert list((second.root / "store").iterdir()) == []
    assert not (cache.parent / "escaped").exists()


@pytest.mark.spec("nix-cache")
def test_a_cache_of_another_directory_is_refused(store: Store, cache: Path) -> None:
    cache.mkdir()
    (cache / "nix-cache-info").write_text("StoreDir: /gnu/store\n")

    with pytest.raises(NotANixCache) as refused:
        fetch(store, cache, NixPath("1" * 32, "x"))

    assert "/gnu/store" in refused.value.why


@pytest.mark.spec("nix-cache")
def test_a_directory_that_is_no_cache_is_refused(store: Store, cache: Path) -> None:
    cache.mkdir()

    with pytest.raises(NotANixCache):
        fetch(store, cache, NixPath("1" * 32, "x"))


def test_a_path_the_cache_lacks_is_named(store: Store, second: Store, cache: Path) -> None:
    exported = export(store, cache, program(store))
    (cache / f"{exported[0].info.path.digest32}.narinfo").unlink()

    with pytest.raises(NotInNixCache) as refused:
        fetch(second, cache, exported[1].info.path)

    assert refused.value.path == exported[0].info.path.text


def test_an_archive_the_cache_lacks_is_named(store: Store, second: Store, cache: Path) -> None:
    info = export(store, cache, store.add_tree("sample", nodes(SAMPLE)))[0].info
    (cache / info.url).unlink()

    with pytest.raises(NixCacheUnreadable) as refused:
        fetch(second, cache, info.path)

    assert refused.value.where.endswith(info.url)


def test_a_description_of_another_path_is_refused(
    store: Store, second: Store, cache: Path
) -> None:
    info = export(store, cache, store.add_tree("sample", nodes(SAMPLE)))[0].info
    wanted = NixPath("2" * 32, "wanted")
    text = (cache / f"{info.path.digest32}.narinfo").read_text()
    (cache / f"{wanted.digest32}.narinfo").write_text(text)

    with pytest.raises(InvalidNarInfo):
        fetch(second, cache, wanted)


def test_paths_that_refer_to_each_other_in_a_circle_are_refused(
    second: Store, cache: Path
) -> None:
    one, two = NixPath("1" * 32, "one"), NixPath("2" * 32, "two")
    put(cache, "one", b"", path=one, references=(two,))
    put(cache, "two", b"", path=two, references=(one,))

    with pytest.raises(InvalidNarInfo):
        fetch(second, cache, one)


def test_an_unknown_compression_is_named(second: Store, cache: Path) -> None:
    info = put(cache, "x", b"", compression="lzip")

    with pytest.raises(InvalidNarInfo) as refused:
        fetch(second, cache, info.path)

    assert "lzip" in refused.value.why
