"""Paths and all they refer to from caches into the store: only what lacks, every byte checked."""

from __future__ import annotations

from contextlib import contextmanager

from eka.build.cache_sources import usable
from eka.build.errors import BuildInterrupted
from eka.checking import TYPE_CHECKING
from eka.store import FetchProgress, PathAdded
from eka.store.cache.errors import CacheFalse, CacheUnreachable
from eka.store.cache.lanes import Lanes, Order
from eka.store.cache.receive import received, record_signatures
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.build.cache_sources import Source
    from eka.store import Event, Store, StorePath
    from eka.store.cache.documents import CacheEntry
    from eka.store.facts import Staged

MAX_PATHS = 100_000
BATCH = 64  # paths that become valid together, where they come that fast
STEP_BYTES = 1 << 20  # of an action between two reports


@dataclass(frozen=True, slots=True)
class Found:
    """A path that lacks here, and who has it."""

    entry: CacheEntry
    source: Source


@dataclass(slots=True)
class Progress:
    """How much has arrived of what an action needs."""

    total_bytes: int = 0
    received_bytes: int = 0
    told_bytes: int = 0


@dataclass(slots=True)
class Wanted:
    """The closures of outputs, as far as they lack here.

    Attributes:
        found: What lacks, with who has it; a path may be wanted by several.
        owners: Path -> id of the action that is told to wait for it.
        missing: What no cache has.
    """

    found: dict[StorePath, Found] = field(default_factory=dict["StorePath", Found])
    owners: dict[StorePath, str] = field(default_factory=dict["StorePath", str])
    missing: set[StorePath] = field(default_factory=set["StorePath"])
    is_over: bool = False  # nobody waits for it any more

    def lacks(self, path: StorePath) -> bool:
        """Tell whether something that a path needs is nowhere to be had."""
        pending, seen = [path], {path}
        while pending:
            each = pending.pop()
            if each in self.missing:
                return True
            found = self.found.get(each)
            for below in found.entry.references if found else ():
                if below not in seen:
                    seen.add(below)
                    pending.append(below)
        return False


