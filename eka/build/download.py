"""Pinned files over HTTP: size and SHA-256 are checked while the bytes arrive."""

from __future__ import annotations

import time

from eka.build.board import spoken_size
from eka.build.errors import FetchFailed, FetchMismatch
from eka.build.transfer import CHUNK_BYTES, Patience, Pinned, Refused, Transfer
from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

    from eka.build.web import Web

__all__ = [
    "CHUNK_BYTES",
    "Downloader",
    "HttpDownloader",
    "Patience",
    "Pinned",
    "without_secrets",
]
_SLICE_S = 1.0  # of a pause: who wants to end it is not kept waiting longer


class Downloader(Protocol):
    """Fetches pinned files."""

    def download(
        self, file: Pinned, into: IO[bytes], progress: Callable[[str, int], None]
    ) -> None:
        """Write the bytes of ``file`` to ``into``.

        Args:
            file: What to fetch.
            into: Open for reading, writing and seeking. What it holds is taken for the beginning
                of the file. Afterwards it holds the right bytes; when an error is raised, what
                came so far, or nothing when that was wrong.
            progress: Called with the URL and how many bytes of the file are there, after each
                piece and while none comes; what it raises ends the download.

        Raises:
            FetchFailed: no URL answered.
            FetchMismatch: a URL answered with other bytes, and no other one with the right ones.
            OSError: ``into`` cannot be written.
        """
        ...


class HttpDownloader:
    """The real one; http and https only.

    Args:
        env: Where the proxy settings are read from (``http_proxy`` and its family).
        patience: How long servers are waited for.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._env = env
        self._patience = patience or Patience()
        self._sleep = sleep

    def download(
        self, file: Pinned, into: IO[bytes], progress: Callable[[str, int], None]
    ) -> None:
        """See `Downloader`."""
        # Imported here: http and ssl cost more than the rest of the program together.
        from eka.build.web import Web  # noqa: PLC0415 - see above

        transfer = Transfer(file, into, progress, self._patience)
        if transfer.take_up():
            return
        web = Web(self._env, self._patience.silence_s, transfer.tick)
        failures: list[tuple[str, Refused]] = []
        mismatch: FetchMismatch | None = None
        for url in file.urls:
            try:
                self._ask(transfer, web, url)
            except Refused as refused:
                failures.append((url, refused))
            except FetchMismatch as error:
                mismatch = mismatch or error
            else:
                return
        if mismatch is not None:
            raise mismatch
        raise _failed(file, failures, transfer.received)

    def _ask(self, transfer: Transfer, web: Web, url: str) -> None:
        """Ask one URL until the file is there, or it brings nothing new too often."""
        patience, fruitless = self._patience, 0
        for attempt in range(1, patience.most_attempts + 1):
            before = transfer.farthest
            try:
                transfer.run(web, url)
            except Refused as refused:
                fruitless = 1 if transfer.farthest > before else fruitless + 1
                has_tired = fruitless >= patience.attempts or attempt == patience.most_attempts
                if not refused.again or has_tired:
                    raise
                pause_s = max(patience.first_pause_s * 2 ** (fruitless - 1), refused.pause_s)
                self._wait(transfer, min(pause_s, patience.longest_pause_s))
            else:
                return

    def _wait(self, transfer: Transfer, pause_s: float) -> None:
        while pause_s > 0:
            transfer.tick()  # ends the pause when it raises
            self._sleep(min(pause_s, _SLICE_S))
            pause_s -= _SLICE_S


def _failed(file: Pinned, failures: Sequence[tuple[str, Refused]], there: int) -> FetchFailed:
    gone = bool(failures) and all(refused.gone for _, refused in failures)
    reasons = [(without_secrets(url), str(refused)) for url, refused in failures]
    found = FetchFailed(file.name, reasons, gone=gone)
    if there:
        found.fix += f"; the next attempt goes on after the {spoken_size(there)} that came"
    return found


def without_secrets(url: str) -> str:
    """Return ``url`` without user name and password, for messages."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + slashes + host.rpartition("@")[2] + slash + path
