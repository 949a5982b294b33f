"""One pinned file on its way: what came is kept and gone on from, and checked as a whole."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from io import SEEK_END

from eka.build.errors import FetchMismatch
from eka.build.ranges import part_sent, pause_asked_s, validator
from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse
    from typing import IO

    from eka.build.web import Web

CHUNK_BYTES = 1 << 16
_OK, _PART, _NOT_FOUND, _GONE, _UNFIT = 200, 206, 404, 410, 416
_TOO_MANY, _SERVER_ERROR, _TIMEOUT = 429, 500, 408


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    attempts: int = 4  # per URL, one after the other that bring nothing new
    most_attempts: int = 100  # per URL, whatever they bring
    first_pause_s: float = 0.5  # doubled after each attempt that brings nothing new
    longest_pause_s: float = 60.0  # a server that asks for more is left alone
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


class Refused(Exception):
    """One URL did not give the file; ``again`` tells whether asking once more may help."""

    def __init__(self, why: str, *, again: bool, gone: bool = False, pause_s: float = 0.0) -> None:
        super().__init__(why)
        self.again, self.gone = again, gone
        self.pause_s = pause_s  # what the server asks for


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


class _Unfit(Exception):
    """A server cannot, or does not honestly, go on in the middle of a file."""


@dataclass(slots=True)
class Transfer:
    """The bytes of one file, from however many answers.

    Invariant: ``into`` holds ``received`` bytes, and ``_digest`` has taken exactly these.
    """

    file: Pinned
    into: IO[bytes]
    progress: Callable[[str, int], None]
    patience: Patience
    received: int = 0
    farthest: int = 0  # the most that was ever received
    _digest: _Digest = field(default_factory=hashlib.sha256)
    _is_mixed: bool = False  # its bytes are not all of one answer
    _starts_over: bool = False  # parts did not fit together: only whole answers count now
    _validators: dict[str, str] = field(default_factory=dict[str, str])
    _whole_only: set[str] = field(default_factory=set[str])  # URLs that are bad at parts

    def take_up(self) -> bool:
        """Take what is there for the beginning of the file; tell whether it is all of it."""
        there = self.into.seek(0, SEEK_END)
        self.into.seek(0)
        while data := self.into.read(CHUNK_BYTES):
            self._digest.update(data)
            self.received += len(data)
            self.progress(self.file.urls[0], there)
            if self.received > self.file.size:
                break
        self._is_mixed = self.received > 0
        if self.received >= self.file.size and not self._is_right():
            self._restart()
        self.farthest = self.received
        return self._is_right()

    def tick(self) -> None:
        """Tell that nothing new has come; what is raised by whoever is told ends the transfer."""
        self.progress(self.file.urls[0], self.received)

    def run(self, web: Web, url: str) -> None:
        """Fetch what is missing from ``url``, or all where that cannot be.

        Raises:
            Refused: it did not come to the end.
            FetchMismatch: the URL has another file.

        Source: atom-spec/build.md [fetch-resume], [fetch-parts].
        """
        try:
            web.check(url)
        except ValueError as error:
            raise Refused(str(error), again=False) from error
        if self._starts_over:
            self._restart()
        try:
            self._attempt(web, url)
        except _Unfit:
            self._whole_only.add(url)
            self._restart()
            self._attempt(web, url)
        if self.received < self.file.size:
            raise Refused(f"the answer ended after {self.received} bytes", again=True)
        if not self._is_right():
            self._blame(url)

    def _attempt(self, web: Web, url: str) -> None:
        asked = self._rest(url)
        try:
            response = web.open(url, headers=asked)
        except web.errors as error:  # timeouts, resets, names that do not resolve
            raise _unreadable(error) from error
        with response:
            self._check_status(response, is_part=bool(asked))
            if response.status == _PART:
                end = self._part_end(response)
                self._is_mixed = True
                self.progress(url, self.received)
            else:
                self._check_length(url, response)
                self._restart()
                end = self.file.size
            self._validators[url] = validator(response.headers)
            self._receive(web, url, response, end)

    def _rest(self, url: str) -> dict[str, str]:
        """Return the headers that ask for what is missing; none to ask for all."""
        if not self.received or url in self._whole_only:
            return {}
        found = {"Range": f"bytes={self.received}-"}
        if known := self._validators.get(url):
            found["If-Range"] = known
        return found

    def _check_status(self, response: HTTPResponse, *, is_part: bool) -> None:
        status, told = response.status, f"HTTP {response.status} {response.reason}"
        if status == _OK or (status == _PART and is_part):
            return
        if status == _UNFIT and is_part:
            raise _Unfit
        if status in {_NOT_FOUND, _GONE}:
            raise Refused(told, again=False, gone=True)
        if status not in {_TIMEOUT, _TOO_MANY} and status < _SERVER_ERROR:
            raise Refused(told, again=False)
        pause_s = pause_asked_s(response.headers)
        if pause_s > self.patience.longest_pause_s:
            why = f"{told}; it asks to be left alone for {pause_s:.0f} s"
            raise Refused(why, again=False)
        raise Refused(told, again=True, pause_s=pause_s)

    def _part_end(self, response: HTTPResponse) -> int:
        part, size = part_sent(response.headers), self.file.size
        if part is None or part.start != self.received or part.end > size:
            raise _Unfit
        if part.total not in {None, size}:
            raise _Unfit
        return part.end

    def _check_length(self, url: str, response: HTTPResponse) -> None:
        length = response.length
        if length is not None and length != self.file.size:
            raise self._wrong(url, f"{self.file.size} bytes", f"{length} bytes")

    def _receive(self, web: Web, url: str, response: HTTPResponse, end: int) -> None:
        start, before = time.monotonic(), self.received
        while data := _read(web, response):
            if self.received + len(data) > end:
                if response.status == _PART:
                    raise _Unfit
                self._restart()
                raise self._wrong(url, f"{self.file.size} bytes", "more")
            self._append(data)
            self._check_speed(self.received - before, time.monotonic() - start)
            self.progress(url, self.received)

    def _append(self, data: bytes) -> None:
        self._digest.update(data)
        view = memoryview(data)
        while view:
            view = view[self.into.write(view) :]
        self.received += len(data)
        self.farthest = max(self.farthest, self.received)

    def _check_speed(self, received: int, elapsed_s: float) -> None:
        slow = received < elapsed_s * self.patience.slowest_bytes_s
        if slow and elapsed_s > self.patience.grace_s:
            raise Refused(f"only {received} bytes came in {elapsed_s:.0f} s", again=False)

    def _is_right(self) -> bool:
        return self.received == self.file.size and self._digest.hexdigest() == self.file.sha256

    def _blame(self, url: str) -> None:
        """Raise `FetchMismatch` if all the wrong bytes are of one answer; else nobody knows."""
        is_mixed, found = self._is_mixed, self._digest.hexdigest()
        self._restart()
        if is_mixed:
            self._starts_over = True
            raise Refused("parts of it do not fit together", again=True)
        raise self._wrong(url, f"SHA-256 {self.file.sha256}", f"SHA-256 {found}")

    def _restart(self) -> None:
        self.into.seek(0)
        self.into.truncate()
        self._digest, self.received, self._is_mixed = hashlib.sha256(), 0, False

    def _wrong(self, url: str, expected: str, found: str) -> FetchMismatch:
        return FetchMismatch(self.file.name, url, expected=expected, found=found)


def _read(web: Web, response: HTTPResponse) -> bytes:
    """Return what has come; unlike ``read`` it loses nothing when the answer breaks off."""
    try:
        return response.read1(CHUNK_BYTES)
    except web.errors as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> Refused:
    return Refused(f"{type(error).__name__}: {error}", again=True)
