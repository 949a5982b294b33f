"""One plan on its way: who does what is needed, and what happens when that fails."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from eka.build.capability_check import check
from eka.build.compare import compared
from eka.build.errors import BuildInterrupted, BuildsFailed, NonDeterministic
from eka.build.needed import Known
from eka.build.schedule import Schedule, Task
from eka.build.work import Work
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store import (
    ActionFailed,
    ActionSkipped,
    ActionStarted,
    FetchAction,
    Outcome,
    PathAdded,
    RunAction,
    RunOutcome,
    TreeInput,
    WorkLeft,
    resolved_name,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from contextlib import ExitStack

    from eka.build.demands import Demands
    from eka.build.perform import Workshop
    from eka.build.work import Outputs
    from eka.store import Plan

FETCHES = 4  # downloads at once, beside the builds
_PATIENCE_S = 30.0  # for threads to end after they were told to
_FORECAST_S = 0.5  # between two guesses of how long it will take
_CHECK = "again "  # before the id of an action that is performed for comparison


@dataclass(slots=True)
class _Crew:
    """The threads at work; results come back through one queue."""

    room: dict[bool, int]  # free places, for fetches (True) and builds (False)
    threads: dict[str, threading.Thread] = field(default_factory=dict[str, threading.Thread])
    since_s: dict[str, float] = field(default_factory=dict[str, float])


class Realisation:
    """Realises one plan; used once.

    Args:
        plan: What to make.
        workshop: Performs single actions.
        leases: Receives the leases of outputs that are there already.
        demands: The user's wishes.
        jobs: Builds at once.
    """

    def __init__(
        self, plan: Plan, workshop: Workshop, leases: ExitStack, demands: Demands, jobs: int
    ) -> None:
        self._plan = plan
        self._workshop = workshop
        self._store = workshop.store
        self._known = Known(plan, workshop.store, leases, workshop.emit, workshop.substituter)
        self._demands = demands
        self._jobs = jobs
        self._crew = _Crew({True: FETCHES, False: jobs})
        self._results: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()
        self._failures: dict[str, EkaError] = {}
        self._skipped = 0
        self._schedule = Schedule({})
        self._forecast_s = 0.0  # when the last guess was told

    def run(self) -> Mapping[str, Outputs]:
        """Return the outputs of every action that had to be looked at."""
        try:
            checked = self._checked() if self._demands.check else []
            needed = self._known.needed(frozenset(checked))
            if needed and self._demands.no_build:
                self._known.refuse(needed)
            if self._workshop.substituter is None:  # with one, nobody knows yet what is performed
                self._refuse(dict.fromkeys((*needed, *checked)))
            self._schedule = self._planned(needed, checked)
            self._perform_all()
        except BaseException:
            self._stop()
            raise
        self._workshop.cancellation.close()
        if needed or checked:
            self._store.runs.prune()
        self._report()
        return self._known.outputs

    def _refuse(self, identities: Iterable[str]) -> None:
        """Raise before the first action begins what would forbid one of them later."""
        actions = [self._plan.actions[each] for each in identities]
        check(actions, self._demands, self._workshop.sandbox)
        wanted = (each for action in actions for each in action.inputs.values())
        trees = (each.path for each in wanted if isinstance(each, TreeInput))
        self._store.require(dict.fromkeys(trees))

    def _checked(self) -> list[str]:
        roots = dict.fromkeys(root.action for root in self._plan.roots)
        return [each for each in roots if isinstance(self._plan.actions[each], RunAction)]

    def _planned(self, needed: list[str], checked: list[str]) -> Schedule:
        """Return all that is to be done; a check is a task after the one it repeats."""
        actions = self._plan.actions
        there = set(needed)
        names = {actions[identity].name for identity in (*needed, *checked)}
        expected_s = self._store.runs.expected_s(names) if names else {}
        tasks: dict[str, Task] = {}
        for identity in needed:
            action = actions[identity]
            needs = self._known.below(identity) & there
            tasks[identity] = Task(action.kind, needs, expected_s.get(action.name))
        for identity in checked:
            action = actions[identity]
            needs = ({identity} | self._known.below(identity)) & there
            tasks[_CHECK + identity] = Task(action.kind, needs, expected_s.get(action.name))
        return Schedule(tasks)

    def _perform_all(self) -> None:
        while self._schedule.left:
            self._tell_left()
            self._start()
            name, error = self._results.get()
            self._crew.threads.pop(name, None)
            self._crew.since_s.pop(name, None)
            self._crew.room[self._is_fetch(name)] += 1
            if error is None:
                self._schedule.done(name)
            else:
                self._fail(name, error)

    def _fail(self, name: str, error: BaseException) -> None:
        """Give up, or note the failure and what cannot be done because of it."""
        identity = name.removeprefix(_CHECK)
        if not isinstance(error, EkaError) or isinstance(error, BuildInterrupted):
            raise error
        action = self._plan.actions[identity]
        why = " ".join((error.why or error.what).split())
        self._workshop.emit(ActionFailed(identity, action.name, error.code, why))
        if not self._demands.keep_going:
            raise error
        self._failures[name] = error
        for lost in self._schedule.failed(name):
            self._skipped += 1
            other = lost.removeprefix(_CHECK)
            self._workshop.emit(ActionSkipped(other, self._plan.actions[other].name, identity))

    def _report(self) -> None:
        """Raise what failed, in the order of the plan, whatever the order of time was."""
        order = {identity: index for index, identity in enumerate(self._plan.order())}
        named = sorted(self._failures, key=lambda name: order[name.removeprefix(_CHECK)])
        failures = [self._failures[name] for name in named]
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise BuildsFailed(failures, skipped=self._skipped)

    def _start(self) -> None:
        """Start what has its inputs, as long as there is room."""
        for fetch, room in self._crew.room.items():
            for _ in range(room):
                name = self._schedule.take(fetch=fetch)
                if name is None:
                    break
                self._crew.room[fetch] -= 1
                # A daemon: one that the system does not let go must not keep this one alive.
                thread = threading.Thread(target=self._work, args=(name,), daemon=True)
                self._crew.threads[name] = thread
                self._crew.since_s[name] = time.monotonic()
                thread.start()

    def _tell_left(self) -> None:
        now_s = time.monotonic()
        if now_s - self._forecast_s >= _FORECAST_S:
            self._forecast_s = now_s
            running = {name: now_s - since_s for name, since_s in self._crew.since_s.items()}
            left_s = self._schedule.left_s(running, self._jobs)
            self._workshop.emit(WorkLeft(self._schedule.left, left_s))

    def _is_fetch(self, name: str) -> bool:
        return isinstance(self._plan.actions[name.removeprefix(_CHECK)], FetchAction)

    def _work(self, name: str) -> None:
        try:
            if name.startswith(_CHECK):
                self._check(name.removeprefix(_CHECK))
            else:
                self._realise(name)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._results.put((name, error))
        else:
            self._results.put((name, None))

    def _realise(self, identity: str) -> None:
        work = self._prepare(identity)
        with self._lock(work):
            # Another process may have done it while this one waited for the lock.
            known = self._known.memory.recall(work.resolved, work.action.outputs)
            if known is not None and self._known.hold(known):
                self._known.memory.link(work, known)
                self._known.tell(identity, known, Outcome.CACHED)
                self._known.outputs[identity] = known
                return
            if self._known.substitute(work):
                return
            self._known.supply(work)
            made = self._make(work)
            if isinstance(work.action, RunAction):
                for _ in range(1, self._demands.rounds):
                    self._compare(work, made)
            self._known.outputs[identity] = made

    def _make(self, work: Work) -> Outputs:
        action = work.action
        if self._workshop.cancellation.is_set:
            raise BuildInterrupted(action.name)
        if self._workshop.substituter is not None:
            check([action], self._demands, self._workshop.sandbox)
        run = self._store.runs.begin(
            work.identity, action.name, action.kind, has_log=isinstance(action, RunAction)
        )
        began_s = time.monotonic()
        self._workshop.emit(ActionStarted(work.identity, action.name, action.kind))
        outcome = RunOutcome.FAILED
        made: Outputs = {}
        try:
            with self._store.lease(work.inputs.values()):
                made = self._workshop.perform(replace(work, log=run.log))
            self._known.memory.record(work, made, self._workshop.sandbox.name)
            outcome = RunOutcome.BUILT
        except BuildInterrupted:
            outcome = RunOutcome.STOPPED
            raise
        finally:
            self._store.runs.end(run, outcome, time.monotonic() - began_s, made.values())
        for path in made.values():
            self._workshop.emit(PathAdded(path, self._store.path_info(path).size_bytes))
        self._known.tell(work.identity, made, Outcome.BUILT)
        return made

    def _prepare(self, identity: str) -> Work:
        action = self._plan.actions[identity]
        inputs = self._known.inputs(identity)
        return Work(identity, action, inputs, resolved_name(action, inputs))

    def _check(self, identity: str) -> None:
        """Perform an action again, as often as is asked."""
        work = self._prepare(identity)
        before = self._known.outputs[identity]
        with self._lock(work):
            for _ in range(max(1, self._demands.rounds - 1)):
                self._compare(work, before)

    @contextmanager
    def _lock(self, work: Work) -> Generator[None, None, None]:
        """Be the only one who performs an action, here and in other processes.

        Raises:
            BuildInterrupted: All was stopped while another process was at it.
        """
        cancellation = self._workshop.cancellation
        name = f"action {work.resolved}"
        with self._store.lock(name, lambda: not cancellation.is_set) as is_held:
            if not is_held:
                raise BuildInterrupted(work.action.name)
            yield

    def _compare(self, work: Work, before: Outputs) -> None:
        """Perform an action again; both outcomes are kept when they differ."""
        again = self._make(work)
        for output, first in before.items():
            second = again[output]
            if first != second:
                told = compared(self._store, first, second)
                raise NonDeterministic(
                    work.action.name,
                    first=first.text,
                    second=second.text,
                    differs=told.first,
                    difference=told.lines,
                )

    def _stop(self) -> None:
        """End what runs; a thread that the system does not let go is left behind."""
        self._workshop.cancellation.set()
        deadline = time.monotonic() + _PATIENCE_S
        threads = list(self._crew.threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if not any(thread.is_alive() for thread in threads):
            self._workshop.cancellation.close()
