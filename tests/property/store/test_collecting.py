"""Collections against a model: whatever the graph, the roots and the limits."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from eka.store import GcLimits, PathNotFound, Store, StorePath, gc
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from eka.store import Node


@dataclass(frozen=True)
class World:
    """A graph of paths, what is needed of it, and how it was used."""

    edges: frozenset[tuple[int, int]]  # referrer, reference
    sizes: tuple[int, ...]
    used: tuple[int, ...]
    roots: frozenset[int]
    kept: frozenset[int]
    leased: frozenset[int]

    def reached(self, starts: frozenset[int]) -> set[int]:
        """Return what is reached from some paths."""
        found: set[int] = set()
        pending = list(starts)
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                pending += [below for above, below in self.edges if above == path]
        return found

    @property
    def dead(self) -> set[int]:
        """What nothing needs."""
        return set(range(len(self.sizes))) - self.reached(self.roots | self.kept | self.leased)

    def last_use(self, path: int) -> int:
        """Return when a path, or what reaches it of what nothing needs, was used last."""
        return max(
            self.used[each] for each in self.dead if path in self.reached(frozenset([each]))
        )


@st.composite
def worlds(draw: st.DrawFn, *, cycles: bool) -> World:
    """Draw a world of up to nine paths."""
    count = draw(st.integers(1, 9))
    number = st.integers(0, count - 1)
    pairs = draw(st.frozensets(st.tuples(number, number), max_size=14))
    some = st.frozensets(number, max_size=2)
    return World(
        edges=frozenset((a, b) for a, b in pairs if cycles or a > b),
        sizes=tuple(draw(st.lists(st.integers(1, 50), min_size=count, max_size=count))),
        used=tuple(draw(st.lists(st.integers(2, 6), min_size=count, max_size=count))),
        roots=draw(some),
        kept=draw(some),
        leased=draw(some),
    )


@dataclass
class Made:
    """A world in a store."""

    world: World
    home: Path
    cleanup: ExitStack
    paths: list[StorePath] = field(default_factory=list[StorePath])

    def __post_init__(self) -> None:
        """Make it: first the paths, then, as scans of other builds might, what they refer to."""
        with Store.open(self.home / "s", durable=False) as store:
            for number, size in enumerate(self.world.sizes):
                self.paths.append(store.add_tree(f"p{number}", self.tree(number, size)))
            for above in range(len(self.paths)):
                below = [self.paths[b] for a, b in self.world.edges if a == above]
                if below:
                    size = self.world.sizes[above]
                    store.add_tree(f"p{above}", self.tree(above, size), references=below)
            for number in self.world.roots:
                store.add_root(self.home / f"root{number}", self.paths[number])
            for number in self.world.kept:
                store.keep(f"name{number}", self.paths[number])
        with closing(sqlite3.connect(self.home / "s" / "db.sqlite")) as database, database:
            database.execute("UPDATE paths SET registered = 1")
            for path, used in zip(self.paths, self.world.used, strict=True):
                database.execute("UPDATE paths SET used = ? WHERE base = ?", (used, path.base))
        holder = self.cleanup.enter_context(Store.open(self.home / "s", durable=False))
        self.cleanup.enter_context(holder.lease([self.paths[each] for each in self.world.leased]))

    @staticmethod
    def tree(number: int, size: int) -> list[Node]:
        """Return a file of a size that no other path has the content of."""
        return list(nodes(bytes([number]) * size))

    def numbers(self, paths: tuple[StorePath, ...]) -> set[int]:
        """Return the numbers of paths."""
        return {self.paths.index(path) for path in paths}


def made(world: World, stack: ExitStack) -> Made:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eka-gc-", dir=memory)))
    return Made(world, home, stack)


@given(worlds(cycles=True))
def test_exactly_what_nothing_needs_is_deleted(world: World) -> None:
    with ExitStack() as stack:
        place = made(world, stack)
        store = stack.enter_context(Store.open(place.home / "s", durable=False))

        dry, wet = store.gc(dry_run=True), store.gc()

        assert place.numbers(dry.deleted) == place.numbers(wet.deleted) == world.dead
        assert [str(fault) for fault in store.verify()] == []
        assert store.gc().deleted == ()
        assert wet.freed_bytes == sum(world.sizes[each] for each in world.dead)
        assert wet.left_bytes == store.info().size_bytes


@given(worlds(cycles=False), st.integers(0, 300), st.none() | st.integers(1, 8))
def test_limits_spare_what_was_used_last(world: World, size: int, since: int | None) -> None:
    with ExitStack() as stack:
        place = made(world, stack)
        store = stack.enter_context(Store.open(place.home / "s", durable=False))
        limits = GcLimits(max_size_bytes=size, keep_since=since)

        dry, wet = store.gc(limits, dry_run=True), store.gc(limits)

        gone = place.numbers(wet.deleted)
        uses = {path: world.last_use(path) for path in world.dead}
        may_go = {path for path, used in uses.items() if since is None or used < since}
        left = sum(world.sizes) - sum(world.sizes[path] for path in gone)
        assert place.numbers(dry.deleted) == gone
        assert gone <= may_go
        assert left <= size or gone == may_go
        assert all(above in gone for above, below in world.edges if below in gone)
        stayed = may_go - gone
        assert max((uses[each] for each in gone), default=0) <= min(
            (uses[each] for each in stayed), default=10
        )
        if gone:  # without the last of them it would be too much
            assert left + max(world.sizes[path] for path in gone) > size
        assert [str(fault) for fault in store.verify()] == []


@given(worlds(cycles=True), st.integers(0, 2**32))
def test_what_comes_to_be_needed_during_a_collection_stays(world: World, seed: int) -> None:
    chance = random.Random(seed)
    with ExitStack() as stack:
        place = made(world, stack)
        store = stack.enter_context(Store.open(place.home / "s", durable=False))
        other = stack.enter_context(Store.open(place.home / "s", durable=False))
        needed: set[StorePath] = set()

        def meanwhile(_gone: int, _most: int) -> None:
            path = chance.choice(place.paths)
            try:
                match chance.randrange(4):
                    case 0:
                        other.add_root(place.home / f"late{len(needed)}", path)
                    case 1:
                        stack.enter_context(other.lease([path]))
                    case 2:
                        other.keep(f"late{len(needed)}", path)
                    case _:
                        with other.lease([path]):
                            late = f"late{len(needed)}"
                            tree = nodes(late.encode())
                            needed.add(other.add_tree(late, tree, references=[path]))
            except PathNotFound:
                return  # it was faster
            needed.add(path)

        with one_at_a_time():
            store.gc(on_progress=meanwhile)

        assert all(other.has(path) for path in other.closure(needed))
        assert [str(fault) for fault in other.verify()] == []


class one_at_a_time:  # noqa: N801 - a context manager, used like a function
    """Lets paths leave the store one by one, so that others come between."""

    def __enter__(self) -> None:
        self._before, gc.BATCH = gc.BATCH, 1

    def __exit__(self, *_: object) -> None:
        gc.BATCH = self._before
