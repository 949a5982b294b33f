"""An import that is killed at any moment leaves all of its paths, or none."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, FileNode, Store, StorePath, export_stream

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[3]
PATHS, FILES = 20, 20


def tower(store: Store) -> StorePath:
    """Add paths that refer each to the one before; return the last."""
    below: StorePath | None = None
    for number in range(PATHS):
        files = [
            FileNode((f"{n}".encode(),), executable=False, chunks=(f"{number}.{n}".encode(),))
            for n in range(FILES)
        ]
        below = store.add_tree(
            f"floor-{number}", [DirNode(()), *files], references=[below] if below else []
        )
    assert below is not None
    return below


def seconds(command: list[str], **options: object) -> float:
    began = time.monotonic()
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, **options)  # type: ignore[call-overload]  # passed on
    return time.monotonic() - began


@pytest.mark.spec("stream-checked")
def test_a_killed_import_took_over_all_or_nothing(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    with Store.open(tmp_path / "here", durable=False) as store:
        top = tower(store)
        (tmp_path / "file").write_bytes(b"".join(export_stream(store, [top])))
    words = [sys.executable, "-m", "eka.store_cli", "import", str(tmp_path / "file"), "--store"]
    whole_s = seconds([*words, str(tmp_path / "measured")])
    dice = random.Random(8)

    seen: set[int] = set()
    for number in range(rounds(6, 200)):
        root = tmp_path / f"s{number}"
        with subprocess.Popen([*words, str(root)], cwd=CHECKOUT, stdout=subprocess.DEVNULL) as it:
            time.sleep(dice.uniform(0.3, 1.1) * whole_s)
            it.send_signal(signal.SIGKILL)
        with Store.open(root, durable=False) as store:
            seen.add(store.info().paths)
            assert store.verify() == []

    assert seen <= {0, PATHS}
    with Store.open(tmp_path / "measured", durable=False) as store:
        assert len(store.closure([top])) == PATHS
