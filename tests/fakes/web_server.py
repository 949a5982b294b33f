"""An HTTP server on this machine that answers as a test tells it, well or badly."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Reply = bytes  # everything after the request, status line included


def reply(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> Reply:
    """Return an answer; ``length`` is said instead of the true one."""
    said = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {said}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def unsized(body: bytes) -> Reply:
    """Return an answer that does not say how long it is."""
    return b"HTTP/1.0 200 OK\r\n\r\n" + body


@dataclass
class WebServer:
    """Answers each path with its replies in turn; the last one is given for ever."""

    port: int
    replies: dict[str, list[Reply | Callable[[], Reply]]] = field(
        default_factory=dict[str, "list[Reply | Callable[[], Reply]]"]
    )
    requests: list[tuple[str, dict[str, str]]] = field(
        default_factory=list[tuple[str, dict[str, str]]]
    )

    def url(self, path: str) -> str:
        """Return the address of ``path``."""
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, *replies: Reply | Callable[[], Reply]) -> str:
        """Set the replies of ``path``; returns its address."""
        self.replies[path] = list(replies)
        return self.url(path)

    def asked(self) -> list[str]:
        """Return the targets of all requests so far."""
        return [target for target, _ in self.requests]

    def answer(self, target: str) -> Reply:
        """Return the reply to one request."""
        replies = self.replies.get(target)
        if not replies:
            return reply("404 Not Found")
        found = replies.pop(0) if len(replies) > 1 else replies[0]
        return found if isinstance(found, bytes) else found()


@contextmanager
def web_server() -> Generator[WebServer]:
    """Run a server for the time of a test."""
    server: WebServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, dict(self.headers.items())))
            self.wfile.write(server.answer(self.path))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server = WebServer(listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
