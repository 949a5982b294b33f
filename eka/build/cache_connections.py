"""Connections to a web server that are used again, by several threads.

Unlike a single download, a cache is asked hundreds of small things in a row.
"""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import contextmanager
from urllib.parse import quote, urljoin, urlsplit

from eka.build.timed_response import TimedResponse
from eka.build.web import USER_AGENT, Web, authorization, checked, proxy_for
from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

SILENCE_S = 20.0  # without a byte
_SLOWEST_BYTES_S = 4096
GRACE_S = 60.0  # before the speed is judged
_CHUNK_BYTES = 1 << 17
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = "/-._~"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent with a request; made anew for each attempt."""

    chunks: Callable[[], Iterable[bytes]]
    size_bytes: int
    type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the body that came with it."""

    status: int
    reason: str
    chunks: Iterator[bytes]


class Connections:
    """The connections to one server that are open.

    Args:
        url: http or https, without user and password; what is asked for lies below it.
        env: Where the proxy settings are read from.

    Raises:
        ValueError: the URL or the proxy settings cannot be used.
    """

    # What a request and the reading of its answer raise when the network or server is at fault.
    errors = Web.errors

    def __init__(self, url: str, env: Mapping[str, str]) -> None:
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._place = checked(url)
        self._proxy = proxy_for(self._place, env)
        self._env = env
        self._silence_s = SILENCE_S

    @contextmanager
    def ask(
        self, method: str, name: str, body: Body | None = None
    ) -> Generator[Answer, None, None]:
        """Send a request; the body of its answer is read inside.

        Args:
            method: Such as GET.
            name: Below the URL; of ASCII letters, digits and slashes.
            body: What goes along.
        """
        connection, response = self._sent(method, name, body)
        try:
            if response.status in _REDIRECTS and method == "GET":
                response.close()
                connection.close()
                with self._elsewhere(name, response) as other:
                    yield Answer(other.status, other.reason, _chunks(other))
                return
            yield Answer(response.status, response.reason, _chunks(response))
            if response.isclosed():  # all of it was read: the connection can be used again
                with self._lock:
                    self._idle.append(connection)
                return
        except BaseException:
            response.close()
            connection.close()
            raise
        response.close()
        connection.close()

    def __del__(self) -> None:
        """Close what is open: who asks a cache need not know that there are connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _sent(
        self, method: str, name: str, body: Body | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return connection, self._try(connection, method, name, body)
            except (ConnectionError, http.client.HTTPException):
                pass  # the server closed it meanwhile; a new one tells whether that was all
        connection = self._connected()
        return connection, self._try(connection, method, name, body)

    def _try(
        self, connection: http.client.HTTPConnection, method: str, name: str, body: Body | None
    ) -> http.client.HTTPResponse:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        target = quote(f"{self._place.path.rstrip('/')}/{name}", safe=_SAFE + "%")
        if self._place.query:
            target += f"?{self._place.query}"
        if self._proxy is not None and self._place.scheme == "http":
            target = f"http://{self._place.netloc}{target}"
            headers |= authorization(self._proxy)
        if body is not None:
            headers |= {"Content-Type": body.type, "Content-Length": str(body.size_bytes)}
        try:
            chunks = None if body is None else body.chunks()
            try:
                connection.request(method, target, body=chunks, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                if body is None:
                    raise  # else the server may have said why it does not want the body
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _connected(self) -> http.client.HTTPConnection:
        place, proxy = self._place, self._proxy
        host = place.hostname or ""
        port = place.port or (443 if place.scheme == "https" else 80)
        near = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        connection: http.client.HTTPConnection
        if place.scheme == "http":
            connection = http.client.HTTPConnection(*near, timeout=self._silence_s)
        else:
            connection = http.client.HTTPSConnection(*near, timeout=self._silence_s)
            if proxy:
                connection.set_tunnel(host, port, headers=authorization(proxy))
        connection.response_class = TimedResponse
        return connection

    def _elsewhere(
        self, name: str, response: http.client.HTTPResponse
    ) -> http.client.HTTPResponse:
        here = f"{self._place.scheme}://{self._place.netloc}{self._place.path.rstrip('/')}/{name}"
        there = urljoin(here, response.headers.get("Location", ""))
        is_secret = urlsplit(here).scheme == "https"
        return Web(self._env, self._silence_s).open(there, https_only=is_secret)


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body; a server that sends a byte now and then is given up."""
    began_s, received = time.monotonic(), 0
    while chunk := response.read1(_CHUNK_BYTES):
        received += len(chunk)
        elapsed_s = time.monotonic() - began_s
        if elapsed_s > GRACE_S and received < elapsed_s * _SLOWEST_BYTES_S:
            raise TimeoutError(f"only {received} bytes came in {elapsed_s:.0f} s")
        yield chunk
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
