"""A server that gives every client the same bytes, whatever it asks."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def answering(data: bytes, *, pause_s: float = 0) -> Generator[str, None, None]:
    """Answer on the loopback interface, at once or byte by byte; yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, data, pause_s), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _answer(listener: socket.socket, data: bytes, pause_s: float) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                for piece in (
                    (data[at : at + 1] for at in range(len(data))) if pause_s else (data,)
                ):
                    connection.sendall(piece)
                    time.sleep(pause_s)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                while connection.recv(1 << 16):  # else what it sends still would reset it
                    pass