class Closures:
    """Brings closures from caches into a store.

    Args:
        store: Where they go; what it holds already is held until it is closed.
        sources: The caches, in the order they are asked.
        emit: Told of progress, and of each path.
        is_cancelled: Asked while bytes arrive.
    """

    def __init__(
        self,
        store: Store,
        sources: Sequence[Source],
        emit: Callable[[Event], None],
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._store = store
        self._sources = sources
        self._emit = emit
        self._is_cancelled = is_cancelled

    def locate(self, owners: Mapping[StorePath, str]) -> Wanted:
        """Return what lacks of the closures of some paths; ids of actions tell whose they are."""
        wanted = Wanted()
        level = dict(owners)
        while level:
            wanted.owners |= level
            lacking = [path for path in level if not self._store.hold(path)]
            for source in usable(self._sources):
                asked = [path for path in lacking if path not in wanted.found]
                if not asked:
                    break
                for path, entry in _entries(source, asked).items():
                    wanted.found[path] = Found(entry, source)
            wanted.missing |= set(lacking) - wanted.found.keys()
            if len(wanted.found) > MAX_PATHS:
                wanted.missing |= owners.keys()
                return wanted
            level = {
                below: level[path]
                for path in lacking
                if path in wanted.found
                for below in wanted.found[path].entry.references
                if below not in wanted.owners
            }
        return wanted

    def bring(self, wanted: Wanted, roots: Collection[StorePath]) -> None:
        """Fetch and register the closures of those roots that can be had whole.

        What fails is left out, and what refers to it; the store stays closed under references.
        """
        paths = _closure(wanted, [path for path in roots if not wanted.lacks(path)])
        if not paths:
            return
        needs = {
            path: {
                each
                for each in wanted.found[path].entry.references
                if each in paths and each != path
            }
            for path in paths
        }
        order = Order(needs)
        progress = _measured(wanted, paths)
        ready: set[StorePath] = set(order.first())
        staged: dict[StorePath, Staged] = {}
        with self._staging(wanted) as place:

            def take(number: int) -> Staged:
                return self._take(numbered[number], wanted, progress, place / str(number))

            numbered = list(paths)
            with Lanes(take) as lanes:
                for number in range(len(numbered)):
                    lanes.submit(number)
                for number, result in lanes.results():
                    if not isinstance(result, BaseException):
                        staged[numbered[number]] = result
                    elif not isinstance(result, CacheFalse):  # which is noted by who took it
                        raise result
                    if len(staged) >= BATCH or not lanes.has_results:
                        self._register(wanted, order, ready, staged)

    def _register(
        self,
        wanted: Wanted,
        order: Order,
        ready: set[StorePath],
        staged: dict[StorePath, Staged],
    ) -> None:
        """Make valid what has arrived, each path after those it refers to."""
        batch: list[Staged] = []
        while now := [path for path in staged if path in ready]:
            for path in now:
                ready.remove(path)
                batch.append(staged.pop(path))
                ready.update(order.done(path))
        if batch:

            def sign() -> None:
                for each in batch:
                    record_signatures(self._store, wanted.found[each.path].entry)

            self._store.register_all(batch, sign)
        for each in batch:
            self._emit(PathAdded(each.path, each.written.size_bytes))

    def _take(
        self, path: StorePath, wanted: Wanted, progress: dict[str, Progress], place: Path
    ) -> Staged:
        """Fetch one path, from the next cache that has it when the first lies."""
        found = wanted.found[path]
        for source in (
            found.source,
            *(each for each in self._sources if each is not found.source),
        ):
            if not source.is_usable:
                continue
            entry = found.entry
            if source is not found.source:
                known = _entries(source, [path]).get(path)
                if known is None or set(known.references) != set(entry.references):
                    continue
                entry = known
            try:
                chunks = self._told(source, entry, wanted, progress)
                return received(self._store, entry, chunks, place, source.where)
            except (CacheFalse, CacheUnreachable) as error:
                source.note(error)
                self._store.discard(place)
        raise CacheFalse(found.source.where, path.text, "no cache has it as it should be")

    def _told(
        self, source: Source, entry: CacheEntry, wanted: Wanted, progress: dict[str, Progress]
    ) -> Iterator[bytes]:
        owner = wanted.owners[entry.path]
        mine = progress[owner]
        for chunk in source.cache.content(entry):
            if self._is_cancelled() or wanted.is_over:
                raise BuildInterrupted(entry.path.name)
            yield chunk
            mine.received_bytes += len(chunk)
            is_last = mine.received_bytes >= mine.total_bytes
            if is_last or mine.received_bytes - mine.told_bytes >= STEP_BYTES:
                mine.told_bytes = mine.received_bytes
                url = source.where if "://" in source.where else f"file://{source.where}"
                self._emit(FetchProgress(owner, url, mine.received_bytes, mine.total_bytes))

    @contextmanager
    def _staging(self, wanted: Wanted) -> Generator[Path, None, None]:
        place = self._store.staging("substitute")
        try:
            yield place
        finally:
            wanted.is_over = True
            self._store.discard(place)


def _entries(source: Source, paths: Sequence[StorePath]) -> dict[StorePath, CacheEntry]:
    return source.ask(lambda cache: cache.entries(paths)) or {}


def _closure(wanted: Wanted, roots: Sequence[StorePath]) -> dict[StorePath, None]:
    """Return what lacks of the closures of the roots."""
    paths: dict[StorePath, None] = {}
    pending = [*roots]
    while pending:
        path = pending.pop()
        if path in wanted.found and path not in paths:
            paths[path] = None
            pending += wanted.found[path].entry.references
    return paths


def _measured(wanted: Wanted, paths: Collection[StorePath]) -> dict[str, Progress]:
    progress: dict[str, Progress] = {}
    for path in paths:
        mine = progress.setdefault(wanted.owners[path], Progress())
        mine.total_bytes += wanted.found[path].entry.object_bytes
    return progress
