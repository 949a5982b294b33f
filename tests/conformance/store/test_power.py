"""A loss of power, as far as it can be played: another boot, bytes that did not arrive."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from eka.store import Store, UnsafeTree
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from pathlib import Path


def suspects(root: Path) -> int:
    raw = sqlite3.connect(root / "db.sqlite")
    (count,) = raw.execute("SELECT count(*) FROM paths WHERE boot IS NOT NULL").fetchone()
    raw.close()
    return int(count)


def reboot(root: Path) -> None:
    """Make the store believe that the machine was started anew since it was last open."""
    raw = sqlite3.connect(root / "db.sqlite")
    raw.execute("UPDATE machine SET boot = 'before'")
    raw.execute("UPDATE paths SET boot = 'before' WHERE boot IS NOT NULL")
    raw.commit()
    raw.close()


@pytest.mark.spec("store-power")
def test_closing_a_store_waits_for_the_medium(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as store:
        store.add_tree("a", nodes(SAMPLE))
        assert suspects(tmp_path / "s") == 1

    assert suspects(tmp_path / "s") == 0


@pytest.mark.spec("store-power")
def test_who_does_not_wait_leaves_paths_in_doubt(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        path = store.add_tree("a", nodes(SAMPLE))
    assert suspects(tmp_path / "s") == 1

    reboot(tmp_path / "s")

    with Store.open(tmp_path / "s") as store:
        assert store.has(path)
    assert suspects(tmp_path / "s") == 0


@pytest.mark.spec("store-power")
def test_what_was_lost_with_the_power_is_made_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        kept = store.add_tree("kept", nodes(SAMPLE))
        lost = store.add_tree("lost", nodes(SAMPLE))
    file = store.physical(lost) / "lib" / "a.c"
    file.chmod(0o644)
    file.write_bytes(b"")
    reboot(tmp_path / "s")
    (tmp_path / "s" / "store" / "stray").write_text("renamed, but its row did not arrive")

    with Store.open(tmp_path / "s", durable=False) as store:
        assert (store.has(kept), store.has(lost)) == (True, False)
        assert store.add_tree("lost", nodes(SAMPLE)) == lost
        assert store.verify() == []
    assert suspects(tmp_path / "s") == 1


def test_paths_that_reached_the_medium_are_not_read_again(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as store:
        path = store.add_tree("a", nodes(SAMPLE))
    (store.physical(path) / "lib" / "a.c").chmod(0o644)
    reboot(tmp_path / "s")

    with Store.open(tmp_path / "s") as store:
        assert store.has(path)


def test_who_fails_does_not_wait(tmp_path: Path) -> None:
    def add_and_fail(store: Store) -> None:
        store.add_tree("a", nodes(SAMPLE))
        store.add_tree("b", [])

    with pytest.raises(UnsafeTree), Store.open(tmp_path / "s") as store:
        add_and_fail(store)

    assert suspects(tmp_path / "s") == 1
