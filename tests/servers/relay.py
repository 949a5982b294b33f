"""A bad line: passes bytes on between clients and a real server, until told otherwise.

``with relay(port) as line`` listens on ``line.port``. ``line.cut_at`` ends a connection in the
middle of an answer, ``line.drips`` lets answers come one byte at a time, ``line.hesitates`` lets
them come in another order than they were asked for.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Generator

_CHUNK_BYTES = 64 * 1024
_TICK_S = 0.05
_HESITATION_S = 0.01


@dataclass(slots=True)
class Connection:
    """One connection through the line."""

    number: int
    answered: int = 0
    """Bytes the server has sent so far."""


@dataclass(slots=True)
class Line:
    """What happens on the line; change it between two connections."""

    port: int = 0
    connections: list[Connection] = field(default_factory=list[Connection])
    """Those since it was last cleared."""
    cut_at: tuple[int, int] | None = None
    """(number, bytes): that connection, and all after it, end after so many bytes."""
    drips: bool = False
    """Answers come one byte at a time, twenty a second."""
    hesitates: random.Random | None = None
    """Decides how long each piece of an answer is held back, up to a hundredth of a second."""

    def room(self, connection: Connection) -> int:
        """How many bytes a connection may still pass on."""
        if self.cut_at is None or connection.number < self.cut_at[0]:
            return _CHUNK_BYTES
        limit = self.cut_at[1] if connection.number == self.cut_at[0] else 0
        return min(_CHUNK_BYTES, max(0, limit - connection.answered))


@contextmanager
def relay(port: int) -> Generator[Line]:
    """Pass connections on to ``port`` until the block ends."""
    line = Line()
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not ended.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connection = Connection(len(line.connections))
            line.connections.append(connection)
            talk = threading.Thread(target=_pass, args=(client, port, connection, line, ended))
            threads.append(talk)
            talk.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        line.port = listener.getsockname()[1]
        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield line
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            for thread in threads:
                thread.join()


def _pass(
    client: socket.socket, port: int, connection: Connection, line: Line, ended: threading.Event
) -> None:
    with (
        client,
        socket.create_connection(("127.0.0.1", port)) as server,
        selectors.DefaultSelector() as selector,
        suppress(OSError),
    ):
        selector.register(client, selectors.EVENT_READ)
        selector.register(server, selectors.EVENT_READ)
        while not ended.is_set():
            for key, _ in selector.select(_TICK_S):
                if key.fileobj is client:
                    alive = _forward(client, server, _CHUNK_BYTES) > 0
                else:
                    alive = _answer(server, client, connection, line, ended)
                if not alive:
                    return


def _forward(source: socket.socket, target: socket.socket, most: int) -> int:
    data = source.recv(most)
    target.sendall(data)
    return len(data)


def _answer(
    server: socket.socket,
    client: socket.socket,
    connection: Connection,
    line: Line,
    ended: threading.Event,
) -> bool:
    room = line.room(connection)
    if not room:
        return False
    if line.hesitates is not None:
        ended.wait(line.hesitates.random() * _HESITATION_S)
    if line.drips:
        ended.wait(_TICK_S)
        room = 1
    passed = _forward(server, client, room)
    connection.answered += passed
    return bool(passed) and line.room(connection) > 0
