"""What a plan comes to as far as that is known, and what is left to perform."""

from __future__ import annotations

import threading

from eka.build.memory import Memory
from eka.checking import TYPE_CHECKING
from eka.store import ActionFinished, Outcome, PathNotFound, TreeInput, resolved_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import ExitStack
    from typing import NoReturn

    from eka.build.substitute import Substituter
    from eka.build.work import Outputs, Work
    from eka.store import Event, Plan, Store, StorePath


class Known:
    """The outputs of the actions of one plan that are known and there.

    Args:
        plan: What is to be made.
        store: Where outputs are, and what actions came to before.
        leases: Receives the leases of outputs that are there already.
        emit: Told of each.
        substituter: Asks caches for outputs that are not there.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        leases: ExitStack,
        emit: Callable[[Event], None],
        substituter: Substituter | None = None,
    ) -> None:
        self.memory = Memory(store)
        self.outputs: dict[str, Outputs] = {}
        self._plan = plan
        self._store = store
        self._leases = leases
        self._leasing = threading.Lock()
        self._emit = emit
        self._substituter = substituter

    def needed(self, checked: Collection[str]) -> list[str]:
        """Return the actions to perform, each after its inputs.

        What an action was before is known without its inputs being there, so an output that
        still exists needs nothing below it: no network and no sandbox.

        Args:
            checked: Actions whose inputs must be there in any case.
        """
        order = self._plan.order()
        past: dict[str, Outputs] = {}
        for identity in order:
            recalled = self._recall(identity, past)
            if recalled is not None:
                past[identity] = recalled
        if self._substituter is not None:
            self._substituter.prepare(self._plan, past, checked)
        wanted = {root.action for root in self._plan.roots}
        needed: list[str] = []
        for identity in reversed(order):
            if identity not in wanted:
                continue
            known = past.get(identity)
            if known is not None and self.hold(known):
                self.outputs[identity] = known
                self.tell(identity, known, self._outcome(identity))
                if identity not in checked:
                    continue
            else:
                needed.append(identity)
            wanted.update(self.below(identity))
        return needed[::-1]

    def substitute(self, work: Work) -> bool:
        """Get the outputs of an action whose inputs are there from a cache, if one has them."""
        had = None if self._substituter is None else self._substituter.outputs(work)
        if had is None or not self.hold(had):
            return False
        self.outputs[work.identity] = had
        self.tell(work.identity, had, Outcome.SUBSTITUTED)
        return True

    def supply(self, work: Work) -> None:
        """Get what an action is given, and is not here, from a cache, if one has it."""
        if self._substituter is not None:
            self._substituter.supply(work)

    def refuse(self, needed: Sequence[str]) -> NoReturn:
        """Raise what is wrong when actions would have to be performed, and must not.

        Raises:
            NotInCaches: No cache has what they come to.
            BuildersDisagree: Caches have it, and do not agree.
        """
        from eka.build.cache_errors import NotInCaches  # noqa: PLC0415 - seldom needed

        names = [self._plan.actions[identity].name for identity in needed]
        if self._substituter is None:
            raise NotInCaches(names, ())
        raise self._substituter.dispute or NotInCaches(names, self._substituter.places)

    def _outcome(self, identity: str) -> Outcome:
        is_had = self._substituter is not None and identity in self._substituter.had
        return Outcome.SUBSTITUTED if is_had else Outcome.CACHED

    def below(self, identity: str) -> set[str]:
        """Return the actions whose outputs an action needs."""
        inputs = self._plan.actions[identity].inputs.values()
        return {wanted.action for wanted in inputs if not isinstance(wanted, TreeInput)}

    def inputs(
        self, identity: str, outputs: Mapping[str, Outputs] | None = None
    ) -> dict[str, StorePath]:
        """Return the inputs of an action; those it needs are known."""
        known = self.outputs if outputs is None else outputs
        return {
            name: wanted.path
            if isinstance(wanted, TreeInput)
            else known[wanted.action][wanted.output]
            for name, wanted in self._plan.actions[identity].inputs.items()
        }

    def hold(self, outputs: Outputs) -> bool:
        """Keep outputs from garbage collection; False when one is gone."""
        try:
            with self._leasing:
                self._leases.enter_context(self._store.lease(outputs.values()))
        except PathNotFound:
            return False
        return True

    def tell(self, identity: str, outputs: Outputs, outcome: Outcome) -> None:
        """Tell that all outputs of an action are there."""
        name = self._plan.actions[identity].name
        self._emit(ActionFinished(identity, name, outcome, tuple(sorted(outputs.items()))))

    def _recall(self, identity: str, past: Mapping[str, Outputs]) -> Outputs | None:
        if not all(below in past for below in self.below(identity)):
            return None
        action = self._plan.actions[identity]
        return self.memory.recall(
            resolved_name(action, self.inputs(identity, past)), action.outputs
        )
