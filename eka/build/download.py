"""Pinned files over HTTP: size and SHA-256 are checked while the bytes arrive."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from eka.build.errors import FetchFailed, FetchMismatch
from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from http.client import HTTPResponse
    from typing import IO

    from eka.build.web import Web

CHUNK_BYTES = 1 << 16
_NOT_FOUND, _TOO_MANY, _SERVER_ERROR, _GONE, _TIMEOUT = 404, 429, 500, 410, 408


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    attempts: int = 4  # per URL
    first_pause_s: float = 0.5  # doubled after each attempt
    silence_s: float = 30.0  # without a byte
    slowest_bytes_s: int = 4096  # a server that is slower for long is given up
    grace_s: float = 120.0  # before the speed is judged


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file known before it is fetched."""

    name: str
    urls: tuple[str, ...]
    size: int  # bytes
    sha256: str  # 64 hex digits


class Downloader(Protocol):
    """Fetches pinned files."""

    def download(
        self, file: Pinned, into: IO[bytes], progress: Callable[[str, int], None]
    ) -> None:
        """Write the bytes of ``file`` to ``into``, which is empty.

        Args:
            file: What to fetch.
            into: Open for writing and seeking; holds the right bytes afterwards, or garbage when
                an error is raised.
            progress: Called with the URL and the bytes received so far, after each piece; what
                it raises ends the download.

        Raises:
            FetchFailed: no URL answered.
            FetchMismatch: a URL answered with other bytes, and no other one with the right ones.
        """
        ...


class _Refused(Exception):
    """One URL did not give the file; ``again`` tells whether asking once more may help."""

    def __init__(self, why: str, *, again: bool, gone: bool = False) -> None:
        super().__init__(why)
        self.again, self.gone = again, gone


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

        transfer = _Transfer(file, into, progress, self._patience)
        web = Web(self._env, self._patience.silence_s)
        failures: list[tuple[str, _Refused]] = []
        mismatch: FetchMismatch | None = None
        for url in file.urls:
            try:
                self._ask(transfer, web, url)
            except _Refused as refused:
                failures.append((url, refused))
            except FetchMismatch as error:
                mismatch = mismatch or error
            else:
                return
        if mismatch is not None:
            raise mismatch
        _give_up(file, failures)

    def _ask(self, transfer: _Transfer, web: Web, url: str) -> None:
        pause = self._patience.first_pause_s
        for attempt in range(1, self._patience.attempts + 1):
            try:
                transfer.run(web, url)
            except _Refused as refused:
                if not refused.again or attempt == self._patience.attempts:
                    raise
                self._sleep(pause)
                pause *= 2
            else:
                return


def _give_up(file: Pinned, failures: Sequence[tuple[str, _Refused]]) -> None:
    gone = bool(failures) and all(refused.gone for _, refused in failures)
    reasons = [(without_secrets(url), str(refused)) for url, refused in failures]
    raise FetchFailed(file.name, reasons, gone=gone)


def without_secrets(url: str) -> str:
    """Return ``url`` without user name and password, for messages."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + slashes + host.rpartition("@")[2] + slash + path


@dataclass(slots=True)
class _Transfer:
    """One file on its way; may be started over from another URL."""

    file: Pinned
    into: IO[bytes]
    progress: Callable[[str, int], None]
    patience: Patience

    def run(self, web: Web, url: str) -> None:
        """Fetch from ``url``; raises `_Refused` or `FetchMismatch`."""
        try:
            web.check(url)
        except ValueError as error:
            raise _Refused(str(error), again=False) from error
        try:
            with web.open(url) as response:
                self._check_status(response.status, response.reason)
                self._check_length(url, response)
                self._receive(url, response)
        except web.errors as error:  # timeouts, resets, short bodies, names that do not resolve
            raise _Refused(f"{type(error).__name__}: {error}", again=True) from error

    def _check_status(self, status: int, reason: str) -> None:
        if status in {_NOT_FOUND, _GONE}:
            raise _Refused(f"HTTP {status} {reason}", again=False, gone=True)
        if status in {_TIMEOUT, _TOO_MANY} or status >= _SERVER_ERROR:
            raise _Refused(f"HTTP {status} {reason}", again=True)
        if status != 200:  # noqa: PLR2004 - the one good answer to a plain GET
            raise _Refused(f"HTTP {status} {reason}", again=False)

    def _check_length(self, url: str, response: HTTPResponse) -> None:
        length = response.length
        if length is not None and length != self.file.size:
            raise self._wrong(url, f"{self.file.size} bytes", f"{length} bytes")

    def _receive(self, url: str, response: HTTPResponse) -> None:
        self.into.seek(0)
        self.into.truncate()
        digest = hashlib.sha256()
        received = 0
        start = time.monotonic()
        while data := response.read(CHUNK_BYTES):
            received += len(data)
            if received > self.file.size:
                raise self._wrong(url, f"{self.file.size} bytes", "more")
            self._check_speed(received, time.monotonic() - start)
            digest.update(data)
            self.into.write(data)
            self.progress(url, received)
        if received < self.file.size:
            raise _Refused(f"the answer ended after {received} bytes", again=True)
        if digest.hexdigest() != self.file.sha256:
            raise self._wrong(url, f"SHA-256 {self.file.sha256}", f"SHA-256 {digest.hexdigest()}")
        self.into.flush()

    def _check_speed(self, received: int, elapsed_s: float) -> None:
        slow = received < elapsed_s * self.patience.slowest_bytes_s
        if slow and elapsed_s > self.patience.grace_s:
            raise _Refused(f"only {received} bytes came in {elapsed_s:.0f} s", again=False)

    def _wrong(self, url: str, expected: str, found: str) -> FetchMismatch:
        return FetchMismatch(self.file.name, url, expected=expected, found=found)
