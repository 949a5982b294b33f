"""What it costs to be sure that a tree is on the medium: three ways, on a real disk.

docs/adr/0042-one-wait-for-the-medium.md rests on this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.store import Store
from eka.store.files import sync_file_system
from tests.bench.ratio import Comparison, NotRun, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 1_000
MEMORY = {"tmpfs", "ramfs"}


def measure() -> Iterator[Comparison | NotRun]:
    """Yield comparisons over a tree of a thousand small files; waiting is what is measured."""
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir="/var/tmp") as scratch:
        home = Path(scratch)
        if _kind_of(home) in MEMORY:
            yield NotRun("waiting for the medium", "/var/tmp is in memory")
            return
        tree = home / "tree"
        tree.mkdir()
        library = Path(sysconfig.get_path("stdlib"))
        for number, file in enumerate(sorted(library.rglob("*.py"))[:FILES]):
            shutil.copyfile(file, tree / f"{number}.py")

        def waiting_once() -> float:
            return _add(home, tree, durable=True)

        def not_waiting() -> float:
            return _add(home, tree, durable=False)

        def waiting_for_each() -> float:
            added_s = _add(home, tree, durable=False)
            begun = time.perf_counter()
            for directory, _, names in os.walk(home / "store" / "store"):
                for name in [".", *names]:
                    descriptor = os.open(os.path.join(directory, name), os.O_RDONLY)  # noqa: PTH118
                    os.fsync(descriptor)
                    os.close(descriptor)
            return added_s + time.perf_counter() - begun

        yield compare("one wait / none, 1 000 files", waiting_once, not_waiting, rounds=7)
        yield compare(
            "one wait / a wait for each, 1 000 files", waiting_once, waiting_for_each,
            rounds=5, at_most=1,
        )  # fmt: skip


def _add(home: Path, tree: Path, *, durable: bool) -> float:
    """Add the tree to a fresh store; return the seconds it took.

    What earlier rounds wrote is on the medium before.
    """
    store = home / "store"
    if store.exists():
        subprocess.run(["chmod", "-R", "u+w", str(store)], check=True)
        shutil.rmtree(store)
        sync_file_system(home)
    begun = time.perf_counter()
    with Store.open(store, durable=durable) as opened:
        opened.add_path("tree", tree)
    return time.perf_counter() - begun


def _kind_of(path: Path) -> str:
    """Return the type of the file system of a directory."""
    found = ""
    longest = -1
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split(" ")
        if path.is_relative_to(place) and len(place) > longest:
            found, longest = kind, len(place)
    return found
