"""A push or a substitution that is killed at any moment leaves all as it should be."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, FileNode, Reduction, Store, StorePath
from eka.store.cache.directory import DirectoryFiles
from eka.store.cache.reading import Cache
from eka.store.cache.receive import received
from tests.fakes.caches import KEY, RESOLVED, built, pushed

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[3]
FLOORS, FILES = 12, 20
ACTION = "a" * 64
PROGRAM = [sys.executable, "-m", "eka.store_cli"]


def tower(root: Path) -> list[StorePath]:
    """Add paths that refer each to the one before, and what led to the last; return them."""
    paths: list[StorePath] = []
    with Store.open(root, durable=False) as store:
        for number in range(FLOORS):
            below = paths[-1:]
            text = "".join(path.text for path in below).encode()
            files = [
                FileNode((f"{n}".encode(),), executable=False, chunks=(b"%d" % n + text,))
                for n in range(FILES)
            ]
            paths.append(
                store.add_tree(f"floor-{number}", [DirNode(()), *files], references=below)
            )
        store.record(Reduction("resolved", f"{ACTION}!out", paths[-1].base, evidence="x"))
        store.sign_reduction(store.reduce("resolved", f"{ACTION}!out")[0], KEY)
        store.keep("result", paths[-1])
    return paths


def run(words: list[str]) -> float:
    began = time.monotonic()
    subprocess.run([*PROGRAM, *words], cwd=CHECKOUT, check=True, capture_output=True)
    return time.monotonic() - began


def kill_after(words: list[str], seconds: float) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*PROGRAM, *words], cwd=CHECKOUT, **quiet) as it:  # type: ignore[call-overload]  # passed on
        time.sleep(seconds)
        it.send_signal(signal.SIGKILL)


def check_cache(directory: Path, paths: list[StorePath], scratch: Path) -> int:
    """Raise unless all that a cache has can be taken; return how many paths those are."""
    if not (directory / "eka-cache.json").exists():
        return 0
    cache = Cache(DirectoryFiles(directory))
    entries = cache.entries(paths)
    with Store.open(scratch, durable=False) as store:
        for number, path in enumerate(path for path in paths if path in entries):
            assert set(entries[path].references) <= entries.keys()
            place = store.staging("take") / str(number)
            entry = entries[path]
            staged = received(store, entry, cache.content(entry), place, "here")
            store.register_all([staged], lambda: None)
        assert store.verify() == []
    if cache.reductions([ACTION]):
        assert len(entries) == FLOORS
    return len(entries)


@pytest.mark.spec("cache-order")
def test_a_killed_push_leaves_a_cache_that_can_be_read_and_pushed_to(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    paths = tower(tmp_path / "here")
    words = ["--store", str(tmp_path / "here"), paths[-1].text]
    whole_s = run(["push", str(tmp_path / "measured"), *words])
    dice = random.Random(5)
    cache = tmp_path / "cache"

    for number in range(rounds(4, 60)):
        kill_after(["push", str(cache), *words], dice.uniform(0.3, 1.0) * whole_s)
        if check_cache(cache, paths, tmp_path / f"s{number}") == FLOORS:
            cache = tmp_path / f"cache-{number}"  # it was whole: begin anew
    run(["push", str(cache), *words])

    assert check_cache(cache, paths, tmp_path / "last") == FLOORS


@pytest.mark.spec("cache-checked")
def test_a_killed_substitution_leaves_a_store_that_goes_on(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    plan = built(tmp_path / "builder")
    pushed(tmp_path / "builder", tmp_path / "cache")
    (tmp_path / "plan").write_bytes(plan.encode())
    words = ["realise", str(tmp_path / "plan"), "--from", str(tmp_path / "cache"), "--no-build"]

    def trusting(name: str) -> Path:
        with Store.open(tmp_path / name, durable=False) as store:
            store.trust(KEY.public, RESOLVED)
        return tmp_path / name

    whole_s = run([*words, "--store", str(trusting("measured"))])
    dice = random.Random(6)

    for number in range(rounds(4, 60)):
        root = trusting(f"s{number}")
        kill_after([*words, "--store", str(root)], dice.uniform(0.4, 1.0) * whole_s)
        with Store.open(root, durable=False) as store:
            assert store.verify() == []
            for base in store.root.joinpath("store").iterdir():
                store.closure([StorePath.parse(base.name)])
        run([*words, "--store", str(root)])
        with Store.open(root, durable=False) as store:
            assert (store.info().paths, store.verify()) == (3, [])
