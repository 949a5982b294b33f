"""What a loss of power, or a bad disk, leaves for those who come after it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from eka.store import Plan, Store, StoreDamaged
from eka.store.database import Database
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from pathlib import Path


def suspects(root: Path) -> int:
    raw = sqlite3.connect(root / "db.sqlite")
    (count,) = raw.execute("SELECT count(*) FROM paths WHERE boot IS NOT NULL").fetchone()
    raw.close()
    return int(count)


@pytest.mark.spec("store-power")
def test_what_another_process_added_since_the_boot_stays_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path, durable=False):
        pass
    raw = sqlite3.connect(tmp_path / "db.sqlite")
    raw.execute("UPDATE machine SET boot = 'before'")
    raw.commit()
    raw.close()
    asked = Database.last_boot

    def slow(database: Database) -> str:
        """Let another process open the store, and add to it, right after the question."""
        boot = asked(database)
        monkeypatch.setattr(Database, "last_boot", asked)
        if boot == "before":
            with Store.open(tmp_path, durable=False) as other:
                other.add_tree("new", nodes(b"x"))
        return boot

    monkeypatch.setattr(Database, "last_boot", slow)

    with Store.open(tmp_path, durable=False):
        assert suspects(tmp_path) == 1


@pytest.mark.parametrize(
    "damage", ["UPDATE paths SET kind = 'weird'", "UPDATE paths SET base = 'weird'"]
)
def test_a_row_that_makes_no_sense_is_damage(tmp_path: Path, damage: str) -> None:
    with Store.open(tmp_path, durable=False) as store:
        store.add_tree("mine", nodes(b"x"))
    raw = sqlite3.connect(tmp_path / "db.sqlite")
    raw.execute(damage)
    raw.commit()
    raw.close()

    with Store.open(tmp_path, durable=False) as store, pytest.raises(StoreDamaged):
        store.verify()


@pytest.mark.spec("plan-kept")
@pytest.mark.parametrize("lost", [b"", b'{"act'])
def test_a_plan_that_was_lost_with_the_power_can_be_put_again(tmp_path: Path, lost: bytes) -> None:
    plan = Plan({}, ())
    with Store.open(tmp_path, durable=False) as store:
        identity = store.plans.put(plan)
        file = tmp_path / "plans" / identity
        file.chmod(0o644)
        file.write_bytes(lost)

        assert store.plans.put(plan) == identity
        assert store.plans.read(identity) == plan.encode()


@pytest.mark.spec("plan-kept")
def test_a_plan_is_on_the_medium_when_the_store_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path, durable=False):
        pass
    synced: list[Path] = []
    monkeypatch.setattr("eka.store.keeping.sync_file_system", synced.append)

    with Store.open(tmp_path) as store:
        store.plans.put(Plan({}, ()))

    assert synced == [tmp_path]
