"""A store as a binary cache over HTTP: read from by all who may, pushed to where that is allowed.

Unlike the protocol, connections are kept: a cache is asked hundreds of small things in a row.
"""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus

from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError
from eka.store import Store
from eka.store.cache.desk import Desk
from eka.store.cache.documents import MAX_DOCUMENT_BYTES
from eka.store.cache.errors import CacheFalse, CacheUnwritable
from eka.store_cli.console import error_document
from eka.store_cli.errors import InvalidRequest
from eka.store_cli.requests import read_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.server import BaseHTTPRequestHandler
    from typing import Final

    from eka.store_cli.place import Place

DOCUMENTS: Final = "documents"
PUSH: Final = "push/"
AREAS: Final = ("info/", "object/", "resolved/", "file/")
MAX_QUESTION_BYTES = 1 << 20
MAX_NAMES = 1000
_CHUNK_BYTES = 1 << 17
_SKIPPED_BYTES = 1 << 24
_JSON, _LINES, _BYTES = "application/json", "application/x-ndjson", "application/octet-stream"


class CacheDoor:
    """Answers one connection; the store is opened by its first request, and open until its end.

    Args:
        handler: Of the connection.
        place: The store.
        may_change: Whether paths are taken.
    """

    def __init__(self, handler: BaseHTTPRequestHandler, place: Place, *, may_change: bool) -> None:
        self._handler = handler
        self._place = place
        self._may_change = may_change
        self._store: Store | None = None

    def close(self) -> None:
        """Close the store; what was pushed is on the medium then."""
        if self._store is not None:
            with suppress(EkaError):  # nobody is left to be told
                self._store.close()

    def get(self, name: str) -> None:
        """Answer a GET."""
        try:
            desk = self._desk()
            data = desk.document(name)
            if data is not None:
                self._send(HTTPStatus.OK, _JSON, data)
                return
            with desk.object(name) as found:
                if found is None:
                    self._fail(HTTPStatus.NOT_FOUND, InvalidRequest(name[:200], "there is none"))
                    return
                size_bytes, chunks = found
                self._start(HTTPStatus.OK, _BYTES, size_bytes)
                for chunk in chunks:
                    self._handler.wfile.write(chunk)
        except EkaError as error:
            self._fail(HTTPStatus.INTERNAL_SERVER_ERROR, error)

    def post(self, name: str, length: int) -> None:
        """Answer a POST with a body of ``length`` bytes."""
        if name == DOCUMENTS:
            self._answer_many(length)
        elif not name.startswith(PUSH):
            self._skip(length)
            self._fail(HTTPStatus.NOT_FOUND, InvalidRequest(name[:200], "there is none"))
        elif not self._may_change:
            self._skip(length)
            fact = CacheUnwritable(name[:200], "this server only tells, it changes nothing")
            self._fail(HTTPStatus.FORBIDDEN, fact)
        else:
            self._take(name.removeprefix(PUSH), length)

    def _skip(self, length: int) -> None:
        """Read what is refused, unless it is long: else the client might not read why."""
        self._handler.close_connection = True
        for _ in _Body(self._handler, min(length, _SKIPPED_BYTES)).chunks():
            pass

    def _answer_many(self, length: int) -> None:
        try:
            names = self._names(length)
            desk = self._desk()
            self._start(HTTPStatus.OK, _LINES, None)
            for name in dict.fromkeys(names):
                data = desk.document(name)
                if data is not None:
                    told = {"name": name, "document": data.decode()}
                    self._chunk(json.dumps(told, ensure_ascii=False).encode() + b"\n")
            self._chunk(b"")
        except InvalidRequest as error:
            self._handler.close_connection = True
            self._fail(HTTPStatus.BAD_REQUEST, error)

    def _names(self, length: int) -> list[str]:
        if length > MAX_QUESTION_BYTES:
            raise InvalidRequest(DOCUMENTS, f"it is longer than {MAX_QUESTION_BYTES} bytes")
        value = read_object(self._handler.rfile.read(length)).get("names")
        found = cast("list[object]", value) if isinstance(value, list) else [None]
        names = [each for each in found if isinstance(each, str)]
        if len(names) != len(found) or len(names) > MAX_NAMES:
            raise InvalidRequest("names", f"it is not an array of at most {MAX_NAMES} texts")
        return names

    def _take(self, name: str, length: int) -> None:
        """Take a document that is pushed, and after that of a path its object."""
        body = _Body(self._handler, length)
        try:
            taken = self._desk().take(name, self._head(name, body, length), body.chunks())
        except EkaError as error:
            for _ in body.chunks():  # or the client would not read why
                pass
            self._fail(HTTPStatus.BAD_REQUEST, error)
            return
        self._send(HTTPStatus.OK, _JSON, json.dumps({"taken": taken}).encode() + b"\n")

    def _head(self, name: str, body: _Body, length: int) -> bytes:
        limit = MAX_DOCUMENT_BYTES + 1
        head = body.line(limit) if name.startswith("info/") else body.read(min(length, limit))
        if len(head) == limit:
            raise CacheFalse("what was sent", name[:200], "the document is longer than it may be")
        return head

    def _desk(self) -> Desk:
        if self._store is None:
            self._store = Store.open(self._place.root)
        return Desk(self._store, may_change=self._may_change)

    def _fail(self, status: HTTPStatus, error: EkaError) -> None:
        data = json.dumps({"id": None, "error": error_document(error)}).encode() + b"\n"
        self._send(status, _LINES, data)

    def _send(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self._start(status, kind, len(data))
        self._handler.wfile.write(data)

    def _start(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        handler = self._handler
        handler.send_response(status)
        headers: Mapping[str, str] = {
            "Content-Type": kind,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        for header, value in headers.items():
            handler.send_header(header, value)
        if length is None:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", str(length))
        if handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()

    def _chunk(self, data: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class _Body:
    """The body of a request, of a length that was told."""

    def __init__(self, handler: BaseHTTPRequestHandler, length: int) -> None:
        self._file, self._left = handler.rfile, length

    def line(self, limit: int) -> bytes:
        """Return the first line."""
        return self._counted(self._file.readline(min(limit, self._left)))

    def read(self, size_bytes: int) -> bytes:
        """Return some bytes; fewer at the end."""
        return self._counted(self._file.read(min(size_bytes, self._left)))

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left."""
        while self._left:
            data = self.read(_CHUNK_BYTES)
            if not data:
                raise ConnectionResetError
            yield data

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data
