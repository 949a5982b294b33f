"""Adders, builders, collectors and readers of one store, killed at random: what is lost?

Run as ``python -m tests.fault.store.siege DIRECTORY ROUNDS SEED``; it prints one line of JSON for
each round. A process of its own, because it forks.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eka.store import GcLimits, PathNotFound, Store, StorePath, gc
from tests.fakes.workbench import Workbench
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE_S = 0.7  # of a round at most
ROUNDS_PER_STORE = 20  # verifying a store that only grows takes ever longer
UNLUCKY = 3  # exit status of one who saw something that must not be


class Actor:
    """One process: a chance of its own, a file to tell things in."""

    def __init__(self, home: Path, name: str, seed: str) -> None:
        self.home = home
        self.root = home / "store"
        self.name = name
        self.chance = random.Random(seed)
        self._told = home / "told"
        self._count = 0

    def tell(self, **told: object) -> None:
        """Say something; what was said before a kill was acknowledged."""
        descriptor = os.open(self._told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, json.dumps({"by": self.name, **told}).encode() + b"\n")
        os.close(descriptor)

    def fresh(self) -> str:
        """Return a name nobody else has."""
        self._count += 1
        return f"{self.name}-{self._count}"

    def hold(self, store: Store, path: StorePath) -> None:
        """Make a root of a path, of one kind or the other; sometimes let an older one go."""
        name = self.fresh()
        if self.chance.random() < 0.5:
            store.add_root(self.home / name, path)
            self.tell(link=name, path=path.text)
        else:
            store.keep(name, path)
            self.tell(name=name, path=path.text)
        if self.chance.random() < 0.3:
            self.tell(dropped=name)
            (self.home / name).unlink(missing_ok=True)
            if name in store.kept():
                store.let_go(name)


def adding(actor: Actor) -> None:
    """Add a library and a program that refers to it, again and again."""
    while True:
        with Store.open(actor.root) as store:
            name = actor.fresh()
            library = store.add_tree("library", nodes({b"l": name.encode() * 500, b"d": SAMPLE}))
            tree = nodes(library.text.encode())
            path = store.add_tree(actor.chance.choice(["a", "b"]), tree, references=[library])
            actor.hold(store, path)


def building(actor: Actor) -> None:
    """Build something in the sandbox, again and again."""
    while True:
        with Store.open(actor.root) as store:
            bench = Workbench(store)
            script = f"mkdir -p $out/bin; echo {actor.fresh()} > $out/bin/x; echo $out > $out/self"
            actor.hold(store, bench.realise(bench.script(script)))


def collecting(actor: Actor) -> None:
    """Collect garbage, again and again, in small steps."""
    gc.BATCH = actor.chance.choice([1, 2, 500])
    while True:
        limits = actor.chance.choice([GcLimits(), GcLimits(max_size_bytes=100_000)])
        with Store.open(actor.root) as store:
            store.gc(limits)


def reading(actor: Actor) -> None:
    """Look at whatever is there: it must be whole."""
    while True:
        with Store.open(actor.root) as store:
            bases = [each.name for each in store.physical_root.iterdir()]
            for base in actor.chance.sample(bases, min(5, len(bases))):
                path = StorePath.parse(base)
                try:
                    with store.lease([path]):
                        faults = [str(each) for each in store.verify(store.closure([path]))]
                except PathNotFound:
                    continue  # collected, or not acknowledged yet
                if faults:
                    actor.tell(seen=faults)
                    os._exit(UNLUCKY)


CAST: tuple[Callable[[Actor], None], ...] = (
    adding, adding, building, collecting, collecting, reading
)  # fmt: skip


def start(play: Callable[[Actor], None], actor: Actor) -> int:
    """Play in a process of its own; return its id."""
    child = os.fork()
    if child:
        return child
    try:
        play(actor)
    except BaseException:  # noqa: BLE001 - it must end here, whatever happens
        actor.tell(failed=traceback.format_exc())
    os._exit(1)


def besiege(home: Path, seed: str) -> list[str]:
    """Let all play at once and kill each at a moment of its own; return how they ended."""
    chance = random.Random(seed)
    children = {
        start(play, Actor(home, f"{play.__name__}{number}-{seed}", f"{seed}-{number}")): play
        for number, play in enumerate(CAST)
    }
    moments = sorted((chance.uniform(0.02, LIFE_S), child) for child in children)
    begun, wrong = time.monotonic(), list[str]()
    for moment_s, child in moments:
        time.sleep(max(0.0, begun + moment_s - time.monotonic()))
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            wrong.append(f"{children[child].__name__} ended with {status}")
    return wrong


def examine(home: Path) -> dict[str, Any]:
    """Return what is wrong with the store, and how much of it is needed."""
    told = [json.loads(line) for line in (home / "told").read_text().splitlines()]
    dropped = {each["dropped"] for each in told if "dropped" in each}
    needed = {
        each.get("link") or each.get("name"): StorePath.parse(each["path"])
        for each in told
        if "path" in each
    }
    root = home / "store"
    with Store.open(root) as store:
        before = missing(store, needed, dropped)
        store.gc()  # the next run continues
        return {
            "lost": [*before, *missing(store, needed, dropped)],
            "faults": [str(fault) for fault in store.verify()],
            "left": left_behind(root),
            "seen": [each for each in told if "seen" in each or "failed" in each],
            "held": len(needed) - len(dropped),
        }


def left_behind(root: Path) -> list[str]:
    """Return the files of the dead that those who open the store leave lying there.

    A child of a builder, killed between fork and exec, keeps its lock a moment longer.
    """
    found: list[str] = []
    for _ in range(50):
        found = [
            str(each.relative_to(root))
            for area in ("tmp", "trash")
            for each in (root / area).glob("*/*")
        ]
        if not found:
            break
        time.sleep(0.1)
        with Store.open(root):
            pass
    return found


def missing(store: Store, needed: dict[str, StorePath], dropped: set[str]) -> list[str]:
    """Return the roots that do not lead to a whole closure."""
    found: list[str] = []
    for name, path in needed.items():
        if name in dropped:
            continue
        try:
            store.closure([path])
        except PathNotFound as error:
            found.append(f"{name}: {error}")
    return found


def main(words: list[str]) -> None:
    """Play the rounds."""
    base, rounds, seed = Path(words[0]), int(words[1]), words[2]
    for number in range(rounds):
        home = base / f"home{number // ROUNDS_PER_STORE}"
        home.mkdir(exist_ok=True)
        (home / "told").touch()
        ends = besiege(home, f"{seed}-{number}")
        print(json.dumps({"round": number, "ends": ends, **examine(home)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
