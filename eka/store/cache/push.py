"""Paths of the store and all they need, brought to a cache as far as it lacks them."""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING
from eka.store.cache.documents import SignedReduction
from eka.store.cache.lanes import LANES, Lanes, Order
from eka.store.exchange import export_order
from eka.store.reduction import LOCAL, ReductionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eka.store.cache.port import CacheSink
    from eka.store.path import StorePath
    from eka.store.reduction import Reduction
    from eka.store.store import Store

_SHA256 = "sha256:"
_ASKED = 1000  # paths at once


@dataclass(slots=True)
class Pushed:
    """What came of a push.

    Attributes:
        pushed: Paths that the cache lacked.
        known: How many of the paths and what they need it held already.
        size_bytes: What went there for the paths.
        reductions: How many reductions it took.
        ignored: How many it did not, as it trusts their keys not.
    """

    pushed: list[StorePath] = field(default_factory=list["StorePath"])
    known: int = 0
    size_bytes: int = 0
    reductions: int = 0
    ignored: int = 0


def push(
    store: Store,
    sink: CacheSink,
    roots: Sequence[StorePath],
    *,
    dry_run: bool = False,
    on_path: Callable[[StorePath, int, int], None] | None = None,
) -> Pushed:
    """Bring paths, all they refer to, and the signed reductions that led to them, to a cache.

    Args:
        store: Where they are; the caller keeps them from garbage collection.
        sink: The cache.
        roots: The paths.
        dry_run: Only tell what it lacks.
        on_path: Told of each path that arrived: how many did, and how many there are.

    Raises:
        NotACache, CacheUnreachable, CacheUnwritable, CacheRefuses.

    Source: atom-spec/store-cache.md [cache-order], [cache-push].
    """
    sink.open(may_make=not dry_run)
    closure = export_order(store, roots)
    known: set[StorePath] = set()
    for start in range(0, len(closure), _ASKED):
        known |= sink.known(closure[start : start + _ASKED])
    lacking = [path for path in closure if path not in known]
    done = Pushed(known=len(closure) - len(lacking))
    if dry_run:
        done.pushed = lacking
        return done
    _send(store, sink, lacking, done, on_path)
    if lacking:
        sink.finish()
    for path in closure:
        _tell_files(store, sink, path)
    _tell_reductions(store, sink, store.ancestry(closure), done)
    sink.finish()
    return done


def _send(
    store: Store,
    sink: CacheSink,
    lacking: Sequence[StorePath],
    done: Pushed,
    on_path: Callable[[StorePath, int, int], None] | None,
) -> None:
    infos = {path: store.path_info(path) for path in lacking}
    order = Order(
        {path: set(info.references) & infos.keys() - {path} for path, info in infos.items()}
    )

    def send(path: StorePath) -> int:
        return sink.add(store, infos[path], store.signatures(infos[path]))

    with Lanes(send, LANES) as lanes:
        for path in order.first():
            lanes.submit(path)
        for path, result in lanes.results():
            if isinstance(result, BaseException):
                raise result
            done.pushed.append(path)
            done.size_bytes += result
            if on_path is not None:
                on_path(path, len(done.pushed), len(lacking))
            for ready in order.done(path):
                lanes.submit(ready)


def _tell_files(store: Store, sink: CacheSink, path: StorePath) -> None:
    """Bring by which hash a path was downloaded."""
    for fact in store.leading_to(path):
        if fact.kind == ReductionKind.FETCH and fact.by == LOCAL:
            sink.add_file(fact.name.removeprefix(_SHA256).partition("!")[0], path)


def _tell_reductions(
    store: Store, sink: CacheSink, facts: Iterable[Reduction], done: Pushed
) -> None:
    """Bring what is asserted of actions."""
    by_action: dict[str, list[SignedReduction]] = {}
    for fact in facts:
        if fact.by != LOCAL:
            by_action.setdefault(fact.name.partition("!")[0], []).extend(_signed(store, fact))
    for resolved, signed in by_action.items():
        if signed:
            taken = sink.add_reductions(resolved, signed)
            done.reductions += taken
            done.ignored += len(signed) - taken


def _signed(store: Store, fact: Reduction) -> list[SignedReduction]:
    return [SignedReduction(fact, each) for each in store.signatures(fact)]
