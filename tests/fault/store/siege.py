"""Adders, builders, collectors, readers, a server and its client, killed at random: what is lost?

What runs in the sandbox of a builder is killed as well: the builder must say so, and go on.

Run as ``python -m tests.fault.store.siege DIRECTORY ROUNDS SEED``; it prints one line of JSON for
each round. A process of its own, because it forks.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eka.errors import EkaError
from eka.store import GcLimits, PathNotFound, Store, StorePath, gc
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from eka.store_cli.operations import operation
from tests.fakes.workbench import Workbench, plan_of, rootfs_nodes
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import RawIOBase

# Loaded before anybody is forked: lives are short, and what helps to begin must not be struck.
rootfs_nodes()
for _name in ("serve", "realise", "keep", "roots"):
    operation(_name)
LIFE_S = 1.0  # of a round at most
ROUNDS_PER_STORE = 20  # verifying a store that only grows takes ever longer
UNLUCKY = 3  # exit status of one who saw something that must not be
STRIKES = 12  # at what runs in sandboxes, in each round
SCRIPT = "mkdir -p $out/bin; echo {} > $out/bin/x; echo $out > $out/self"


class Unlucky(Exception):
    """A download broke off."""


class GoneAway(Exception):
    """The server is no longer there."""


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
            try:
                path = bench.realise(bench.script(SCRIPT.format(actor.fresh())))
            except EkaError as error:
                actor.tell(struck=error.code)
                continue
            actor.tell(built=path.text)
            actor.hold(store, path)


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


def downloading(actor: Actor) -> None:
    """Leave files half done, take them up again, and finish some."""
    while True:
        with Store.open(actor.root) as store:
            wanted = f"{actor.chance.randrange(4):064x}"
            with suppress(Unlucky), store.unfinished(wanted, 10_000) as file:
                there = file.read()
                if there.strip(wanted[-1].encode()):
                    actor.tell(seen=[f"{wanted}: {there[:100]!r}"])
                    os._exit(UNLUCKY)
                for _ in range(actor.chance.randrange(10)):
                    file.write(wanted[-1].encode() * 100)
                if actor.chance.random() < 0.7:
                    raise Unlucky


def serving(actor: Actor) -> None:
    """Serve the store on a socket until the end."""
    console = Console(io.BytesIO(), io.StringIO(), io.StringIO())
    words = ["serve", "--socket", str(actor.home / "socket"), "--store", str(actor.root)]
    status = dispatch(words, {"PATH": os.environ["PATH"], "HOME": str(actor.home)}, console)
    raise AssertionError(status)


def asking(actor: Actor) -> None:
    """Let the server build, keep what came of it, and let the server keep it too."""
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as talk, Store.open(actor.root) as store:
                talk.connect(str(actor.home / "socket"))
                with talk.makefile("rwb", buffering=0) as lines:
                    lines.readline()  # hello
                    while True:
                        ask_once(actor, store, lines)
        except (OSError, ValueError, GoneAway):
            time.sleep(0.01)  # the server is not there yet, or was killed within a line


def ask_once(actor: Actor, store: Store, lines: RawIOBase) -> None:
    """Realise a plan through the server, with a root; then keep the output by name."""
    action = Workbench(store).script(SCRIPT.format(actor.fresh()))
    name, kept = actor.fresh(), actor.fresh()
    wanted = {"plan": "-", "root": str(actor.home / name)}
    plan = base64.b64encode(plan_of(action).encode()).decode()
    told = asked(actor, lines, {"op": "realise", "arguments": wanted, "input": plan})
    path = told["outputs"][0]["path"]
    actor.tell(link=name, path=path)
    asked(actor, lines, {"op": "keep", "arguments": {"name": kept, "path": path}})
    actor.tell(name=kept, path=path)


def asked(actor: Actor, lines: RawIOBase, request: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
    """Return the answer to a request; any error is bad luck."""
    lines.write(json.dumps({"id": 1, **request}).encode() + b"\n")
    while line := lines.readline():
        told = json.loads(line)
        if "error" in told:
            actor.tell(seen=[told["error"]])
            os._exit(UNLUCKY)
        if "answer" in told:
            return told["answer"]
    raise GoneAway


CAST: tuple[Callable[[Actor], None], ...] = (
    adding, adding, building, collecting, collecting, reading, downloading, serving, asking
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
    builders = [child for child, play in children.items() if play is building]
    strikes = [(chance.uniform(0.02, LIFE_S), 0) for _ in range(STRIKES)]
    moments = sorted([*((chance.uniform(0.02, LIFE_S), child) for child in children), *strikes])
    begun, wrong = time.monotonic(), list[str]()
    for moment_s, child in moments:
        time.sleep(max(0.0, begun + moment_s - time.monotonic()))
        if not child:
            strike(builders, chance)
            continue
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            wrong.append(f"{children[child].__name__} ended with {status}")
    return wrong


def strike(builders: list[int], chance: random.Random) -> None:
    """Kill one of the processes that the builders started."""
    found = [each for builder in builders for each in offspring(builder)]
    if found:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)


def offspring(pid: int) -> list[int]:
    """Return the processes that any thread of a process started, and theirs."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return [each for child in found for each in (child, *offspring(child))]


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
            "built": sum("built" in each for each in told),
            "asked": sum(each["by"].startswith("asking") for each in told),
            "struck": sum("struck" in each for each in told),
            "codes": sorted({each["struck"] for each in told if "struck" in each}),
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
