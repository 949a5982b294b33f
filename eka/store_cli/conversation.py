"""One connection: requests in, events and answers out, one request after the other.

Source: atom-spec/store-protocol.md.
"""

from __future__ import annotations

import io
from contextlib import suppress

import eka
from eka.checking import TYPE_CHECKING, Protocol
from eka.errors import EkaError
from eka.store_cli.console import Console, error_document
from eka.store_cli.errors import (
    InvalidRequest,
    OperationRefused,
    StoreBug,
    StoreInterrupted,
    SystemRefusal,
)
from eka.store_cli.operations import perform
from eka.store_cli.requests import (
    MAX_LINE_BYTES,
    decode_input,
    fields,
    operations,
    parse_request,
    read_object,
)
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eka.store_cli.place import Place
    from eka.store_cli.requests import Request, RequestId

PROTOCOL = "eka-store/1"
# Operations that only tell something, with the arguments that would make them do more.
READING = {
    "info": frozenset[str](),
    "path-info": frozenset[str](),
    "closure": frozenset[str](),
    "ls": frozenset[str](),
    "cat": frozenset[str](),
    "log": frozenset[str](),
    "reduce": frozenset[str](),
    "stats": frozenset[str](),
    "export": frozenset({"output"}),
    "verify": frozenset({"repair"}),
}


class LineReader(Protocol):
    """Where lines come from."""

    def readline(self, limit: int, /) -> bytes:
        """Return the next line with its end, or as much of it as the limit allows."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """Where lines come from and go to, and what may be asked for on this way."""

    lines: LineReader
    write: Callable[[Mapping[str, object]], None]
    may_change: bool


def hello(*, may_change: bool) -> dict[str, object]:
    """Return what a server says of itself first: its version and what can be asked of it."""
    return {
        "protocol": PROTOCOL,
        "version": eka.__version__,
        "operations": [
            {
                "op": name,
                "arguments": [field.to_json() for field in fields(name) if _has(name, field.name)]
                if not may_change
                else [field.to_json() for field in fields(name)],
            }
            for name in operations()
            if may_change or name in READING
        ],
    }


def session(channel: Channel, place: Place) -> None:
    """Answer requests with one store that is open until the other side has no more."""
    try:
        with place.kept():
            converse(channel, place)
    except EkaError as error:  # the store itself cannot be opened, or not be closed
        channel.write({"id": None, "error": error_document(error)})


def converse(channel: Channel, place: Place) -> None:
    """Answer requests until the other side has no more."""
    while True:
        line = channel.lines.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        if not line.strip():
            continue
        try:
            answer(line, channel, place)
        except _LineTooLong as error:
            channel.write({"id": None, "error": error_document(error.fact)})
            return


def answer(line: bytes, channel: Channel, place: Place) -> None:
    """Answer one request: events first, then exactly one answer or error."""
    if len(line) > MAX_LINE_BYTES:
        raise _LineTooLong
    try:
        request = parse_request(line)
    except InvalidRequest as error:
        channel.write({"id": error.identity, "error": error_document(error)})
        return
    source = _Input(request, channel.lines)
    console = _Messages(request.identity, io.BufferedReader(source), channel.write)
    try:
        _allow(request, may_change=channel.may_change)
        status = perform(request.arguments, place, console)
        source.drain()
    except (ConnectionError, _LineTooLong):
        raise
    except EkaError as error:
        source.skip()
        console.fail(error)
    except KeyboardInterrupt:
        console.fail(StoreInterrupted())
        raise
    except Exception as error:  # noqa: BLE001 - a bug must not end the other conversations
        source.skip()
        console.fail(SystemRefusal(error) if isinstance(error, OSError) else StoreBug(error))
    else:
        console.finish(status)


def _has(operation: str, argument: str) -> bool:
    return argument not in READING.get(operation, ())


def _allow(request: Request, *, may_change: bool) -> None:
    if may_change:
        return
    if request.operation not in READING:
        raise OperationRefused(request.operation)
    for name in request.given & READING[request.operation]:
        raise OperationRefused(f"{request.operation} with {name}")


class _LineTooLong(Exception):
    """A line is longer than the protocol allows; where the next begins is not known."""

    def __init__(self) -> None:
        super().__init__()
        self.fact = InvalidRequest("", f"a line is longer than {MAX_LINE_BYTES} bytes")


class _Messages(Console):
    """Turns what an operation prints into messages."""

    def __init__(
        self,
        identity: RequestId,
        stdin: io.BufferedReader,
        write: Callable[[Mapping[str, object]], None],
    ) -> None:
        super().__init__(stdin, io.StringIO(), io.StringIO())
        self.as_json = True
        self.verbosity = -1
        self._identity, self._write = identity, write
        self._answer: Mapping[str, object] | None = None

    def line(self, value: Mapping[str, object]) -> None:
        """Send an event at once; keep the document for the end."""
        if value["schema"] == "eka-store.event/1":
            self._write({"id": self._identity, "event": value})
        else:
            self._answer = value

    def finish(self, status: int) -> None:
        """Send the answer."""
        self._write({"id": self._identity, "answer": self._answer, "exit_status": int(status)})

    def fail(self, error: EkaError) -> None:
        """Send the error instead of an answer."""
        self._write({"id": self._identity, "error": error_document(error)})


class _Input(io.RawIOBase):
    """The standard input of one operation: what came with its request, then lines of their own."""

    def __init__(self, request: Request, lines: LineReader) -> None:
        super().__init__()
        self._identity = request.identity
        self._lines = lines
        self._rest = request.input
        self._more = request.streams

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed wants any buffer
        """Fill a buffer; 0 at the end."""
        while not self._rest and self._more:
            self._next()
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def drain(self) -> None:
        """Read what the operation left, so that the next line is a request again."""
        while self._more:
            self._next()

    def skip(self) -> None:
        """Drain after an error, when a second one is of no interest."""
        with suppress(InvalidRequest):
            self.drain()

    def _next(self) -> None:
        line = self._lines.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise ConnectionResetError
        if len(line) > MAX_LINE_BYTES:
            raise _LineTooLong
        self._more = False  # after a line that is none of input the next is taken for a request
        value = read_object(line)
        if value.get("id") != self._identity or value.keys() - {"id", "input", "end"}:
            raise InvalidRequest("", "it is not a line of input of the request before it")
        self._rest = decode_input(value.get("input", ""))
        self._more = value.get("end") is not True
