"""Asking a server of the store, and carrying paths elsewhere, against the program and Nix."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.store import Store
from tests.bench.ratio import Comparison, NotRun, compare
from tests.bench.stage import EKA_STORE, wall_s
from tests.fakes.store_server import over_stdio

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 1500
FILE_BYTES = 6000


def measure() -> Iterator[Comparison | NotRun]:
    """Yield comparisons over a tree of small files, in memory."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        (home / "tree").mkdir()
        for number in range(FILES):
            (home / "tree" / str(number)).write_bytes(str(number).encode() * (FILE_BYTES // 4))
        with Store.open(home / "store") as store:
            path = store.add_path("tree", home / "tree")
            store.add_root(home / "kept", path)
        yield _asking(home, path.text)
        yield _carrying(home, path.text)


def _asking(home: Path, path: str) -> Comparison:
    words = [str(EKA_STORE), "path-info", path, "--json", "--store", str(home / "store")]
    with over_stdio(home / "store") as talk:

        def asked() -> float:
            began = time.perf_counter()
            talk.ask("path-info", paths=[path])
            return time.perf_counter() - began

        name = "path-info of a server / of the program"
        return compare(name, asked, lambda: wall_s(words), rounds=9, at_most=0.2)


def _carrying(home: Path, path: str) -> Comparison | NotRun:
    name = f"export and import of {FILES} files / with nix-store"
    if shutil.which("nix-store") is None:
        return NotRun(name, "nix-store is not installed")
    nix = ["nix-store", "--option", "build-users-group", "", "--store"]
    there = subprocess.run(
        [*nix, str(home / "nix"), "--add", str(home / "tree")],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip

    def ours() -> float:
        _forget(home / "other")
        file, at = str(home / "file"), ["--store", str(home / "store")]
        out = wall_s([str(EKA_STORE), "export", path, "-o", file, *at])
        return out + wall_s([str(EKA_STORE), "import", file, "--store", str(home / "other")])

    def theirs() -> float:
        _forget(home / "nix-other")
        began = time.perf_counter()
        out = subprocess.run(
            [*nix, str(home / "nix"), "--export", there], check=True, capture_output=True
        ).stdout
        words = [*nix, str(home / "nix-other"), "--option", "require-sigs", "false", "--import"]
        subprocess.run(words, input=out, check=True, capture_output=True)
        return time.perf_counter() - began

    return compare(name, ours, theirs, rounds=5)


def _forget(root: Path) -> None:
    if root.exists():
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=True)
        shutil.rmtree(root)
