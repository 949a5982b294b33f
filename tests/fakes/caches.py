"""Stores that built something, caches they pushed it to, and stores that take it from there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from eka.build import Demands, Realiser
from eka.build.caches import find_cache, find_sink
from eka.store import (
    ActionFinished,
    ActionInput,
    CacheTrouble,
    Plan,
    ReductionKind,
    Store,
    StorePath,
    action_id,
)
from eka.store.cache.documents import GZIP
from eka.store.cache.push import push
from eka.store.nix.keys import NixSecretKey
from eka.store_cli.push import sign_closure
from tests.fakes.sandbox import BrokenSandbox, NoDownloads
from tests.fakes.workbench import Workbench, plan_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from eka.build import Downloader, Sandbox
    from eka.store import Event, RunAction
    from eka.store.cache.push import Pushed

KEY = NixSecretKey.make("builder-1", b"\1" * 32)
OTHER_KEY = NixSecretKey.make("builder-2", b"\2" * 32)
RESOLVED = [ReductionKind.RESOLVED]


def three_actions(bench: Workbench, first: str = "echo one > $out/text") -> list[RunAction]:
    """Return three actions, each of which reads the one before it; the last refers to all."""
    below = ""
    actions: list[RunAction] = []
    for name in ("one", "two", "three"):
        inputs = {"below": ActionInput(below)} if below else {}
        env = {"below": "{{input:below}}"} if below else {}
        script = "cat $below/text > $out/text; echo $below $out > $out/paths" if below else first
        made = bench.script(f"mkdir $out; {script}", name=name, inputs=inputs, env=env)
        actions.append(made)
        below = action_id(made)
    return actions


def built(root: Path, key: NixSecretKey = KEY, first: str = "echo one > $out/text") -> Plan:
    """Build the three actions in a store, sign all of it, and return the plan."""
    with Store.open(root, durable=False) as store:
        bench = Workbench(store)
        plan = plan_of(*three_actions(bench, first))
        (path,) = bench.realiser.realise(plan).values()
        sign_closure(store, [path], key)
        store.keep("result", path)
    return plan


def pushed(root: Path, cache: Path | str, *, encoding: str = GZIP) -> Pushed:
    """Push what a store keeps as its result."""
    with Store.open(root, durable=False) as store:
        path = store.kept()["result"]
        with store.lease([path]):
            return push(store, find_sink(str(cache), root, {}, encoding=encoding), [path])


class Taker:
    """A store that has nothing, and what happened when it was told to realise something."""

    def __init__(
        self,
        store: Store,
        *caches: Path | str,
        sandbox: Sandbox | None = None,
        downloader: Downloader | None = None,
    ) -> None:
        self.store = store
        self.events: list[Event] = []
        self.realiser = Realiser(
            store,
            sandbox=sandbox or BrokenSandbox(),
            downloader=downloader or NoDownloads(),
            emit=self.events.append,
            jobs=2,
            caches=[find_cache(str(each), store.root, {}) for each in caches],
        )

    def take(self, plan: Plan, *, no_build: bool = False, check: bool = False) -> StorePath:
        """Realise a plan of one root."""
        (path,) = self.realiser.realise(plan, Demands(no_build=no_build, check=check)).values()
        return path

    @property
    def finished(self) -> dict[str, str]:
        """Name of each action that finished -> how."""
        return {
            event.name: event.outcome.value
            for event in self.events
            if isinstance(event, ActionFinished)
        }

    @property
    def troubles(self) -> list[tuple[str, str]]:
        """Cache and code of each trouble."""
        return [
            (event.cache, event.code) for event in self.events if isinstance(event, CacheTrouble)
        ]


@contextmanager
def taker(
    root: Path,
    *caches: Path | str,
    trusts: tuple[NixSecretKey, ...] = (KEY,),
    sandbox: Sandbox | None = None,
) -> Generator[Taker, None, None]:
    """Open a store that trusts keys and asks caches."""
    with Store.open(root, durable=False) as store:
        for key in trusts:
            store.trust(key.public, RESOLVED)
        yield Taker(store, *caches, sandbox=sandbox)
