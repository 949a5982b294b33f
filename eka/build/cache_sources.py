"""The caches of one realisation: asked in order, left out when they are down or lie."""

from __future__ import annotations

import threading

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store import CacheTrouble
from eka.store.cache.errors import CacheFalse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from eka.store import Event
    from eka.store.cache.reading import Cache

    T = TypeVar("T")

MAX_LIES = 3  # of one cache before it is not asked any more


class Source:
    """One cache, as far as it can be used."""

    def __init__(self, cache: Cache, emit: Callable[[Event], None]) -> None:
        self.cache = cache
        self._emit = emit
        self._lock = threading.Lock()
        self._lies = 0
        self._is_down = False

    @property
    def where(self) -> str:
        """What it is called in messages."""
        return self.cache.where

    @property
    def is_usable(self) -> bool:
        """Whether it is still asked."""
        return not self._is_down and self._lies < MAX_LIES

    def ask(self, question: Callable[[Cache], T]) -> T | None:
        """Return an answer of the cache; None when it has none to rely on."""
        if not self.is_usable:
            return None
        try:
            self.cache.root()
            return question(self.cache)
        except EkaError as error:
            self.note(error)
            return None

    def note(self, error: EkaError) -> None:
        """Note what is wrong with the cache; it is told once, and named."""
        with self._lock:
            is_first = not self._is_down and not self._lies
            if isinstance(error, CacheFalse):
                self._lies += 1
            else:
                self._is_down = True
        if is_first:
            why = " ".join(f"{error.what}: {error.why or error.where}".split())
            self._emit(CacheTrouble(self.where, error.code, why))


def usable(sources: Sequence[Source]) -> list[Source]:
    """Return the caches that are still asked, in order."""
    return [source for source in sources if source.is_usable]
