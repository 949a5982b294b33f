"""Plans realised: every action whose outputs are needed and not there is performed once."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, contextmanager

from eka.build.demands import Demands
from eka.build.enter import entered
from eka.build.errors import NoShell
from eka.build.perform import Workshop
from eka.build.realisation import Realisation
from eka.build.sandbox import Cancellation
from eka.checking import TYPE_CHECKING
from eka.store import ActionInput, Plan, RunAction, resolved_name

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from eka.build.download import Downloader
    from eka.build.enter import Environment
    from eka.build.sandbox import Sandbox
    from eka.build.substitute import Substituter
    from eka.store import Event, Store, StorePath
    from eka.store.cache.reading import Cache


class Realiser:
    """Makes the outputs of plans.

    As a context manager it keeps what it returns from garbage collection until its end, so that
    there is time to make roots of it.

    Args:
        store: Where inputs come from and outputs go.
        sandbox: Runs the builds.
        downloader: Fetches files.
        emit: Told what happens, one event at a time.
        jobs: Builds at once.
        keep_failed: Directory to move the files of failed builds to.
        caches: Asked for outputs before they are built, in this order.
    """

    def __init__(  # noqa: PLR0913 - all it works with, each by its name
        self,
        store: Store,
        *,
        sandbox: Sandbox,
        downloader: Downloader,
        emit: Callable[[Event], None],
        jobs: int = 2,
        keep_failed: Path | None = None,
        caches: Sequence[Cache] = (),
    ) -> None:
        self._caches = caches
        self._store = store
        self._sandbox = sandbox
        self._downloader = downloader
        self._emit = emit
        self._emitting = threading.Lock()
        self._jobs = max(1, jobs)
        self._keep_failed = keep_failed
        self._leases = ExitStack()
        self._keeps = False

    def __enter__(self) -> Self:
        """Return the realiser itself; it keeps results from now on."""
        self._keeps = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See `close`."""
        self.close()

    def close(self) -> None:
        """Let garbage collection have what was only kept for this realiser."""
        self._keeps = False
        self._leases.close()

    def realise(
        self, plan: Plan, demands: Demands | None = None
    ) -> Mapping[tuple[str, str], StorePath]:
        """Return the store path of every root of ``plan``, by action and output.

        Args:
            plan: What to make; its trees are in the store already.
            demands: How, where that matters.

        Raises:
            BuildFailed: a builder failed; the others were stopped, unless they should go on.
            BuildsFailed: several failed, and the others were to go on.
            FetchFailed, FetchMismatch: a file could not be had.
            NonDeterministic: an action performed again came to something else.
            NotInCaches, BuildersDisagree: nothing may be built, and no cache helps.
            PathNotFound: a tree of the plan is not in the store.

        Source: atom-spec/build.md [build-once], [build-resolved].
        """
        wishes = demands or Demands()
        jobs = max(1, wishes.jobs or self._jobs)
        cancellation = Cancellation()
        cores = max(1, len(os.sched_getaffinity(0)) // jobs)
        workshop = Workshop(
            store=self._store,
            sandbox=self._sandbox,
            downloader=self._downloader,
            emit=self._tell,
            cancellation=cancellation,
            cores=cores,
            keep_failed=wishes.keep_failed or self._keep_failed,
            substituter=self._substituter(cancellation),
            max_output_bytes=wishes.max_output_bytes,
        )
        with ExitStack() as leases:
            outputs = Realisation(plan, workshop, leases, wishes, jobs).run()
            if self._keeps:
                self._leases.push(leases.pop_all())
        return {
            (root.action, root.output): outputs[root.action][root.output] for root in plan.roots
        }

    @contextmanager
    def environment(
        self, plan: Plan, identity: str, demands: Demands | None = None
    ) -> Generator[Environment, None, None]:
        """Make all that an action needs, and open the environment of its build for a person.

        Args:
            plan: What holds the action.
            identity: Its id.
            demands: How its inputs are made.

        Raises:
            NoShell: nothing can be started there.
            BuildFailed, …: what `realise` raises, for the inputs.
        """
        action = plan.actions[identity]
        if not isinstance(action, RunAction):
            raise NoShell(action.name, is_built=False)
        below = [each for each in action.inputs.values() if isinstance(each, ActionInput)]
        made = self.realise(Plan(plan.actions, tuple(dict.fromkeys(below))), demands)
        inputs = {
            name: made[wanted.action, wanted.output]
            if isinstance(wanted, ActionInput)
            else wanted.path
            for name, wanted in action.inputs.items()
        }
        resolved = resolved_name(action, inputs)
        with entered(
            action, inputs, resolved, store=self._store, sandbox=self._sandbox
        ) as environment:
            yield environment

    def _substituter(self, cancellation: Cancellation) -> Substituter | None:
        if not self._caches:
            return None
        from eka.build.substitute import Substituter  # noqa: PLC0415 - many name no cache

        return Substituter(self._store, self._caches, self._tell, lambda: cancellation.is_set)

    def _tell(self, event: Event) -> None:
        with self._emitting:
            self._emit(event)
