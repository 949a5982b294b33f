"""Outputs from binary caches, in place of builds: what whom may be believed, and what is had.

An action is looked up by its resolved name, so early cut-off works as for what was built here:
the outputs of one action, had or built, name the next. Names are asked for from the leaves up;
then only what the roots need is fetched.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

from eka.build.cache_closures import Closures
from eka.build.cache_errors import BuildersDisagree
from eka.build.cache_sources import Source, usable
from eka.build.memory import Memory
from eka.build.work import Work
from eka.checking import TYPE_CHECKING
from eka.store import (
    ActionStarted,
    BadSignature,
    CacheTrouble,
    FetchAction,
    NotTrusted,
    ReductionKind,
    TreeInput,
    resolved_name,
)
from eka.store.cache.errors import CacheFalse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from eka.build.work import Outputs
    from eka.store import Event, Plan, Store, StorePath
    from eka.store.cache.documents import SignedReduction
    from eka.store.cache.reading import Cache

EVIDENCE = "cache"
KIND = "substitute"  # of `ActionStarted`
_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class _Outlook:
    """What is known of a plan so far."""

    plan: Plan
    order: Sequence[str]
    checked: Collection[str]
    past: dict[str, Outputs]
    works: dict[str, Work] = field(default_factory=dict[str, Work])  # once inputs are known


class Substituter:
    """Asks the caches of one realisation.

    Args:
        store: Where outputs go; what is asserted, and by whom it is trusted, is kept there.
        caches: Asked in this order.
        emit: Told what happens.
        is_cancelled: Asked while bytes arrive.

    Source: atom-spec/store-cache.md [cache-substitute], [cache-trust].
    """

    def __init__(
        self,
        store: Store,
        caches: Sequence[Cache],
        emit: Callable[[Event], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._store = store
        self._emit = emit
        self._memory = Memory(store)
        self._sources = [Source(cache, emit) for cache in caches]
        self._closures = Closures(store, self._sources, emit, is_cancelled)
        self._lock = threading.RLock()
        self._asked: set[str] = set()  # resolved names
        self._failed: set[str] = set()  # resolved names whose outputs could not be had
        self._strangers: set[str] = set()  # keys that are not trusted
        self.dispute: BuildersDisagree | None = None  # the last that was found
        self.had: set[str] = set()  # ids of actions whose outputs came from a cache

    @property
    def places(self) -> list[str]:
        """What the caches are called."""
        return [source.where for source in self._sources]

    def prepare(self, plan: Plan, past: dict[str, Outputs], checked: Collection[str]) -> None:
        """Get what the roots of a plan need and is not here, as far as the caches have it.

        Args:
            plan: What is to be made.
            past: What its actions came to, by id; receives what the caches know.
            checked: Actions whose inputs must be there in any case.
        """
        outlook = _Outlook(plan, plan.order(), checked, past)
        wanted = self._wanted(outlook)
        while usable(self._sources):
            unknown = [each for each in wanted if each not in outlook.past]
            self._learn(outlook, unknown)
            wanted = self._wanted(outlook)
            lacking = [each for each in wanted if each in outlook.past]
            works = [self._work(outlook, each) for each in lacking]
            works = [work for work in works if work.resolved not in self._failed]
            if works:
                self._bring({work.identity: outlook.past[work.identity] for work in works}, works)
            elif not self._fetch_files(outlook, wanted):
                return
            wanted = self._wanted(outlook)

    def outputs(self, work: Work) -> Outputs | None:
        """Return the outputs of one action whose inputs are there, had from a cache; or None."""
        if not usable(self._sources):
            return None
        with self._lock:
            is_new = work.resolved not in self._asked
        if is_new:
            self._ask([work])
        known = self._memory.recall(work.resolved, work.action.outputs)
        if known is None and isinstance(work.action, FetchAction):
            known = self._file(work, work.action)
        elif known is not None and work.resolved not in self._failed:
            self._bring({work.identity: known}, [work])
        return known if work.identity in self.had else None

    def supply(self, work: Work) -> None:
        """Get the inputs of an action that are not here: trees, which prove themselves."""
        lacking = {
            path: work.identity for path in work.inputs.values() if not self._store.has(path)
        }
        if lacking and usable(self._sources):
            self._closures.bring(self._closures.locate(lacking), list(lacking))

    def _wanted(self, outlook: _Outlook) -> list[str]:
        """Return the actions whose outputs are needed and not here, in order of the plan."""
        wanted = {root.action for root in outlook.plan.roots}
        found: list[str] = []
        for identity in reversed(outlook.order):
            if identity not in wanted:
                continue
            known = outlook.past.get(identity)
            is_here = known is not None and all(map(self._store.has, known.values()))
            if not is_here:
                found.append(identity)
            if identity in outlook.checked or (
                not is_here and not self._may_come(outlook, identity)
            ):
                wanted.update(_below(outlook.plan, identity))
        return found[::-1]

    def _may_come(self, outlook: _Outlook, identity: str) -> bool:
        """Tell whether a cache may still have the outputs, so that nothing below is needed."""
        if identity not in outlook.past:
            return False
        return self._work(outlook, identity).resolved not in self._failed

    def _learn(self, outlook: _Outlook, unknown: Sequence[str]) -> None:
        """Ask what actions came to elsewhere, from those whose inputs are known upwards."""
        pending = list(unknown)
        while pending and usable(self._sources):
            works = [self._work_or_none(outlook, identity) for identity in pending]
            ready = [work for work in works if work and work.resolved not in self._asked]
            if not ready:
                return
            self._ask(ready)
            for work in ready:
                known = self._memory.recall(work.resolved, work.action.outputs)
                if known is not None:
                    outlook.past[work.identity] = known
            pending = [each for each in pending if each not in outlook.past]

    def _ask(self, works: Sequence[Work]) -> None:
        """Record what is asserted of actions by whom the store trusts."""
        with self._lock:
            self._asked.update(work.resolved for work in works)
        open_works = {work.resolved: work for work in works}
        for source in usable(self._sources):
            if not open_works:
                return
            for resolved, facts in _reductions(source, list(open_works)).items():
                work = open_works[resolved]
                self._record(source, work, facts)
                if self._memory.recall(resolved, work.action.outputs) is not None:
                    del open_works[resolved]
        for work in open_works.values():
            self._tell_disputes(work)

    def _record(self, source: Source, work: Work, facts: Sequence[SignedReduction]) -> None:
        for each in facts:
            output = each.reduction.name.partition("!")[2]
            if output not in work.action.outputs:
                continue
            try:
                self._store.record_signed(each.reduction, each.signature)
            except NotTrusted as error:
                if error.key not in self._strangers:
                    self._strangers.add(error.key)
                    self._emit(CacheTrouble(source.where, error.code, _stranger(error)))
            except BadSignature as error:
                source.note(CacheFalse(source.where, work.resolved, error.why))

    def _tell_disputes(self, work: Work) -> None:
        """Tell of results that trusted builders do not agree on; neither is taken."""
        for output in work.action.outputs:
            name = f"{work.resolved}!{output}"
            said = self._store.trusted_outcomes(ReductionKind.RESOLVED, name)
            if len(said) > 1:
                parts = [f"{', '.join(by)} built {path}" for path, by in sorted(said.items())]
                self.dispute = error = BuildersDisagree(work.action.name, parts)
                self._emit(CacheTrouble(" ".join(self.places), error.code, error.why))

    def _bring(self, known: Mapping[str, Outputs], works: Sequence[Work]) -> None:
        """Fetch outputs and all they refer to; those that cannot be had are noted."""
        owners = {path: each for each, outputs in known.items() for path in outputs.values()}
        wanted = self._closures.locate(owners)
        for work in works:
            if not any(map(wanted.lacks, known[work.identity].values())):
                self._emit(ActionStarted(work.identity, work.action.name, KIND))
        self._closures.bring(wanted, list(owners))
        for work in works:
            if self._is_had(work, known[work.identity]):
                self._memory.link(work, known[work.identity])
                self.had.add(work.identity)
            else:
                self._failed.add(work.resolved)

    def _is_had(self, work: Work, outputs: Outputs) -> bool:
        if not all([self._store.hold(path) for path in outputs.values()]):  # noqa: C419 - hold all
            return False
        action = work.action
        return not isinstance(action, FetchAction) or self._is_file(action, outputs["out"])

    def _fetch_files(self, outlook: _Outlook, wanted: Sequence[str]) -> bool:
        """Get downloads from caches by their hash alone; tell whether one came."""
        came = False
        for identity in wanted:
            action = outlook.plan.actions[identity]
            if isinstance(action, FetchAction) and identity not in outlook.past:
                work = self._work(outlook, identity)
                found = self._file(work, action)
                if found is not None:
                    outlook.past[identity] = found
                    came = True
        return came

    def _file(self, work: Work, action: FetchAction) -> Outputs | None:
        """Return a download that a cache has; its hash proves it, whoever made it."""
        if f"file {work.resolved}" in self._asked:
            return None
        self._asked.add(f"file {work.resolved}")
        for source in usable(self._sources):
            paths = source.ask(lambda cache: cache.files(action.sha256))
            for path in [each for each in paths or () if each.name == action.name]:
                wanted = self._closures.locate({path: work.identity})
                found = wanted.found.get(path)
                if found is not None and found.entry.size_bytes != action.size:
                    continue
                self._emit(ActionStarted(work.identity, action.name, KIND))
                self._closures.bring(wanted, [path])
                if not self._store.hold(path):
                    continue
                if self._is_file(action, path):
                    self._memory.record(work, {"out": path}, EVIDENCE)
                    self.had.add(work.identity)
                    return {"out": path}
                why = f"it is not a file of SHA-256 {action.sha256}"
                source.note(CacheFalse(source.where, path.text, why))
        return None

    def _is_file(self, action: FetchAction, path: StorePath) -> bool:
        info = self._store.path_info(path)
        kind = "executable" if action.executable else "file"
        if (info.kind, info.size_bytes, info.path.name) != (kind, action.size, action.name):
            return False
        hasher = hashlib.sha256()
        with self._store.physical(path).open("rb") as file:
            while data := file.read(_CHUNK_BYTES):
                hasher.update(data)
        return hasher.hexdigest() == action.sha256

    def _work(self, outlook: _Outlook, identity: str) -> Work:
        work = self._work_or_none(outlook, identity)
        if work is None:
            msg = "the inputs of the action must be known"
            raise ValueError(msg)
        return work

    def _work_or_none(self, outlook: _Outlook, identity: str) -> Work | None:
        if identity in outlook.works:
            return outlook.works[identity]
        action = outlook.plan.actions[identity]
        inputs: dict[str, StorePath] = {}
        for name, wanted in action.inputs.items():
            if isinstance(wanted, TreeInput):
                inputs[name] = wanted.path
            elif wanted.action in outlook.past:
                inputs[name] = outlook.past[wanted.action][wanted.output]
            else:
                return None
        work = Work(identity, action, inputs, resolved_name(action, inputs))
        outlook.works[identity] = work
        return work


def _stranger(error: NotTrusted) -> str:
    return f"what {error.key} asserts is left out; if you know the key: eka-store trust --add"


def _reductions(source: Source, names: Sequence[str]) -> dict[str, list[SignedReduction]]:
    return source.ask(lambda cache: cache.reductions(names)) or {}


def _below(plan: Plan, identity: str) -> set[str]:
    inputs = plan.actions[identity].inputs.values()
    return {wanted.action for wanted in inputs if not isinstance(wanted, TreeInput)}
