"""``eka-store serve`` as a process of its own, on each of its ways, and clients of it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.schemas import check, check_store_line

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
TYPE = "application/x-ndjson"


def check_message(message: Mapping[str, Any]) -> None:
    """Raise unless a line fits the schema of the protocol, and what is in it its own."""
    check(message, "store-protocol.schema.json")
    for part in ("event", "answer"):
        if part in message:
            check_store_line(message[part])
    if "error" in message:
        check_store_line({"schema": "eka.error/1", "error": message["error"]})


@dataclass
class Conversation:
    """One connection to a server."""

    reading: IO[bytes]
    writing: IO[bytes]
    hello: dict[str, Any]

    def send(self, *values: Mapping[str, object]) -> None:
        """Send lines."""
        for value in values:
            self.writing.write(json.dumps(value).encode() + b"\n")
        self.writing.flush()

    def receive(self) -> Any:  # noqa: ANN401 - JSON
        """Return the next message, checked; None when the server closed the connection."""
        line = self.reading.readline()
        if not line:
            return None
        message = json.loads(line)
        check_message(message)
        return message

    def ask(self, op: str, /, **arguments: object) -> list[Any]:
        """Send a request; return its messages, the answer or error last."""
        self.send({"id": op, "op": op, "arguments": arguments})
        return self.rest()

    def rest(self) -> list[Any]:
        """Return messages up to an answer or an error."""
        found = [self.receive()]
        while "event" in found[-1]:
            found.append(self.receive())
        return found


def program(root: Path, *words: str, stdin: int | None = None) -> subprocess.Popen[bytes]:
    """Start ``eka-store serve``."""
    command = [sys.executable, "-m", "eka.store_cli", "serve", *words, "--store", str(root)]
    return subprocess.Popen(
        [*command, "--json"], cwd=CHECKOUT, stdin=stdin, stdout=subprocess.PIPE
    )


@contextmanager
def over_stdio(root: Path) -> Generator[Conversation, None, None]:
    """Talk to a server through its standard input and output."""
    with program(root, "--stdio", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Conversation(process.stdout, process.stdin, json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(30) == 0


@contextmanager
def listening(root: Path, *words: str) -> Generator[str, None, None]:
    """Run a server that listens; its address."""
    with program(root, *words) as process:
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline())
            check_store_line(started)
            yield started["address"]
        finally:
            process.terminate()


@contextmanager
def connected(path: str) -> Generator[Conversation, None, None]:
    """Talk to a server through its Unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("rb") as reading, connection.makefile("wb") as writing:
            yield Conversation(reading, writing, json.loads(reading.readline()))


@contextmanager
def over_socket(root: Path) -> Generator[Conversation, None, None]:
    """Start a server on a socket and talk to it."""
    with listening(root, "--socket", str(root.parent / "sock")) as path, connected(path) as found:
        yield found


def post(
    address: str, body: bytes, *, method: str = "POST", **headers: str
) -> tuple[int, list[Any]]:
    """Send one request over HTTP; return the status and the messages, checked."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    told = {"Content-Type": TYPE, **{k.replace("_", "-"): v for k, v in headers.items()}}
    connection.request(method, parts.path, body=body, headers=told)
    answer = connection.getresponse()
    messages = [json.loads(line) for line in answer.read().splitlines()]
    for message in messages:
        check_message(message)
    connection.close()
    return answer.status, messages


def line(op: str, /, **arguments: object) -> bytes:
    """Return a request as a line."""
    return json.dumps({"id": op, "op": op, "arguments": arguments}).encode() + b"\n"
