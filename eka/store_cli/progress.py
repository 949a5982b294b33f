"""How far long work is, for a person at a terminal; elsewhere nothing is counted."""

from __future__ import annotations

import io
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store import FileNode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import IO

    from eka.moving import Moving
    from eka.store import Node
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_MIB = 1 << 20


class Amount:
    """Bytes of one piece of work, shown by the mebibyte.

    Args:
        display: Where they are shown.
        what: What is done to them, such as ``MiB added``.
        total_bytes: How many there are; None when nobody knows.
    """

    def __init__(self, display: Moving, what: str, total_bytes: int | None) -> None:
        self._display, self._what = display, what
        self._total = None if total_bytes is None else -(-total_bytes // _MIB)
        self._bytes = self._shown = 0
        display.count(what, 0, self._total)

    def add(self, size_bytes: int) -> None:
        """Count some more."""
        self._bytes += size_bytes
        if self._bytes - self._shown >= _MIB:
            self._shown = self._bytes
            self._display.count(self._what, self._bytes // _MIB, self._total)


@contextmanager
def amount(
    console: Console, place: Place, what: str, total_bytes: int | None = None
) -> Generator[Amount | None, None, None]:
    """Show how many bytes of something are done; yields None where nobody sees it."""
    with console.moving(place.environment) as display:
        yield None if display is None else Amount(display, what, total_bytes)


@contextmanager
def shown_paths(
    console: Console, place: Place, what: str
) -> Generator[Callable[[int, int], None] | None, None, None]:
    """Show how many paths of how many are done; yields None where nobody sees it."""
    with console.moving(place.environment) as display:
        if display is None:
            yield None
        else:
            yield lambda done, total: display.count(what, done, total)


def counted_nodes(nodes: Iterable[Node], amount: Amount | None) -> Iterable[Node]:
    """Pass nodes on and count the bytes of their files."""
    return nodes if amount is None else _passed_on(nodes, amount)


def _passed_on(nodes: Iterable[Node], amount: Amount) -> Iterator[Node]:
    def passed(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            amount.add(len(chunk))
            yield chunk

    for node in nodes:
        if isinstance(node, FileNode):
            yield FileNode(node.path, node.executable, passed(node.chunks))
        else:
            yield node


def counted_source(source: IO[bytes], amount: Amount | None) -> IO[bytes]:
    """Return a stream that counts what is read of ``source``."""
    return source if amount is None else io.BufferedReader(_Counted(source, amount), _MIB)


class _Counted(io.RawIOBase):
    def __init__(self, source: IO[bytes], amount: Amount) -> None:
        super().__init__()
        self._source, self._amount = source, amount

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed wants any buffer
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self._amount.add(len(data))
        return len(data)
