"""One plan on its way: what is needed, in which order, and who does it when."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from eka.build.compare import first_difference
from eka.build.errors import BuildInterrupted, NonDeterministic
from eka.build.memory import Memory
from eka.build.perform import Work
from eka.checking import TYPE_CHECKING
from eka.store import (
    ActionFinished,
    ActionStarted,
    FetchAction,
    Outcome,
    PathAdded,
    PathNotFound,
    RunAction,
    TreeInput,
    resolved_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from eka.build.perform import Workshop
    from eka.store import Plan, StorePath

Outputs = dict[str, "StorePath"]
FETCHES = 4  # downloads at once, beside the builds
EVIDENCE = "bubblewrap"
_PATIENCE_S = 30.0  # for threads to end after they were told to


@dataclass(slots=True)
class _Crew:
    """The threads at work; results come back through one queue."""

    room: dict[bool, int]  # free places, for fetches (True) and builds (False)
    threads: list[threading.Thread] = field(default_factory=list[threading.Thread])


class Realisation:
    """Realises one plan; used once.

    Args:
        plan: What to make.
        workshop: Performs single actions.
        leases: Receives the leases of outputs that are there already.
        jobs: Builds at once.
    """

    def __init__(self, plan: Plan, workshop: Workshop, leases: ExitStack, jobs: int) -> None:
        self._plan = plan
        self._workshop = workshop
        self._store = workshop.store
        self._memory = Memory(workshop.store)
        self._leases = leases
        self._leasing = threading.Lock()
        self._crew = _Crew({True: FETCHES, False: jobs})
        self._results: queue.SimpleQueue[tuple[str, Outputs | BaseException]] = queue.SimpleQueue()
        self._outputs: dict[str, Outputs] = {}

    def run(self, *, check: bool) -> Mapping[str, Outputs]:
        """Return the outputs of every action that had to be looked at."""
        checked = self._checked() if check else []
        needed = self._needed(frozenset(checked))
        try:
            self._perform_all(needed)
            for identity in checked:
                self._check(identity)
        except BaseException:
            self._stop()
            raise
        self._workshop.cancellation.close()
        return self._outputs

    def _checked(self) -> list[str]:
        roots = dict.fromkeys(root.action for root in self._plan.roots)
        return [each for each in roots if isinstance(self._plan.actions[each], RunAction)]

    def _needed(self, checked: frozenset[str]) -> list[str]:
        """Return the actions to perform, each after its inputs.

        What an action was before is known without its inputs being there, so an output that
        still exists needs nothing below it: no network and no sandbox.
        """
        order = self._plan.order()
        past: dict[str, Outputs] = {}
        for identity in order:
            recalled = self._recall(identity, past)
            if recalled is not None:
                past[identity] = recalled
        wanted = {root.action for root in self._plan.roots}
        needed: list[str] = []
        for identity in reversed(order):
            if identity not in wanted:
                continue
            known = past.get(identity)
            if known is not None and self._hold(known):
                self._outputs[identity] = known
                self._finished(identity, known, Outcome.CACHED)
                if identity not in checked:
                    continue
            else:
                needed.append(identity)
            wanted.update(self._below(identity))
        return needed[::-1]

    def _recall(self, identity: str, past: Mapping[str, Outputs]) -> Outputs | None:
        if not all(below in past for below in self._below(identity)):
            return None
        action = self._plan.actions[identity]
        return self._memory.recall(
            resolved_name(action, self._inputs(identity, past)), action.outputs
        )

    def _below(self, identity: str) -> set[str]:
        inputs = self._plan.actions[identity].inputs.values()
        return {wanted.action for wanted in inputs if not isinstance(wanted, TreeInput)}

    def _inputs(self, identity: str, outputs: Mapping[str, Outputs]) -> dict[str, StorePath]:
        return {
            name: wanted.path
            if isinstance(wanted, TreeInput)
            else outputs[wanted.action][wanted.output]
            for name, wanted in self._plan.actions[identity].inputs.items()
        }

    def _hold(self, outputs: Outputs) -> bool:
        """Keep outputs from garbage collection; False when one is gone."""
        try:
            with self._leasing:
                self._leases.enter_context(self._store.lease(outputs.values()))
        except PathNotFound:
            return False
        return True

    def _perform_all(self, needed: list[str]) -> None:
        waiting = dict.fromkeys(needed)
        left = len(needed)
        while left:
            self._start(waiting)
            identity, result = self._results.get()
            if isinstance(result, BaseException):
                raise result
            self._outputs[identity] = result
            self._crew.room[self._is_fetch(identity)] += 1
            left -= 1

    def _start(self, waiting: dict[str, None]) -> None:
        """Start what has its inputs, as long as there is room."""
        for identity in list(waiting):
            place = self._is_fetch(identity)
            ready = all(below in self._outputs for below in self._below(identity))
            if ready and self._crew.room[place]:
                self._crew.room[place] -= 1
                del waiting[identity]
                # A daemon: one that waits for another process must not keep this one alive.
                thread = threading.Thread(target=self._work, args=(identity,), daemon=True)
                self._crew.threads.append(thread)
                thread.start()

    def _is_fetch(self, identity: str) -> bool:
        return isinstance(self._plan.actions[identity], FetchAction)

    def _work(self, identity: str) -> None:
        try:
            self._results.put((identity, self._realise(identity)))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._results.put((identity, error))

    def _realise(self, identity: str) -> Outputs:
        work = self._prepare(identity)
        with self._store.lock(f"action {work.resolved}"):
            # Another process may have done it while this one waited for the lock.
            known = self._memory.recall(work.resolved, work.action.outputs)
            if known is not None and self._hold(known):
                self._finished(identity, known, Outcome.CACHED)
                return known
            return self._make(work)

    def _make(self, work: Work) -> Outputs:
        if self._workshop.cancellation.is_set:
            raise BuildInterrupted(work.action.name)
        self._workshop.emit(ActionStarted(work.identity, work.action.name, work.action.kind))
        with self._store.lease(work.inputs.values()):
            made = self._workshop.perform(work)
        self._memory.record(work.resolved, made, EVIDENCE)
        for path in made.values():
            self._workshop.emit(PathAdded(path, self._store.path_info(path).size_bytes))
        self._finished(work.identity, made, Outcome.BUILT)
        return made

    def _prepare(self, identity: str) -> Work:
        action = self._plan.actions[identity]
        inputs = self._inputs(identity, self._outputs)
        return Work(identity, action, inputs, resolved_name(action, inputs))

    def _check(self, identity: str) -> None:
        """Perform an action again; both outcomes are kept when they differ."""
        work = self._prepare(identity)
        before = self._outputs[identity]
        with self._store.lock(f"action {work.resolved}"):
            again = self._make(work)
        for output, first in before.items():
            second = again[output]
            if first != second:
                differs = first_difference(self._store, first, second)
                raise NonDeterministic(
                    work.action.name, first=first.text, second=second.text, differs=differs
                )

    def _finished(self, identity: str, outputs: Outputs, outcome: Outcome) -> None:
        name = self._plan.actions[identity].name
        paths = tuple(sorted(outputs.items()))
        self._workshop.emit(ActionFinished(identity, name, outcome, paths))

    def _stop(self) -> None:
        """End what runs; a thread that waits for another process is left behind."""
        self._workshop.cancellation.set()
        deadline = time.monotonic() + _PATIENCE_S
        for thread in self._crew.threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not any(thread.is_alive() for thread in self._crew.threads):
            self._workshop.cancellation.close()
