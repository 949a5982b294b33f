"""Answers of web servers whose heads must come in time; a socket alone only notices silence."""

from __future__ import annotations

import http.client
import io
import time

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from typing import BinaryIO

HEAD_S = 60.0  # for status and headers together


class TimedResponse(http.client.HTTPResponse):
    """An answer, given up when its head comes byte by byte for ever."""

    head_s = HEAD_S

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._timed = _Timed(sock, self.fp, self.head_s)
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read status and headers; raises `TimeoutError`."""
        super().begin()
        self._timed.end_s = None  # the speed of a body is judged by who reads it


class _Timed(io.RawIOBase):
    """What arrives at a socket, until a time."""

    def __init__(self, sock: socket.socket, file: BinaryIO, most_s: float) -> None:
        super().__init__()
        self._sock = sock
        self._file = file  # keeps the socket open for as long as the answer is read
        self.end_s: float | None = time.monotonic() + most_s

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed wants any buffer
        """Fill a buffer; 0 at the end."""
        if self.end_s is not None and time.monotonic() > self.end_s:
            raise TimeoutError("the head of the answer did not come in time")
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()
