"""A smart HTTP git server on the loopback interface: the real ``git http-backend`` as CGI.

``python -m tests.servers.git_http DIR --port 8000`` serves the repositories below DIR;
``with serve(root) as server`` does the same in a test, and ``server.log`` holds what was said.
"""

from __future__ import annotations

import argparse
import base64
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

CHUNK_BYTES = 64 * 1024
KEPT_BYTES = 1024 * 1024


@dataclass
class Exchange:
    """One request and its answer, as they went over the wire (without HTTP's headers)."""

    method: str
    path: str
    request: bytearray = field(default_factory=bytearray)
    """The request's body as sent, perhaps compressed; the first MiB."""
    response: bytearray = field(default_factory=bytearray)
    """The answer's body; the first MiB."""
    received_bytes: int = 0
    sent_bytes: int = 0
    status: int = 0


@dataclass(kw_only=True)
class Behaviour:
    """What the server does besides serving."""

    credentials: tuple[str, str] | None = None
    """User and password it asks for (basic authentication)."""
    speaks_v2: bool = True
    """False: the client's wish for protocol 2 is not passed on, as an old server would do."""
    cut_after_bytes: int | None = None
    """Close the connection after so many bytes of one answer's body."""
    failures: list[int] = field(default_factory=list[int])
    """HTTP statuses to answer the next requests with, instead of serving them; 0 serves."""
    retry_after_s: int | None = None
    """What a client is told then to wait."""


class GitServer(ThreadingHTTPServer):
    """The server; ``log`` grows with every request."""

    daemon_threads = True

    def __init__(self, root: Path, port: int, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.root = root
        self.behaviour = behaviour
        self.log: list[Exchange] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: some tests make them."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # as given

    @property
    def url(self) -> str:
        """Where the server listens, without a final slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def sent_bytes(self) -> int:
        """How much all answers held together."""
        return sum(exchange.sent_bytes for exchange in self.log)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _git(self) -> GitServer:
        assert isinstance(self.server, GitServer)
        return self.server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing: the log is a list."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        exchange = Exchange(self.command, self.path)
        self._git.log.append(exchange)
        behaviour = self._git.behaviour
        failure = behaviour.failures.pop(0) if behaviour.failures else 0
        if failure:
            self._refuse(exchange, failure)
        elif not self._is_authorized():
            self._refuse(exchange, 401)
        else:
            self._run_backend(exchange, path, query)

    def _is_authorized(self) -> bool:
        wanted = self._git.behaviour.credentials
        if wanted is None:
            return True
        token = base64.b64encode(":".join(wanted).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}"

    def _refuse(self, exchange: Exchange, status: int) -> None:
        self._take_body(exchange, None)
        exchange.status = status
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
        if self._git.behaviour.retry_after_s is not None:
            self.send_header("Retry-After", str(self._git.behaviour.retry_after_s))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _run_backend(self, exchange: Exchange, path: str, query: str) -> None:
        with subprocess.Popen(
            ["git", "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._cgi_environment(path, query),
        ) as backend:
            assert backend.stdin is not None
            stdout = backend.stdout
            assert isinstance(stdout, BufferedReader)
            feeder = threading.Thread(target=self._take_body, args=(exchange, backend.stdin))
            feeder.start()
            self._answer(exchange, cast("BufferedReader", stdout))
            feeder.join()

    def _cgi_environment(self, path: str, query: str) -> dict[str, str]:
        headers = self.headers
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self._git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "publisher",  # lets git accept pushes
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
        }
        if length := headers.get("Content-Length"):
            environment["CONTENT_LENGTH"] = length
        if self._git.behaviour.speaks_v2:
            environment["HTTP_GIT_PROTOCOL"] = headers.get("Git-Protocol", "")
        return environment

    def _take_body(self, exchange: Exchange, sink: IO[bytes] | None) -> None:
        """Pass the request's body on, whether it has a length or comes in chunks."""
        try:
            for piece in self._body():
                exchange.received_bytes += len(piece)
                exchange.request += piece[: KEPT_BYTES - len(exchange.request)]
                if sink is not None:
                    sink.write(piece)
            if sink is not None:
                sink.close()
        except OSError:
            self.close_connection = True  # the backend has ended early: its answer says why

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            piece = self.rfile.read(min(left, CHUNK_BYTES))
            if not piece:
                return
            left -= len(piece)
            yield piece

    def _answer(self, exchange: Exchange, source: BufferedReader) -> None:
        status, headers = 200, list[tuple[str, str]]()
        while line := source.readline().strip():
            name, _, value = line.decode().partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        exchange.status = status
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self._send_body(exchange, source):
            self.wfile.write(b"0\r\n\r\n")

    def _send_body(self, exchange: Exchange, source: BufferedReader) -> bool:
        limit = self._git.behaviour.cut_after_bytes
        while piece := source.read1(CHUNK_BYTES):
            room = len(piece) if limit is None else limit - exchange.sent_bytes
            cut = piece[:room]
            exchange.sent_bytes += len(cut)
            exchange.response += cut[: KEPT_BYTES - len(exchange.response)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(cut), cut) if cut else b"")
            if len(cut) < len(piece):
                self.close_connection = True
                source.close()
                return False
        return True


@contextmanager
def serve(
    root: Path, behaviour: Behaviour | None = None, *, port: int = 0
) -> Generator[GitServer]:
    """Serve the repositories below ``root`` until the block ends."""
    server = GitServer(root, port, behaviour or Behaviour())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve a directory until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = GitServer(options.root.resolve(), options.port, Behaviour())
    print(server.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
