"""Binary caches: a tree written into one, and taken from one, against Nix doing the same."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.build.nix_cache import DirectoryCache
from eka.build.nix_import import NixImport
from eka.build.nix_trust import NixTrust
from eka.store import Store
from eka.store.nix.path import NixPath
from eka.store.nix_view.export import NixExport
from tests.bench.ratio import Comparison, NotRun, compare
from tests.bench.stage import wall_s
from tests.bench.store import fill, fresh
from tests.fakes.nix import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = "experimental-features = nix-command\nbuild-users-group =\nsubstitute = false\n"


def measure() -> Iterator[Comparison | NotRun]:
    """Yield comparisons over one tree of 3000 files, nothing compressed."""
    if shutil.which("nix") is None:
        yield NotRun("binary caches / nix copy", "nix is not installed")
        return
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        fill(home / "tree")
        env = {"NIX_CONFIG": SETTINGS, "HOME": str(home), "PATH": os.environ["PATH"]}
        root, cache = ["--store", f"{home}/root"], home / "cache"
        wall_s(["nix-store", *root, "--add", str(home / "tree")], env=env)
        (path,) = (each for each in (home / "root/nix/store").iterdir() if each.name[0] != ".")
        nix = f"/nix/store/{path.name}"

        def their_export() -> float:
            to = f"file://{fresh(home / 'theirs')}?compression=none"
            return wall_s(["nix", "copy", *root, "--to", to, nix], env=env)

        def their_import() -> float:
            to = str(fresh(home / "target"))
            return wall_s(["nix", "copy", "--from", f"file://{cache}", "--to", to, nix], env=env)

        with Store.open(home / "store") as store:
            ours = store.add_path("tree", home / "tree")

            def our_export() -> float:
                # Another store each time would be fair to Nix; the digests are known to both.
                export = NixExport(store, fresh(cache), key=None, compression="none")
                started = time.perf_counter()
                export.write([ours], silent)
                return time.perf_counter() - started

            yield compare("NixExport.write / nix copy --to", our_export, their_export, rounds=7)

        def our_import() -> float:
            with Store.open(fresh(home / "into")) as into:
                taking = NixImport(into, DirectoryCache(cache), NixTrust())
                started = time.perf_counter()
                taking.fetch([NixPath.parse(nix)], silent)
                return time.perf_counter() - started

        yield compare("NixImport.fetch / nix copy --from", our_import, their_import, rounds=7)
