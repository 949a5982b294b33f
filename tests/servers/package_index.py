"""A package index on the loopback interface: wheels of a directory, listed as PEP 503 says."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class PackageIndex(ThreadingHTTPServer):
    """Serves ``/simple/<name>/`` and ``/files/<file>``; ``asked`` has every path."""

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.directory = directory
        self.asked: list[str] = []
        self.replaced: dict[str, bytes] = {}
        """What is served in place of files, by name."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def simple(self) -> str:
        """What tools are told."""
        return f"{self.url}/simple"

    def page(self, name: str) -> str:
        """Return the page of a package; empty where there is none."""
        links = [
            f'<a href="../../files/{quote(file.name)}#sha256={digest(file)}">'
            f"{escape(file.name)}</a><br>"
            for file in sorted(self.directory.iterdir())
            if normal(file.name.partition("-")[0]) == name
        ]
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>" if links else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index = self.server
        assert isinstance(index, PackageIndex)
        index.asked.append(self.path)
        kind, _, name = unquote(self.path).strip("/").partition("/")
        body, content = b"", "application/octet-stream"
        if kind == "simple":
            body, content = index.page(normal(name)).encode(), "text/html"
        elif kind == "files" and (file := index.directory / name).is_file():
            body = index.replaced.get(name) or file.read_bytes()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - its name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""


def normal(name: str) -> str:
    """Return the normal form of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def serve(directory: Path) -> Generator[PackageIndex]:
    """Serve the wheels of a directory."""
    with PackageIndex(directory) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
