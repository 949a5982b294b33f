"""Several things under way at once, whose results come back to one thread."""

from __future__ import annotations

import queue
import threading
import typing  # a class that is generic needs the real one

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from eka.store.path import StorePath

K = typing.TypeVar("K")
R = typing.TypeVar("R")
LANES = 8


class Lanes(typing.Generic[K, R]):
    """Threads that work through what is submitted.

    As a context manager: at its end nothing more is begun. What is under way is left behind; the
    threads end with the process at the latest, so that one that waits for a silent server does
    not keep it alive.
    """

    def __init__(self, work: Callable[[K], R], lanes: int = LANES) -> None:
        self._work = work
        self._most = max(1, lanes)
        self._waiting: queue.SimpleQueue[tuple[K] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[K, R | BaseException]] = queue.SimpleQueue()
        self._threads = 0
        self._under_way = 0
        self.is_stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_stopped = True
        for _ in range(self._threads):
            self._waiting.put(None)

    @property
    def has_results(self) -> bool:
        """Whether a result can be had without waiting."""
        return not self._done.empty()

    def submit(self, item: K) -> None:
        """Let something be worked on."""
        self._under_way += 1
        if self._threads < min(self._most, self._under_way):
            self._threads += 1
            threading.Thread(target=self._run, daemon=True).start()
        self._waiting.put((item,))

    def results(self) -> Iterator[tuple[K, R | BaseException]]:
        """Yield results, or what was raised instead, until nothing is under way."""
        while self._under_way:
            found = self._done.get()
            self._under_way -= 1
            yield found

    def _run(self) -> None:
        while (taken := self._waiting.get()) is not None:
            (item,) = taken
            if self.is_stopped:
                return
            try:
                self._done.put((item, self._work(item)))
            except BaseException as error:  # noqa: BLE001 - raised where the results are taken
                self._done.put((item, error))


class Order:
    """Tells which paths may come next: each after those it refers to.

    Args:
        needs: Path -> those of the others that must come before it.
    """

    def __init__(self, needs: Mapping[StorePath, set[StorePath]]) -> None:
        self._left = {path: len(below) for path, below in needs.items()}
        self._above: dict[StorePath, list[StorePath]] = {}
        for path, below in needs.items():
            for each in below:
                self._above.setdefault(each, []).append(path)

    def first(self) -> list[StorePath]:
        """Return what needs nothing."""
        return [path for path, left in self._left.items() if not left]

    def done(self, path: StorePath) -> list[StorePath]:
        """Note that a path is there; return those that may come now."""
        ready: list[StorePath] = []
        for above in self._above.get(path, ()):
            self._left[above] -= 1
            if not self._left[above]:
                ready.append(above)
        return ready
