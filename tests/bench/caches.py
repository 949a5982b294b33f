"""Native binary caches: a tree pushed to one, and taken from one, against Nix doing the same."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.build.cache_closures import Closures
from eka.build.cache_sources import Source
from eka.build.caches import find_cache
from eka.store import Store
from eka.store.cache.directory import DirectorySink
from eka.store.cache.documents import GZIP, PLAIN
from eka.store.cache.push import push
from tests.bench.nix_caches import SETTINGS
from tests.bench.ratio import Comparison, NotRun, compare
from tests.bench.stage import wall_s
from tests.bench.store import fill, fresh
from tests.fakes.nix import silent
from tests.servers.nix_cache import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.store import StorePath

ROUNDS = 5
ENCODINGS = {PLAIN: "none", GZIP: "gzip"}  # what Nix calls them


def measure() -> Iterator[Comparison | NotRun]:
    """Yield comparisons over one tree of 1500 files, plain and compressed, and over HTTP."""
    if shutil.which("nix") is None:
        yield NotRun("caches / nix copy", "nix is not installed")
        return
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        fill(home / "all")
        (home / "all" / "copy-0").rename(home / "tree")
        env = {"NIX_CONFIG": SETTINGS, "HOME": str(home), "PATH": os.environ["PATH"]}
        wall_s(["nix-store", "--store", f"{home}/root", "--add", str(home / "tree")], env=env)
        nix_store = (home / "root/nix/store").iterdir()
        (theirs,) = (each.name for each in nix_store if each.name[0] != ".")
        with Store.open(home / "store", durable=False) as store:
            ours = store.add_path("tree", home / "tree")
            for encoding in ENCODINGS:
                yield from _compared(home, store, ours, f"/nix/store/{theirs}", env, encoding)


def _compared(
    home: Path, store: Store, ours: StorePath, theirs: str, env: dict[str, str], encoding: str
) -> Iterator[Comparison]:
    root = ["--store", f"{home}/root"]
    url = f"file://{home}/theirs?compression={ENCODINGS[encoding]}"
    word = f"{encoding}, nix copy --%s"

    def push_ours(*, anew: bool = True) -> float:
        sink = DirectorySink(fresh(home / "ours") if anew else home / "ours", encoding=encoding)
        started = time.perf_counter()
        push(store, sink, [ours])
        return time.perf_counter() - started

    def push_theirs(*, anew: bool = True) -> float:
        if anew:
            fresh(home / "theirs")
        return wall_s(["nix", "copy", *root, "--to", url, theirs], env=env)

    yield compare(f"push / {word % 'to'}", push_ours, push_theirs, rounds=ROUNDS, at_most=1)
    yield compare(
        f"push again / {word % 'to'}",
        lambda: push_ours(anew=False),
        lambda: push_theirs(anew=False),
        rounds=ROUNDS,
        at_most=0.2,
    )

    def take_ours(cache: str) -> float:
        with Store.open(fresh(home / "into"), durable=False) as into:
            source = Source(find_cache(cache, home, {}), silent)
            closures = Closures(into, [source], silent, lambda: False)
            started = time.perf_counter()
            closures.bring(closures.locate({ours: "tree"}), [ours])
            took_s = time.perf_counter() - started
            if not into.has(ours):
                raise AssertionError(cache)
            return took_s

    def take_theirs(cache: str) -> float:
        to = str(fresh(home / "target"))
        return wall_s(["nix", "copy", "--from", cache, "--to", to, theirs], env=env)

    yield compare(
        f"take / {word % 'from'}",
        lambda: take_ours(f"{home}/ours"),
        lambda: take_theirs(f"file://{home}/theirs"),
        rounds=ROUNDS,
    )
    with served(home / "ours") as here, served(home / "theirs") as there:
        yield compare(
            f"take over HTTP / {word % 'from'}",
            lambda: take_ours(here),
            lambda: take_theirs(there),
            rounds=ROUNDS,
        )
