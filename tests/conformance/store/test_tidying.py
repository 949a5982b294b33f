"""What lies beside the paths, unfinished downloads and old runs: kept for a while."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, GcLimits, LogFile, RunOutcome, Store, StorePath
from eka.store import unfinished as unfinished_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.store import Run

HASH = "ab" * 32
WEEK_S = 7 * 24 * 3600
EVERYTHING = 1 << 60


class Broken(Exception):
    """A download broke off."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "s", durable=False) as store:
        yield store


def leave(store: Store, data: bytes, sha256: str = HASH) -> None:
    """Let a download break off after it got ``data``."""

    def download() -> None:
        with store.unfinished(sha256, 1000) as file:
            file.seek(0, 2)
            file.write(data)
            raise Broken

    with pytest.raises(Broken):
        download()


def left(store: Store) -> list[Path]:
    return sorted((store.root / "unfinished").iterdir())


@pytest.mark.spec("fetch-unfinished")
def test_what_came_stays_until_the_file_is_whole(store: Store) -> None:
    leave(store, b"one")
    leave(store, b"two")

    with store.unfinished(HASH, 1000) as file:
        found = file.read()

    assert found == b"onetwo"
    assert left(store) == []


@pytest.mark.spec("fetch-unfinished")
def test_it_is_no_path_and_nobody_else_s(store: Store) -> None:
    leave(store, b"one")

    (file,) = left(store)

    assert file.name == f"{HASH}-1000"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(store.physical_root.iterdir()) == []
    assert store.verify() == []


@pytest.mark.spec("fetch-unfinished")
def test_nothing_is_kept_of_what_brought_nothing(store: Store) -> None:
    leave(store, b"")

    assert left(store) == []


@pytest.mark.spec("fetch-unfinished")
def test_another_size_is_another_file(store: Store) -> None:
    leave(store, b"one")

    with store.unfinished(HASH, 999) as file:
        assert file.read() == b""


@pytest.mark.spec("fetch-unfinished")
def test_two_at_once_do_not_disturb_each_other(store: Store) -> None:
    leave(store, b"one")

    with Store.open(store.root, durable=False) as other, store.unfinished(HASH, 1000) as first:
        leave(other, b"mine")
        with store.unfinished(HASH, 1000) as third:
            assert third.read() == b""
        assert first.read() == b"one"

    assert left(store) == []


@pytest.mark.spec("fetch-unfinished")
def test_what_has_not_grown_for_a_week_goes_with_the_next_download(store: Store) -> None:
    leave(store, b"old", "00" * 32)
    leave(store, b"new", "11" * 32)
    old, new = left(store)
    os.utime(old, (0, new.stat().st_mtime - WEEK_S - 10))
    os.utime(new, (0, new.stat().st_mtime - WEEK_S + 100))

    leave(store, b"")

    assert left(store) == [new]


@pytest.mark.spec("fetch-unfinished")
def test_on_a_disk_that_is_short_of_room_nothing_unfinished_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(store, b"one", "00" * 32)

    def is_short_of_room(root: Path) -> bool:
        return root == store.root

    monkeypatch.setattr(unfinished_module, "is_short_of_room", is_short_of_room)

    leave(store, b"two")

    assert left(store) == []


@pytest.mark.spec("fetch-unfinished")
def test_a_collection_takes_what_nobody_goes_on_with(store: Store) -> None:
    leave(store, b"idle", "00" * 32)

    with store.unfinished(HASH, 1000) as busy:
        busy.write(b"busy")
        dry = store.gc(dry_run=True).tidied
        kept = store.gc(GcLimits(keep_since=0)).tidied
        done = store.gc().tidied

        assert (dry.unfinished, dry.unfinished_bytes) == (1, 4)
        assert kept.unfinished == 0
        assert done == dry
        assert [file.name for file in left(store)] == [f"{HASH}-1000"]


def ran(store: Store, name: str, outcome: RunOutcome = RunOutcome.BUILT, *, makes: bool) -> Run:
    """Note a run with a log; it may have made a path of its own."""
    run = store.runs.begin("1" * 64, name, "run", has_log=True)
    assert run.log is not None
    with LogFile(run.log) as log:
        log.write(b"said")
    path = store.add_tree(f"{name}-{run.number}", [DirNode(())])
    store.runs.end(run, outcome, 1.0, [path] if makes else [])
    return run


def age(store: Store) -> None:
    """Let all runs have begun long ago."""
    with closing(sqlite3.connect(store.root / "db.sqlite")) as database, database:
        database.execute("UPDATE runs SET began = 1000")


@pytest.mark.spec("run-forget")
def test_runs_stay_that_made_what_is_there_or_tell_how_long_it_takes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        kept = ran(store, "thing", makes=True)
        (base,) = store.runs.outputs(kept)
        gone = [ran(store, "thing", makes=True), ran(store, "thing", makes=False)]
        last = ran(store, "thing", makes=True)
        failed = ran(store, "thing", RunOutcome.FAILED, makes=False)
        age(store)
        new = ran(store, "other", RunOutcome.FAILED, makes=False)
        store.keep("kept", StorePath.parse(base))
    with Store.open(tmp_path / "s", durable=False) as store:
        dry = store.gc(dry_run=True)
        before = {run.number for run in store.runs.recent()}
        done = store.gc()

        assert dry.tidied == done.tidied
        assert done.tidied.runs == 3
        assert done.tidied.log_bytes > 0
        assert len(before) == 6
        assert {run.number for run in store.runs.recent()} == {
            kept.number, last.number, new.number
        }  # fmt: skip
        for run in (*gone, failed):
            assert run.log is not None
            assert not run.log.exists()
        assert kept.log is not None
        assert kept.log.exists()
        assert store.runs.expected_s(["thing"]) == {"thing": 1.0}
        assert store.gc().tidied.runs == 0


@pytest.mark.spec("run-forget")
def test_runs_since_the_time_that_paths_are_kept_since_stay(store: Store) -> None:
    ran(store, "thing", RunOutcome.FAILED, makes=False)
    age(store)

    assert store.gc(GcLimits(keep_since=1000)).tidied.runs == 0
    assert store.gc(GcLimits(keep_since=1001)).tidied.runs == 1
    ran(store, "thing", RunOutcome.FAILED, makes=False)
    assert store.gc().tidied.runs == 0
    assert store.gc(GcLimits(keep_since=EVERYTHING)).tidied.runs == 1


@pytest.mark.spec("run-forget")
def test_logs_of_no_run_go_and_files_that_are_no_logs_stay(store: Store) -> None:
    run = ran(store, "thing", RunOutcome.FAILED, makes=False)
    stray, note = store.root / "log" / "stray.log.gz", store.root / "log" / "note"
    stray.write_bytes(b"1234")
    note.touch()

    assert store.gc(dry_run=True).tidied.log_bytes == 4
    assert stray.exists()
    assert store.gc().tidied.log_bytes == 4
    assert run.log is not None
    assert sorted((store.root / "log").iterdir()) == sorted([run.log, note])
