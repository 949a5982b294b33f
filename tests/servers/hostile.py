"""Git servers that say whatever a test wants them to say."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


def packet(data: bytes) -> bytes:
    """Return one packet of git's wire protocol."""
    return b"%04x" % (len(data) + 4) + data


FLUSH = b"0000"
ADVERTISEMENT = (
    packet(b"version 2\n")
    + packet(b"agent=hostile\n")
    + packet(b"ls-refs\n")
    + packet(b"fetch=shallow filter\n")
    + packet(b"object-format=sha1\n")
    + FLUSH
)


def listing(lines: Sequence[bytes]) -> bytes:
    """Return an answer to ``ls-refs``."""
    return b"".join(packet(line + b"\n") for line in lines) + FLUSH


def pack_answer(pack: bytes) -> bytes:
    """Return an answer to ``fetch``."""
    pieces = [pack[start : start + 60000] for start in range(0, len(pack), 60000)]
    return packet(b"packfile\n") + b"".join(packet(b"\x01" + piece) for piece in pieces) + FLUSH


@contextmanager
def serve_socket(*answers: bytes, stalls: bool = False) -> Generator[str]:
    """Serve ``git://``: each answer follows a request; then hang up, or say nothing more.

    Yields the URL of a repository.
    """
    released = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.recv(4096)  # which repository
            for number, answer in enumerate(answers):
                if number:
                    _read_request(connection)
                connection.sendall(answer)
            if stalls:
                released.wait(60)
                return
            # Hang up in an orderly way: a request that nobody has read would become a reset.
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            while connection.recv(65536):
                continue

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                talk(connection)
            except OSError:
                continue  # the client had enough

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"git://127.0.0.1:{listener.getsockname()[1]}/set"
        finally:
            released.set()
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()


def _read_request(connection: socket.socket) -> None:
    data = b""
    while not data.endswith(FLUSH):
        piece = connection.recv(65536)
        if not piece:
            return
        data += piece


@contextmanager
def serve_http(
    advertisement: bytes,
    answer: bytes,
    *,
    location: str | None = None,
    service: str = "git-upload-pack",
) -> Generator[str]:
    """Serve HTTP: the advertisement to every GET, the answer to every POST, as of ``service``.

    With ``location``, every GET is redirected there instead. Yields the URL of a repository.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if location is not None:
                self.send_response(302)
                self.send_header("Location", location + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(f"application/x-{service}-advertisement", advertisement)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._send(f"application/x-{service}-result", answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            """Say nothing."""

        def _send(self, content_type: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/set"
        finally:
            server.shutdown()
            thread.join()
