"""Requests to one HTTP server: through a proxy or not, with TLS or not, one at a time.

Made of the standard library, loaded when it is needed: pushing is rare. Nothing here follows
redirects or knows credentials; whoever asks does.
"""

from __future__ import annotations

from contextlib import suppress

from eka.checking import TYPE_CHECKING
from eka.git.failures import NetworkFailed
from eka.git.http_match import DEFAULT_PORTS
from eka.git.http_rules import OnlyGitKnows
from eka.git.process import TimedOut
from eka.git.safe import safe_line
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPConnection, HTTPResponse
    from ssl import SSLContext
    from typing import NoReturn, Self

    from eka.atom import SourceUrl
    from eka.git.http_proxy import Proxy
    from eka.git.http_rules import HttpRules

TIMEOUT_S = 600.0  # without a sign of life; a server that stores thousands of refs gives signs
PROXY_WANTS_LOGIN = 407
_CHUNK_BYTES = 64 * 1024
_LEFT_BYTES = 4096  # rather read than lose the connection for


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a server."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    on_sent: Callable[[int, int], None] | None = None
    """Is told how many bytes of the body went out, and how many there are."""


class Answer:
    """An answer whose body is read piece by piece."""

    def __init__(self, client: HttpClient, response: HTTPResponse) -> None:
        self._client = client
        self._response = response
        self.status = response.status

    def header(self, name: str) -> str:
        """Return a header, empty when there is none."""
        return self._response.getheader(name) or ""

    def all_headers(self, name: str) -> list[str]:
        """Return every header of a name."""
        return self._response.headers.get_all(name) or []

    def read(self, size_bytes: int = _CHUNK_BYTES) -> bytes:
        """Return the next bytes of the body, ``b""`` at its end; raises NetworkFailed."""
        data = self._client.reading(lambda: self._response.read1(size_bytes))
        if not data:
            self._response.close()  # else the connection takes it for unfinished
        return data

    def leave(self) -> None:
        """Have done with the answer: what is left of a long body is never read."""
        for _ in range(2):
            if not self.read(_LEFT_BYTES):
                return
        self._client.close()


class HttpClient:
    """A connection to one server, opened when it is needed; used in a ``with`` block."""

    def __init__(
        self, url: SourceUrl, rules: HttpRules, proxy: Proxy | None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url = url
        self._rules = rules
        self._proxy = proxy
        self._timeout_s = timeout_s
        self._host = url.host or ""
        self._port = url.port or DEFAULT_PORTS[url.scheme]
        self._is_secure = url.scheme == "https"
        self._connection: HTTPConnection | None = None
        self._response: HTTPResponse | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next request opens another."""
        if self._response is not None:
            self._response.close()  # it may have taken over the socket
            self._response = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def hang_up(self) -> None:
        """End the connection while another thread waits for an answer."""
        from socket import SHUT_RDWR  # noqa: PLC0415 - see the module's docstring

        sock = None if self._connection is None else self._connection.sock
        if sock is not None:
            with suppress(OSError):  # it has ended by itself
                sock.shutdown(SHUT_RDWR)

    def send(self, request: Request) -> Answer:
        """Send a request and return the beginning of the answer.

        Raises:
            NetworkFailed, TimedOut; OnlyGitKnows where the server's certificate or the proxy is
            for git to judge.
        """
        is_used = self._connection is not None
        try:
            return self._answer(request)
        except NetworkFailed:
            if not is_used or request.body:
                raise  # of what was sent the server may have done something
            # The server may have closed an idle connection.
            return self._answer(request)

    def reading(self, action: Callable[[], bytes]) -> bytes:
        """Do ``action`` with the connection, and tell what goes wrong by eka's own errors."""
        from http.client import HTTPException  # noqa: PLC0415 - see the module's docstring

        try:
            return action()
        except (OSError, HTTPException) as error:
            self._fail(error)

    def _answer(self, request: Request) -> Answer:
        from http.client import HTTPException  # noqa: PLC0415 - see the module's docstring

        try:
            if self._connection is None:
                self._connection = self._opened()
            self._send(self._connection, request)
            self._response = self._connection.getresponse()
        except (OSError, HTTPException) as error:
            self._fail(error)
        if self._response.status == PROXY_WANTS_LOGIN:
            raise OnlyGitKnows
        return Answer(self, self._response)

    def _fail(self, error: Exception) -> NoReturn:
        """Raise what an error of the connection means."""
        from ssl import SSLCertVerificationError  # noqa: PLC0415 - see the module's docstring

        self.close()
        if isinstance(error, SSLCertVerificationError):
            # Git may trust other authorities than Python does: it is asked, and has the last word.
            raise OnlyGitKnows from error
        if isinstance(error, TimeoutError):
            raise TimedOut(self._url.public, self._timeout_s) from error
        text = safe_line(str(error)) or type(error).__name__
        if f"Tunnel connection failed: {PROXY_WANTS_LOGIN}" in text:
            raise OnlyGitKnows from error
        raise NetworkFailed(self._url, text) from error

    def _opened(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - as above

        proxy = self._proxy
        host, port = (self._host, self._port) if proxy is None else (proxy.host, proxy.port)
        if not self._is_secure:
            return HTTPConnection(host, port, timeout=self._timeout_s)
        context = _tls(self._rules)
        connection = HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
        if proxy is not None:
            if ":" in self._host:
                raise OnlyGitKnows  # http.client does not write such a host as a tunnel wants it
            connection.set_tunnel(self._host, self._port, self._proxy_headers())
        return connection

    def _send(self, connection: HTTPConnection, request: Request) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        if self._port != DEFAULT_PORTS[self._url.scheme]:
            host += f":{self._port}"
        headers = {"Host": host, **request.headers}
        target = request.target
        if self._proxy is not None and not self._is_secure:
            target = f"http://{host}{target}"
            headers |= self._proxy_headers()
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        try:
            self._send_body(connection, request)
        except (BrokenPipeError, ConnectionResetError):
            return  # a server that has heard enough answers early: the answer says why

    @staticmethod
    def _send_body(connection: HTTPConnection, request: Request) -> None:
        view = memoryview(request.body)
        for start in range(0, len(view), _CHUNK_BYTES):
            chunk = view[start : start + _CHUNK_BYTES]
            connection.send(chunk)
            if request.on_sent is not None:
                request.on_sent(start + len(chunk), len(view))

    def _proxy_headers(self) -> dict[str, str]:
        token = None if self._proxy is None else self._proxy.token
        return {} if token is None else {"Proxy-Authorization": f"Basic {token}"}


def _tls(rules: HttpRules) -> SSLContext:
    import ssl  # noqa: PLC0415 - see the module's docstring

    try:
        context = ssl.create_default_context(cafile=rules.ca_file, capath=rules.ca_directory)
        if not rules.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if rules.cert_file is not None:
            context.load_cert_chain(rules.cert_file, rules.key_file, _no_password)
    except (OSError, ValueError) as error:
        raise OnlyGitKnows from error  # git says what it thinks of that file
    return context


def _no_password() -> NoReturn:
    # OpenSSL would ask at the terminal; git knows whom to ask.
    raise OnlyGitKnows
