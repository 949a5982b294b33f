"""Export to and import from a binary cache, killed at any call: no reader finds half a path."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.build.nix_cache import DirectoryCache
from eka.build.nix_import import NixImport
from eka.build.nix_trust import NixTrust
from eka.store import Store
from eka.store.nix.narinfo import NarInfo
from eka.store.nix_view.export import NixExport
from tests.fakes.nix import silent
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EKA_STORE = Path(sys.executable).with_name("eka-store")
SEED = os.environ.get("KILL_SEED", "eka")
CALLS = "write,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,flock,link"
KILLED = -9


def run_killed(command: Sequence[object], call: tuple[str, int]) -> bool:
    """Run a program that dies when it makes a call for the n-th time; tell whether it did."""
    inject = f"inject={call[0]}:signal=KILL:when={call[1]}"
    words = ["strace", "-qq", "-o", os.devnull, "-e", inject, *map(str, command)]
    ran = subprocess.run(words, check=False, capture_output=True)
    assert ran.returncode in {0, KILLED, 137}, ran.stderr
    return ran.returncode != 0


def calls(command: Sequence[object], notes: Path) -> list[tuple[str, int]]:
    """Return the calls a program makes, each with how often it was made by then."""
    words = ["strace", "-qq", "-o", str(notes), "-e", f"trace={CALLS}", *map(str, command)]
    subprocess.run(words, check=True, capture_output=True)
    counts: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for line in notes.read_text(errors="replace").splitlines():
        name = line.partition("(")[0]
        counts[name] += 1
        found.append((name, counts[name]))
    return found


def import_all(cache: Path, root: Path) -> set[str]:
    """Import all that a cache describes; return the names of what came."""
    infos = [NarInfo.parse(file.read_bytes(), file.name) for file in cache.glob("*.narinfo")]
    with Store.open(root, durable=False) as store:
        found = NixImport(store, DirectoryCache(cache), NixTrust()).fetch(
            [info.path for info in infos], silent
        )
        assert store.verify() == []
    return {each.path.name for each in found}


@pytest.mark.spec("nix-export")
def test_a_killed_export_leaves_a_cache_that_can_be_read(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    chance = random.Random(SEED)
    with Store.open(tmp_path / "store") as store:
        library = store.add_tree("library", nodes(SAMPLE))
        program = store.add_tree("program", nodes({b"x": b"y"}), references=[library])
        store.add_root(tmp_path / "root", program)
        whole = NixExport(store, tmp_path / "whole", key=None, compression="none")
        wanted = {each.path.name for each in whole.write([program], silent)}

    def command(cache: Path) -> list[object]:
        words = ["nix-export", cache, program.text, "--compression", "none"]
        return [EKA_STORE, *words, "--store", tmp_path / "store"]

    found = calls(command(tmp_path / "counted"), tmp_path / "notes")
    for number in range(rounds(4, 150)):
        cache = tmp_path / f"cache-{number}"
        call = chance.choice(found)
        was_killed = run_killed(command(cache), call)
        print(f"round {number}: {call}, killed: {was_killed}")

        if (cache / "nix-cache-info").exists():
            # Whatever is described is there, with all it refers to.
            assert import_all(cache, tmp_path / f"part-{number}") <= wanted
        subprocess.run(list(map(str, command(cache))), check=True, capture_output=True)
        assert import_all(cache, tmp_path / f"all-{number}") == wanted


@pytest.mark.spec("nix-import")
def test_a_killed_import_leaves_a_whole_store_and_goes_on(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    chance, cache = random.Random(SEED), tmp_path / "cache"
    with Store.open(tmp_path / "store", durable=False) as store:
        library = store.add_tree("library", nodes(SAMPLE))
        program = store.add_tree("program", nodes({b"x": b"y"}), references=[library])
        export = NixExport(store, cache, key=None, compression="none")
        nix = export.write([program], silent)[-1].info.path

    def command(root: Path) -> list[object]:
        words = ["nix-import", cache, nix.text, "--root", f"{root}-link"]
        return [EKA_STORE, *words, "--store", root]

    found = calls(command(tmp_path / "counted"), tmp_path / "notes")
    for number in range(rounds(4, 150)):
        root = tmp_path / f"into-{number}"
        call = chance.choice(found)
        was_killed = run_killed(command(root), call)
        print(f"round {number}: {call}, killed: {was_killed}")

        with Store.open(root, durable=False) as store:
            assert store.verify() == []
        subprocess.run(list(map(str, command(root))), check=True, capture_output=True)
        with Store.open(root, durable=False) as store:
            assert set(store.closure([program])) == {library, program}
            assert store.verify() == []
