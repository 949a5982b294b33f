"""What a collection spares: by age, by size, by name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from eka.store import GcLimits, InvalidKeepName, NothingKept, PathNotFound, Store, StorePath
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KIB = 1024
Paths = dict[str, StorePath]


def filled(root: Path, names: Mapping[str, tuple[str, ...]]) -> Paths:
    """Fill a store: each name is a path of 1 KiB that refers to the others named."""
    paths: Paths = {}
    with Store.open(root, durable=False) as store:
        for name, below in names.items():
            content = nodes(name.encode().ljust(KIB, b"."))
            paths[name] = store.add_tree(name, content, references=[paths[each] for each in below])
    return paths


def used_at(root: Path, times: Mapping[StorePath, int]) -> None:
    """Let paths have been used last at these times."""
    with closing(sqlite3.connect(root / "db.sqlite")) as database, database:
        for path, when in times.items():
            database.execute(
                "UPDATE paths SET used = ?, registered = 1 WHERE base = ?", (when, path.base)
            )


def last_use(root: Path, path: StorePath) -> int:
    with closing(sqlite3.connect(root / "db.sqlite")) as database:
        found = database.execute("SELECT used FROM paths WHERE base = ?", (path.base,))
        return int(found.fetchone()[0])


@pytest.mark.spec("gc-limits")
def test_only_as_much_goes_as_is_too_much_the_oldest_first(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"a": (), "b": (), "c": (), "d": ()})
    used_at(tmp_path / "s", {paths["a"]: 30, paths["b"]: 10, paths["c"]: 20, paths["d"]: 40})

    with Store.open(tmp_path / "s", durable=False) as store:
        dry = store.gc(GcLimits(max_size_bytes=2 * KIB), dry_run=True)
        report = store.gc(GcLimits(max_size_bytes=2 * KIB))

        assert set(report.deleted) == set(dry.deleted) == {paths["b"], paths["c"]}
        assert (report.left_bytes, report.unneeded, report.kept) == (2 * KIB, 2, 2)
        assert store.gc(GcLimits(max_size_bytes=2 * KIB)).deleted == ()
        assert store.gc(GcLimits(max_size_bytes=2 * KIB - 1)).deleted == (paths["a"],)


@pytest.mark.spec("gc-limits")
@pytest.mark.spec("gc-last-use")
def test_what_refers_to_a_path_uses_it_and_goes_first(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"lib": (), "app": ("lib",), "old": ("lib",), "lone": ()})
    times = {"lib": 1, "app": 30, "old": 10, "lone": 20}
    used_at(tmp_path / "s", {paths[name]: when for name, when in times.items()})

    with Store.open(tmp_path / "s", durable=False) as store:
        gone = [store.gc(GcLimits(max_size_bytes=size * KIB)).deleted for size in (3, 2, 1, 0)]

    assert gone == [(paths[name],) for name in ("old", "lone", "app", "lib")]


@pytest.mark.spec("gc-limits")
def test_what_was_used_since_stays_with_all_it_refers_to(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"lib": (), "app": ("lib",), "old": ()})
    used_at(tmp_path / "s", {paths["lib"]: 1, paths["app"]: 100, paths["old"]: 99})

    with Store.open(tmp_path / "s", durable=False) as store:
        report = store.gc(GcLimits(keep_since=100))

        assert report.deleted == (paths["old"],)
        assert (report.kept, report.unneeded) == (2, 2)
        assert store.gc(GcLimits(keep_since=100, max_size_bytes=0)).deleted == ()
        assert len(store.gc(GcLimits(keep_since=101)).deleted) == 2


@pytest.mark.spec("gc-limits")
def test_a_size_takes_nothing_that_is_needed(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"lib": (), "app": ("lib",), "old": ()})

    with Store.open(tmp_path / "s", durable=False) as store:
        store.add_root(tmp_path / "result", paths["app"])
        report = store.gc(GcLimits(max_size_bytes=0))

        assert report.deleted == (paths["old"],)
        assert (report.left_bytes, report.unneeded) == (2 * KIB, 0)


def test_a_path_that_came_to_refer_to_newer_ones_is_collected_with_them(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"a": (), "b": ("a",), "c": ("b",)})
    with Store.open(tmp_path / "s", durable=False) as store:
        again = store.add_tree("a", nodes(b"a".ljust(KIB, b".")), references=[paths["c"]])

    with Store.open(tmp_path / "s", durable=False) as store:
        assert again == paths["a"]
        assert set(store.gc().deleted) == set(paths.values())
        assert store.info().paths == 0


@pytest.mark.spec("gc-last-use")
@pytest.mark.parametrize("how", ["lease", "add", "root", "alias", "hold"])
def test_using_a_path_is_remembered(tmp_path: Path, how: str) -> None:
    root = tmp_path / "s"
    path = filled(root, {"a": ()})["a"]
    with Store.open(root, durable=False) as store:
        store.set_alias("scheme", "id", path)
    used_at(root, {path: 5})

    with Store.open(root, durable=False) as store:
        if how == "lease":
            with store.lease([path]):
                pass
        elif how == "add":
            store.add_tree("a", nodes(b"a".ljust(KIB, b".")))
        elif how == "root":
            store.add_root(tmp_path / "link", path)
        elif how == "hold":
            assert store.hold(path)
        else:
            assert store.alias("scheme", "id", "a") == path
        fresh = store.add_tree("clock", nodes(b""))
        now = store.path_info(fresh).registered

    assert abs(last_use(root, path) - now) <= 60


@pytest.mark.spec("gc-last-use")
def test_uses_close_together_are_written_once(tmp_path: Path) -> None:
    root = tmp_path / "s"
    path = filled(root, {"a": ()})["a"]
    used_at(root, {path: 5})
    states: list[bytes] = []

    for _ in range(3):
        with Store.open(root, durable=False) as store, store.lease([path]):
            pass
        states.append((root / "db.sqlite").read_bytes())

    assert last_use(root, path) > 5
    assert len(set(states)) == 1


@pytest.mark.spec("gc-kept")
def test_a_name_keeps_a_path_until_it_is_let_go(tmp_path: Path) -> None:
    paths = filled(tmp_path / "s", {"lib": (), "app": ("lib",), "old": ()})
    with Store.open(tmp_path / "s", durable=False) as store:
        store.keep("release/1.0", paths["app"])

    with Store.open(tmp_path / "s", durable=False) as store:
        assert store.kept() == {"release/1.0": paths["app"]}
        assert store.gc().deleted == (paths["old"],)
        store.keep("release/1.0", paths["lib"])
        assert store.gc().deleted == (paths["app"],)
        store.let_go("release/1.0")
        assert store.gc().deleted == (paths["lib"],)
        with pytest.raises(NothingKept) as caught:
            store.let_go("release/1.0")

    assert caught.value.where == "release/1.0"


@pytest.mark.spec("gc-kept")
@pytest.mark.parametrize("name", ["", "/a", "a b", "ä", "a\n", "x" * 201])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "s", {"a": ()})["a"]

    with Store.open(tmp_path / "s", durable=False) as store, pytest.raises(InvalidKeepName):
        store.keep(name, path)


def test_nothing_is_kept_that_is_not_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store, pytest.raises(PathNotFound):
        store.keep("name", StorePath("m" * 32, "missing"))


@pytest.mark.spec("gc-roots")
def test_a_path_found_by_an_alias_stays_while_the_process_lives(tmp_path: Path) -> None:
    path = filled(tmp_path / "s", {"a": ()})["a"]
    with Store.open(tmp_path / "s", durable=False) as collector:
        collector.set_alias("scheme", "id", path)
        with Store.open(tmp_path / "s", durable=False) as store:
            assert store.alias("scheme", "id", "a") == path

            assert collector.gc().deleted == ()

        assert collector.gc().deleted == (path,)
        assert not collector.hold(path)
        assert collector.alias("scheme", "id", "a") is None


@pytest.mark.spec("gc-roots")
def test_a_held_path_stays_while_the_process_lives(tmp_path: Path) -> None:
    path = filled(tmp_path / "s", {"a": ()})["a"]
    with Store.open(tmp_path / "s", durable=False) as collector:
        with Store.open(tmp_path / "s", durable=False) as store:
            assert store.hold(path)

            assert collector.gc().deleted == ()

        assert collector.gc().deleted == (path,)


def test_a_store_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    from eka.store.schema import STEPS  # noqa: PLC0415 - of this test alone

    root = tmp_path / "s"
    path = filled(root, {"a": ()})["a"]
    with closing(sqlite3.connect(root / "db.sqlite")) as database:
        row = database.execute("SELECT * FROM paths").fetchone()
    for file in root.glob("db.sqlite*"):
        file.unlink()
    with closing(sqlite3.connect(root / "db.sqlite", isolation_level=None)) as database:
        database.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
        database.execute("INSERT INTO paths VALUES (?, ?, ?, ?, ?, ?, ?)", row[:7])

    with Store.open(root, durable=False) as store:
        assert store.verify() == []
        assert store.gc(GcLimits(keep_since=1)).deleted == ()
        store.keep("a", path)
        assert store.gc().deleted == ()
