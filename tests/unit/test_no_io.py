"""The guard of the unit tests itself."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def write() -> None:
    Path("never-written").write_text("x", encoding="utf-8")


def create() -> None:
    os.open("never-written", os.O_CREAT | os.O_WRONLY, 0o600)


def start() -> None:
    subprocess.run(["true"], check=True)


def connect() -> None:
    with socket.socket() as plug:
        plug.connect(("127.0.0.1", 9))


def wrap() -> None:
    try:
        Path("never-made").mkdir()
    except Exception as error:
        raise AssertionError from error


@pytest.mark.parametrize("act", [write, create, start, connect, wrap])
def test_a_unit_test_that_does_io_fails(act: Callable[[], None], no_io: list[str]) -> None:
    with pytest.raises(AssertionError):
        act()

    assert len(no_io) == 1
    no_io.clear()


def test_reading_is_allowed(no_io: list[str]) -> None:
    text = Path(__file__).read_text(encoding="utf-8")

    assert text
    assert no_io == []
