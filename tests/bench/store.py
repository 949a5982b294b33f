"""Adding a tree to the store, against Nix where it is installed, else against a plain copy."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.store import Store
from tests.bench.ratio import Comparison, compare
from tests.bench.stage import wall_s

if TYPE_CHECKING:
    from collections.abc import Iterator

EKA_STORE = Path(sys.executable).with_name("eka-store")


def measure() -> Iterator[Comparison]:
    """Yield comparisons over a copy of Python's own library, some thousand small files."""
    # In memory, so that it is not the disk that is measured; there, syncing costs nothing.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        tree = home / "tree"
        library = Path(sysconfig.get_path("stdlib"))
        ignored = shutil.ignore_patterns("__pycache__", "site-packages", "test", "tests")
        shutil.copytree(library, tree, ignore=ignored, symlinks=True)
        files = sum(path.is_file() for path in tree.rglob("*"))

        def ours() -> float:
            store = _fresh(home / "store")
            return wall_s([str(EKA_STORE), "add", str(tree), "--store", str(store)])

        def in_process() -> float:
            with Store.open(_fresh(home / "store")) as store:
                started = time.perf_counter()
                store.add_path("tree", tree)
                return time.perf_counter() - started

        def copied() -> float:
            return wall_s(["cp", "-r", str(tree), str(_fresh(home / "copy"))])

        yield compare(f"eka-store add / cp -r, {files} files", ours, copied, rounds=7)
        if shutil.which("nix-store") is None:
            print("  nix-store is not installed: no comparison with it", flush=True)
            return

        def nix() -> float:
            store = _fresh(home / "nix")
            env = {"NIX_STATE_DIR": f"{store}/state", "NIX_CONF_DIR": str(home), "HOME": str(home)}
            return wall_s(["nix-store", "--store", str(store), "--add", str(tree)], env=env)

        yield compare(f"eka-store add / nix-store --add, {files} files", ours, nix, rounds=7)
        yield compare("Store.add_path / nix-store --add", in_process, nix, rounds=7, at_most=0.5)


def _fresh(path: Path) -> Path:
    if path.exists():
        wall_s(["chmod", "-R", "u+w", str(path)])
        shutil.rmtree(path)
    return path
