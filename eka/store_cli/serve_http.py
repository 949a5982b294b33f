"""The protocol over HTTP: a request is the body of a POST, its messages are the answer's body.

There are no passwords. Who may connect is decided by the address: loopback only, unless asked
otherwise; and over HTTP nothing is changed, unless asked otherwise. A page in a browser gets
nowhere: its requests name an origin, or another host, or no type that needs permission.
"""

from __future__ import annotations

import ipaddress
import json
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eka.checking import TYPE_CHECKING, cast
from eka.store.cache.documents import ROOT
from eka.store_cli.console import error_document
from eka.store_cli.conversation import Channel, hello, session
from eka.store_cli.errors import (
    CannotServe,
    InvalidRequest,
    OperationRefused,
    StoreUsage,
    TooManyConnections,
)
from eka.store_cli.place import Place
from eka.store_cli.serve_cache import AREAS, DOCUMENTS, PUSH, CacheDoor

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from eka.errors import EkaError
    from eka.store_cli.console import Console

PATH = "/v1"
TYPE = "application/x-ndjson"
CACHE_PATHS = tuple(f"/{each}" for each in (ROOT, DOCUMENTS, PUSH, *AREAS))
TIMEOUT_S = 60.0  # of a client that neither sends nor takes anything
_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_MAX_PORT = 65535


def serve_http(
    arguments: argparse.Namespace, place: Place, console: Console, max_connections: int
) -> None:
    """Listen until the program is stopped."""
    host, port = _address(arguments.http)
    is_local = ipaddress.ip_address(host).is_loopback
    if not is_local and not arguments.public:
        why = f"{host} can be reached from other machines, and there are no passwords"
        raise CannotServe(arguments.http, why, "add --public if everybody there may read it")
    if arguments.writable and not is_local:
        why = "everybody on the network could change the store"
        raise CannotServe(arguments.http, why, "leave out --writable, or listen on 127.0.0.1")
    try:
        server = _Server((host, port), place, max_connections)
    except OSError as error:
        raise CannotServe(arguments.http, error.strerror or str(error)) from error
    server.may_change, server.is_local = bool(arguments.writable), is_local
    with server:
        address = f"http://{host}:{server.server_address[1]}{PATH}"
        console.document("serve", {"address": address})
        console.talk(f"listening on {address}, also a binary cache; Ctrl-C ends it")
        server.serve_forever()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        ipaddress.IPv4Address(host)
    except ValueError as error:
        why = f"{text!r} is not ADDRESS:PORT, such as 127.0.0.1:8321"
        raise StoreUsage("eka-store serve --http", why) from error
    if not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
        raise StoreUsage("eka-store serve --http", f"{port!r} is not a port")
    return host, int(port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], place: Place, max_connections: int) -> None:
        self.place = place
        self.max_connections = max_connections
        self._room = threading.BoundedSemaphore(max_connections)
        self.may_change = False
        self.is_local = True
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as socketserver has it
        """Take a connection, if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        fact = {"id": None, "error": error_document(TooManyConnections(self.max_connections))}
        head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {TYPE}\r\nConnection: close"
        with suppress(OSError):
            request.settimeout(1.0)
            request.sendall(f"{head}\r\n\r\n{json.dumps(fact)}\n".encode())
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the same
        """Serve a connection in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the same
        """Say nothing of clients that go away; the answer told whatever else went wrong."""


class _Body:
    """The body of a request, of a length that was told."""

    def __init__(self, handler: BaseHTTPRequestHandler, length: int) -> None:
        self._file, self._left = handler.rfile, length

    def readline(self, limit: int, /) -> bytes:
        """Return the next line of the body; nothing at its end."""
        line = self._file.readline(min(limit, self._left)) if self._left else b""
        self._left -= len(line)
        return line


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a binary cache is asked over connections that are kept
    timeout: ClassVar[float | None] = TIMEOUT_S
    server_version = "eka-store"
    sys_version = ""

    @property
    def _served(self) -> _Server:
        return cast("_Server", self.server)

    def setup(self) -> None:
        """Take a connection."""
        super().setup()
        place = Place(self._served.place.root, self._served.place.environment)
        self._cache = CacheDoor(self, place, may_change=self._served.may_change)

    def finish(self) -> None:
        """Let a connection go."""
        self._cache.close()
        super().finish()

    def do_GET(self) -> None:
        """Tell what can be asked, or answer as a binary cache."""
        if not self._is_welcome():
            return
        if self.path != PATH:
            self._cache.get(self.path.removeprefix("/"))
            return
        self._start(HTTPStatus.OK)
        self._write(hello(may_change=self._served.may_change))

    def do_POST(self) -> None:
        """Answer the requests of the body, line by line, or take what is pushed."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or len(length) > len(str(1 << 63)):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, InvalidRequest("Content-Length", "missing"))
        elif self.path.startswith(CACHE_PATHS):
            if self._is_welcome():
                self._cache.post(self.path.removeprefix("/"), int(length))
        elif self.headers.get_content_type() != TYPE:
            fact = InvalidRequest("Content-Type", f"it is not {TYPE}")
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, fact)
        elif self._is_welcome():
            self._answer(int(length))

    def _answer(self, length: int) -> None:
        try:
            self._start(HTTPStatus.OK)
            place = Place(self._served.place.root, self._served.place.environment)
            channel = Channel(_Body(self, length), self._write, self._served.may_change)
            session(channel, place)
        except OSError:
            self.close_connection = True  # the client went away, or was silent for too long

    def _is_welcome(self) -> bool:
        is_known = self.path == PATH or self.path.startswith(CACHE_PATHS)
        if not is_known:
            self._refuse(HTTPStatus.NOT_FOUND, InvalidRequest(self.path[:200], f"not {PATH}"))
            return False
        name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if "Origin" in self.headers or (self._served.is_local and name not in _NAMES):
            fact = OperationRefused("a request that a page in a browser seems to make")
            self._refuse(HTTPStatus.FORBIDDEN, fact)
            return False
        return True

    def _refuse(self, status: HTTPStatus, fact: EkaError) -> None:
        self._start(status)
        self._write({"id": None, "error": error_document(fact)})

    def _start(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPE)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")  # the end of the body is the end of it all
        self.end_headers()

    def _write(self, message: Mapping[str, object]) -> None:
        self.wfile.write(f"{json.dumps(message)}\n".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
        """Say nothing: standard error is for people."""
