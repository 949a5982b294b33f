"""A web server that knows parts of files, breaks off where a test wants it to, and keeps count."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


@dataclass
class RangedServer:
    """Serves one file; each answer ends after the next number of ``cuts``, or is whole."""

    port: int
    body: bytes
    cuts: Iterator[int] = field(default_factory=lambda: iter(()))
    knows_parts: bool = True
    tag: str = ""  # sent as ETag
    said: Callable[[int, int], str] | None = None  # Content-Range instead of the true one
    prepare: Callable[[], None] = lambda: None  # before each answer
    slice_bytes: int = 1 << 14
    pause: Callable[[], None] = lambda: None  # before each slice
    asked: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # start, If-Range
    sent: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # start, end

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"http://127.0.0.1:{self.port}/file"

    @property
    def sent_bytes(self) -> int:
        """How many bytes of the file left the server."""
        return sum(end - start for start, end in self.sent)


@contextmanager
def ranged_server(body: bytes) -> Generator[RangedServer]:
    """Run a server for the time of a test."""
    server: RangedServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            condition = self.headers.get("If-Range", "")
            server.prepare()
            server.asked.append((int(found[1]) if found else 0, condition))
            body = server.body
            wanted = server.knows_parts and found and condition in {"", server.tag}
            start = int(found[1]) if found and wanted else 0
            if wanted and start >= len(body):
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            if wanted:
                told = server.said(start, len(body)) if server.said else ""
                self.send_header(
                    "Content-Range", told or f"bytes {start}-{len(body) - 1}/{len(body)}"
                )
            if server.tag:
                self.send_header("ETag", server.tag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self._send(start, min(len(body), start + next(server.cuts, len(body))))

        def _send(self, start: int, end: int) -> None:
            server.sent.append((start, start))
            number = len(server.sent) - 1
            body = server.body
            for at in range(start, end, server.slice_bytes):
                server.pause()
                data = body[at : min(at + server.slice_bytes, end)]
                server.sent[number] = (start, at + len(data))  # before it arrives
                try:
                    self.wfile.write(data)
                except OSError:
                    return  # the client was killed

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the base
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = RangedServer(listening.server_address[1], body)
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
