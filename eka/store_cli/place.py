"""The store that a command works on: opened for one command, or once for a whole session."""

from __future__ import annotations

from contextlib import contextmanager

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from eka.store import Store


class Place:
    """Where the store is, and the environment of the program.

    Inside `kept` all commands share one open store, so what one of them adds is kept from
    garbage collection until the session ends; each command still waits for the medium.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = environment
        self._kept: Store | None = None

    @contextmanager
    def store(self) -> Generator[Store, None, None]:
        """Open the store for one command."""
        if self._kept is not None:
            yield self._kept
            self._kept.sync()
            return
        with _opened(self.root) as store:
            yield store

    @contextmanager
    def kept(self) -> Generator[None, None, None]:
        """Keep one store open for all commands inside."""
        with _opened(self.root) as store:
            self._kept = store
            try:
                yield
            finally:
                self._kept = None


def _opened(root: Path) -> Store:
    from eka.store import Store  # noqa: PLC0415 - the words are looked at before the store

    return Store.open(root)
