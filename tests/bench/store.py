"""Adding a tree to the store, against Nix where it is installed, else against a plain copy."""

from __future__ import annotations

import shutil
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.program import collect_seldom
from eka.store import Store
from eka.store.nix_view.remember import add_path_with_nar
from tests.bench.ratio import Comparison, NotRun, compare
from tests.bench.stage import EKA_STORE, wall_s

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 3000
LARGEST_BYTES = 1 << 16


def measure() -> Iterator[Comparison | NotRun]:
    """Yield comparisons over copies of Python's own library: sources, as most trees hold."""
    collect_seldom()  # as the program does
    # In memory, so that it is not the disk that is measured; there, syncing costs nothing.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        tree = home / "tree"
        size_mb = fill(tree) / 1e6
        what = f"{FILES} files, {size_mb:.0f} MB"

        def ours() -> float:
            store = fresh(home / "store")
            return wall_s([str(EKA_STORE), "add", str(tree), "--store", str(store)])

        def for_nix() -> float:
            words = ["add", str(tree), "--nar", "--store", str(fresh(home / "store"))]
            return wall_s([str(EKA_STORE), *words])

        def in_process() -> float:
            with Store.open(fresh(home / "store")) as store:
                started = time.perf_counter()
                add_path_with_nar(store, "tree", tree)
                return time.perf_counter() - started

        def copied() -> float:
            return wall_s(["cp", "-r", str(tree), str(fresh(home / "copy"))])

        yield compare(f"eka-store add / cp -r, {what}", ours, copied, rounds=7)
        if shutil.which("nix-store") is None:
            yield NotRun("eka-store add / nix-store --add", "nix-store is not installed")
            return

        def nix() -> float:
            store = fresh(home / "nix")
            env = {"NIX_STATE_DIR": f"{store}/state", "NIX_CONF_DIR": str(home), "HOME": str(home)}
            return wall_s(["nix-store", "--store", str(store), "--add", str(tree)], env=env)

        # Nix computes SHA-256 and size of the NAR; so do we here.
        name = f"eka-store add --nar / nix-store --add, {what}"
        yield compare(name, for_nix, nix, rounds=9)
        yield compare(
            "Store.add_path, NAR / nix-store --add", in_process, nix, rounds=9, at_most=0.5
        )


def fill(tree: Path) -> int:
    """Make a tree of `FILES` source files; return how many bytes they hold."""
    library = Path(sysconfig.get_path("stdlib"))
    sources = [
        file
        for file in sorted(library.rglob("*.py"))
        # Data in the shape of source would make the files of the tree twice as large as usual.
        if "site-packages" not in file.parts and file.stat().st_size <= LARGEST_BYTES
    ]
    size_bytes = made = 0
    while made < FILES:  # twice, if the library is small
        for source in sources[: FILES - made]:
            place = tree / f"copy-{made // len(sources)}" / source.relative_to(library)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
            size_bytes += place.stat().st_size
            made += 1
    return size_bytes


def fresh(path: Path) -> Path:
    """Return a path at which nothing is."""
    if path.exists():
        wall_s(["chmod", "-R", "u+w", str(path)])
        shutil.rmtree(path)
    return path
