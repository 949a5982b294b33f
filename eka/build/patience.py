"""Answers that can be waited for in slices, so that whoever has enough of it is heard."""

from __future__ import annotations

import http.client
import io

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from _typeshed import WriteableBuffer

_SLICE_S = 0.5


class _Patient(io.RawIOBase):
    """Reads from a socket; in the silences it lets somebody speak."""

    def __init__(
        self,
        connection: socket.socket,
        raw: io.RawIOBase,
        silence_s: float,
        tick: Callable[[], None],
    ) -> None:
        super().__init__()
        self._connection, self._raw = connection, raw
        self._silence_s, self._tick = silence_s, tick

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        waited_s = 0.0
        while True:
            slice_s = min(_SLICE_S, self._silence_s - waited_s)
            self._connection.settimeout(slice_s)
            try:
                return self._connection.recv_into(buffer)
            except TimeoutError:
                waited_s += slice_s
                if waited_s >= self._silence_s:
                    raise
                self._tick()

    def close(self) -> None:
        self._raw.close()  # which alone closes the socket
        super().close()


def patient_response(
    silence_s: float, tick: Callable[[], None]
) -> Callable[..., http.client.HTTPResponse]:
    """Return what makes answers of connections.

    Args:
        silence_s: How long to wait for the next byte.
        tick: Called twice a second while none comes; what it raises ends the waiting.
    """

    def made(connection: socket.socket, *rest: Any, **more: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - as the base
        found = http.client.HTTPResponse(connection, *rest, **more)
        raw = found.fp.detach()
        found.fp = io.BufferedReader(_Patient(connection, raw, silence_s, tick))
        return found

    return made
