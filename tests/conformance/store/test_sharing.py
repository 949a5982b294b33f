"""Many at once in one store: threads, processes, leftovers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from eka.store import NodeKind, Store, StoreBusy, store_path, tree_path
from eka.store.database import Database
from eka.store.session import Layout
from tests.store_nodes import SAMPLE, content, nodes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.spec("store-shared")
def test_threads_share_an_open_store(store: Store) -> None:
    def work(number: int) -> str:
        path = store.add_tree(f"t{number % 10}", nodes(SAMPLE))
        with store.lock(path.base), store.lease([path]):
            assert store.has(path)
            store.gc(dry_run=True)
        return path.base

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(work, range(80)))

    assert {entry.name for entry in store.physical_root.iterdir()} == found
    assert len(found) == store.info().paths == 10
    assert store.verify() == []


def test_a_lock_is_held_by_one_at_a_time(store: Store) -> None:
    inside = 0

    def work(_: int) -> None:
        nonlocal inside
        with store.lock("action"):
            inside += 1
            assert inside == 1
            list(nodes(SAMPLE))
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))

    assert list((store.root / "locks").iterdir()) == []


def test_who_waits_too_long_is_told(store: Store) -> None:
    other = Database(Layout(store.root).database, timeout_s=0.05)
    mine = Database(Layout(store.root).database)

    with mine.write(), pytest.raises(StoreBusy) as caught, other.write():
        pass

    assert caught.value.where == str(store.root / "db.sqlite")
    other.close()
    mine.close()


@pytest.mark.spec("store-ack")
def test_what_was_never_acknowledged_is_replaced(store: Store) -> None:
    leftover = store.physical(tree_path(content(SAMPLE), "tree"))
    (leftover / "half").mkdir(parents=True)

    path = store.add_tree("tree", nodes(SAMPLE))

    assert store.physical(path) == leftover
    assert store.verify() == []


@pytest.mark.spec("store-power")
def test_where_boots_cannot_be_told_apart_each_path_waits_for_the_medium(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as whole:
        layout = Layout(whole.root)
        with Store(layout, Database(layout.database), "", durable=True) as store:
            path = store.add_tree("a", nodes(SAMPLE))

        assert whole.has(path)
        database = Database(layout.database)
        assert database.suspects() == []
        database.close()


def test_a_file_has_another_path_than_a_directory_of_the_same_digest(store: Store) -> None:
    directory, file = store.add_tree("a", nodes({})), store.add_tree("a", nodes(b""))

    assert directory == store_path(NodeKind.DIRECTORY, bytes.fromhex(content({})), "a")
    assert store.path_info(directory).content == store.path_info(file).content
    assert directory != file
