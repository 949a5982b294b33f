"""Reductions, verification, damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from eka.store import (
    FaultKind,
    Nondeterminism,
    PathNotFound,
    Reduction,
    Store,
    StoreDamaged,
    StorePath,
    StoreTooNew,
    StoreUnusable,
)
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = Reduction("action", "name", "path-1", by="here", evidence="log-1")
TWO = Reduction("action", "name", "path-2", by="there")


@pytest.mark.spec("reduction-append")
def test_a_reduction_is_remembered_once(store: Store) -> None:
    assert store.record(ONE) == ()
    assert store.record(Reduction("action", "name", "path-1", by="here", evidence="later")) == ()
    assert store.record(Reduction("other", "name", "path-9")) == ()

    assert store.reduce("action", "name") == [ONE]
    assert store.reduce("action", "other") == []
    assert store.nondeterminism() == []


@pytest.mark.spec("reduction-append")
@pytest.mark.parametrize(
    "statement", ["DELETE FROM reductions", "UPDATE reductions SET refined = 'other'"]
)
def test_reductions_cannot_be_changed(store: Store, statement: str) -> None:
    store.record(ONE)
    raw = sqlite3.connect(store.root / "db.sqlite")

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(statement)

    raw.close()


@pytest.mark.spec("reduction-dispute")
def test_two_outcomes_are_both_kept_and_reported(store: Store) -> None:
    assert store.record(ONE) == ()
    assert store.record(TWO) == (ONE,)
    assert store.record(ONE) == (TWO,)

    assert store.reduce("action", "name") == [ONE, TWO]
    assert store.nondeterminism() == [Nondeterminism("action", "name", (ONE, TWO))]
    assert [fault.kind for fault in store.verify()] == [FaultKind.NONDETERMINISM]


def test_two_that_agree_are_no_dispute(store: Store) -> None:
    store.record(ONE)
    store.record(Reduction("action", "name", "path-1", by="there"))

    assert store.nondeterminism() == []
    assert len(store.reduce("action", "name")) == 2


@pytest.mark.spec("reduction-append")
def test_reductions_outlive_their_paths(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        path = store.add_tree("a", nodes(SAMPLE))
        store.record(Reduction("action", "name", path.base))
    with Store.open(tmp_path / "s", durable=False) as store:
        store.gc()

        assert [each.refined for each in store.reduce("action", "name")] == [path.base]


@pytest.mark.spec("store-verify")
def test_a_sound_store_has_no_faults(store: Store) -> None:
    path = store.add_tree("a", nodes(SAMPLE))

    assert store.verify() == []
    assert store.verify([path]) == []


@pytest.mark.spec("store-verify")
@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("truncate", FaultKind.CONTENT),
        ("flip", FaultKind.CONTENT),
        ("remove a file", FaultKind.CONTENT),
        ("add a file", FaultKind.CONTENT),
        ("execute", FaultKind.CONTENT),
        ("link", FaultKind.CONTENT),
        ("write", FaultKind.MODE),
        ("open a directory", FaultKind.MODE),
        ("touch", FaultKind.MODE),
        ("remove all", FaultKind.MISSING),
        ("pipe", FaultKind.UNREADABLE),
    ],
)
def test_every_damage_is_found(store: Store, damage: str, kind: FaultKind) -> None:
    sound = store.add_tree("sound", nodes(SAMPLE))
    path = store.add_tree("a", nodes(SAMPLE))
    harm(store.physical(path), damage)

    faults = store.verify()

    assert {(fault.kind, fault.where) for fault in faults} >= {(kind, path.text)}
    assert all(fault.where == path.text for fault in faults)
    assert store.verify([sound]) == []


def change(file: Path, data: bytes) -> None:
    """Write a file of the store, and make it look untouched."""
    file.chmod(0o644)
    file.write_bytes(data)
    file.chmod(0o444)
    os.utime(file, ns=(10**9, 10**9))


def relink(link: Path) -> None:
    link.unlink()
    link.symlink_to("elsewhere")


def become_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def harm(root: Path, damage: str) -> None:
    """Damage a path in the way that is named."""
    file = root / "lib" / "a.c"
    data = file.read_bytes()
    ways: dict[str, Callable[[], object]] = {
        "truncate": lambda: change(file, data[:-1]),
        "flip": lambda: change(file, b"INT" + data[3:]),
        "remove a file": file.unlink,
        "add a file": (root / "lib" / "new").touch,
        "execute": lambda: file.chmod(0o555),
        "link": lambda: relink(root / "bin" / "link"),
        "write": lambda: file.chmod(0o644),
        "open a directory": lambda: (root / "lib").chmod(0o755),
        "touch": file.touch,
        "remove all": lambda: shutil.rmtree(root),
        "pipe": lambda: become_pipe(file),
    }
    ways[damage]()


@pytest.mark.spec("store-verify")
def test_what_is_not_registered_is_found(store: Store) -> None:
    (store.physical_root / "stray").write_text("")

    assert [(fault.kind, fault.where) for fault in store.verify()] == [
        (FaultKind.UNKNOWN, str(store.physical_root / "stray"))
    ]


@pytest.mark.spec("store-verify")
def test_a_path_under_the_name_of_another_is_found(store: Store) -> None:
    path = store.add_tree("a", nodes(SAMPLE))
    other = StorePath("0" * 32, "a")
    store.physical(path).rename(store.physical(other))
    raw = sqlite3.connect(store.root / "db.sqlite")
    raw.execute("UPDATE paths SET base = ?", (other.base,))
    raw.commit()
    raw.close()

    assert [(fault.kind, fault.where) for fault in store.verify()] == [
        (FaultKind.NAME, other.text)
    ]


@pytest.mark.spec("store-verify")
def test_a_row_that_points_nowhere_is_found(store: Store) -> None:
    store.add_tree("a", nodes(SAMPLE))
    raw = sqlite3.connect(store.root / "db.sqlite")
    raw.execute("INSERT INTO refs SELECT id, 99 FROM paths")
    raw.commit()
    raw.close()

    assert [fault.kind for fault in store.verify()] == [FaultKind.DATABASE]


def test_a_damaged_path_is_made_again_after_quarantine(store: Store) -> None:
    path = store.add_tree("a", nodes(SAMPLE))
    harm(store.physical(path), "truncate")

    store.quarantine([path])

    assert not store.has(path)
    assert store.add_tree("a", nodes(SAMPLE)) == path
    assert store.verify() == []


def test_verifying_what_is_not_there_says_so(store: Store) -> None:
    with pytest.raises(PathNotFound) as caught:
        store.verify([StorePath("0" * 32, "a")])

    assert caught.value.path == f"/eka/store/{'0' * 32}-a"


@pytest.mark.spec("store-damage")
@pytest.mark.parametrize("damage", ["empty", "missing", "rubbish", "cut"])
def test_a_damaged_database_is_reported_and_nothing_is_lost(tmp_path: Path, damage: str) -> None:
    root = tmp_path / "s"
    with Store.open(root, durable=False) as store:
        kept = [store.add_tree(f"t{number}", nodes(SAMPLE)) for number in range(200)]
    file = root / "db.sqlite"
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        half = len(data) // 2
        file.write_bytes({"empty": b"", "rubbish": b"x" * 9999, "cut": data[:half]}[damage])

    with pytest.raises(StoreDamaged) as caught, Store.open(root, durable=False) as store:
        store.verify()

    assert caught.value.where == str(file)
    assert {entry.name for entry in (root / "store").iterdir()} == {path.base for path in kept}


def test_a_store_of_the_future_is_left_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False):
        pass
    raw = sqlite3.connect(tmp_path / "s" / "db.sqlite")
    raw.execute("PRAGMA user_version = 1000")
    raw.close()

    with pytest.raises(StoreTooNew) as caught:
        Store.open(tmp_path / "s")

    assert "found 1000" in caught.value.why


def test_a_file_where_the_store_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")

    with pytest.raises(StoreUnusable) as caught:
        Store.open(tmp_path / "s")

    assert caught.value.where == str(tmp_path / "s")
