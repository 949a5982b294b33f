"""Processes of the machine that tests look for, and waiting for them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 300  # against waiting for ever; nothing is measured


def sleepers(seconds: str) -> list[int]:
    """Return the processes that are exactly ``sleep SECONDS``, whoever started them."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:  # it ended meanwhile
                continue
            if line == f"sleep\0{seconds}\0".encode():
                found.append(int(entry.name))
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
