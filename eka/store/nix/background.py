"""SHA-256 beside other work: on a thread of its own once there is enough to hash.

Hashing lets go of the interpreter, so where there is a second processor it costs no time.
"""

from __future__ import annotations

import hashlib
import threading
from queue import SimpleQueue

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

BATCH_BYTES = 1 << 18
_MAX_BATCHES = 32  # waiting to be hashed
_ALONE_BYTES = 1 << 20  # up to here a thread would cost more than it saves


class BackgroundSha256:
    """An incremental SHA-256; a context manager, in which alone it may be fed."""

    def __init__(self) -> None:
        self._hasher = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._pending_bytes = 0
        self._thread: threading.Thread | None = None
        self._batches: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._room = threading.Semaphore(_MAX_BATCHES)
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def update(self, data: bytes) -> None:
        """Feed more bytes."""
        self._pieces.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= BATCH_BYTES:
            self._send()

    def digest(self) -> bytes:
        """Return the 32 bytes digest of all bytes fed; nothing more may be fed."""
        self._send()
        self._stop()
        return self._hasher.digest()

    def _send(self) -> None:
        self.size_bytes += self._pending_bytes
        if self._thread is None and self.size_bytes > _ALONE_BYTES:
            self._thread = threading.Thread(target=self._work, name="sha256", daemon=True)
            self._thread.start()
        if self._thread is None:
            self._hasher.update(b"".join(self._pieces))
        else:
            self._room.acquire()
            self._batches.put(self._pieces)
        self._pieces, self._pending_bytes = [], 0

    def _work(self) -> None:
        while (pieces := self._batches.get()) is not None:
            # In one call: hashing asks for the interpreter again after each.
            self._hasher.update(b"".join(pieces))
            self._room.release()

    def _stop(self) -> None:
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join()
            self._thread = None
