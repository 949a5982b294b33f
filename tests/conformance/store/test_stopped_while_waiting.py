"""Ctrl-C while another process holds the lock of the store."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from eka.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


class Stopped(BaseException):
    """What Ctrl-C raises, but for the runner of the tests."""


def stop(_: int, __: FrameType | None) -> None:
    """Raise, as Python does for Ctrl-C."""
    raise Stopped


def test_whoever_is_stopped_while_waiting_can_still_write(tmp_path: Path) -> None:
    with Store.open(tmp_path, durable=False):
        pass
    other = sqlite3.connect(tmp_path / "db.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    database = Database(tmp_path / "db.sqlite")
    before = signal.signal(signal.SIGALRM, stop)

    def release() -> None:
        time.sleep(0.3)
        other.execute("ROLLBACK")

    releasing = threading.Thread(target=release)
    releasing.start()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(Stopped), database.write():
            pytest.fail("it was stopped before it could begin")

        with database.write():
            database.query("UPDATE machine SET boot = 'after'")
        assert database.last_boot() == "after"
    finally:
        signal.signal(signal.SIGALRM, before)
        releasing.join()
        database.close()
        other.close()
