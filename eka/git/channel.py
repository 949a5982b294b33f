"""Two-way byte channels to a git server; a child process is one, a socket is the other."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

from eka.checking import TYPE_CHECKING, Protocol
from eka.git.process import OutputTooLarge, TimedOut

if TYPE_CHECKING:
    import socket
    from typing import Self

_CHUNK_BYTES = 64 * 1024
GIT_PORT = 9418


class Channel(Protocol):
    """Port: where a conversation's bytes go to and come from."""

    @property
    def received_bytes(self) -> int:
        """How much came in so far."""
        ...

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """End the connection."""
        ...

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        ...

    def read(self) -> bytes:
        """Return the next bytes that come in, ``b""`` at the end."""
        ...

    def hang_up(self) -> None:
        """End the conversation while another thread holds it."""
        ...


class SocketChannel:
    """A connection to ``git daemon``; a context manager that closes it."""

    def __init__(self, host: str, port: int, *, timeout_s: float | None, max_bytes: int) -> None:
        import socket  # noqa: PLC0415 - few sources are git:// ones

        self._title = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        # Of the whole conversation: a server that says a byte now and then must not last for ever.
        self._deadline = None if timeout_s is None else monotonic() + timeout_s
        self._socket: socket.socket = socket.create_connection((host, port), timeout_s)
        self.received_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        self._socket.sendall(data)

    def read(self) -> bytes:
        """Return the next bytes that come in, ``b""`` at the end."""
        try:
            self._hurry()
            data = self._socket.recv(_CHUNK_BYTES)
        except TimeoutError:
            raise TimedOut(self._title, self._timeout_s or 0.0) from None
        self.received_bytes += len(data)
        if self.received_bytes > self._max_bytes:
            raise OutputTooLarge(self._title, self._max_bytes)
        return data

    def hang_up(self) -> None:
        """End the conversation while another thread holds it."""
        import socket  # noqa: PLC0415 - loaded already

        with suppress(OSError):  # it has ended by itself
            self._socket.shutdown(socket.SHUT_RDWR)

    def _hurry(self) -> None:
        if self._deadline is not None:
            left_s = self._deadline - monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(left_s)
