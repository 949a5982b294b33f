"""Asks an ssh-agent for its keys and for signatures.

Its protocol is a handful of messages (draft-ietf-sshm-ssh-agent), spoken here by hand: one
connection makes any number of signatures, and no passphrase passes through eka.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.safe import safe_line
from eka.git.signature_errors import AgentFailed
from eka.git.signature_key import (
    ED25519,
    InvalidPublicKey,
    PublicKey,
    WireFault,
    WireReader,
    wire_number,
    wire_string,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket
    from typing import Self

MAX_MESSAGE_BYTES = 256 * 1024
MAX_KEYS = 2048
# The agent may have to ask its person for a confirmation.
DEFAULT_TIMEOUT_S = 120.0

_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_FAILURE = 5
_HEADER_BYTES = 4


class Agent:
    """A conversation with an ssh-agent, in a ``with`` block."""

    def __init__(self, path: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Connect to the agent at the socket ``path``; raises AgentFailed."""
        import socket as sockets  # noqa: PLC0415 - only signing needs it

        self._path = path
        self._socket: socket = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise AgentFailed(path, f"it cannot be reached: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def held(self) -> Sequence[PublicKey]:
        """Return the ed25519 keys that the agent holds."""
        reader = self._ask(_REQUEST_IDENTITIES, b"", _IDENTITIES)
        found: list[PublicKey] = []
        try:
            for _ in range(min(reader.number(), MAX_KEYS)):
                blob, _comment = reader.string(), reader.string()
                try:
                    key = PublicKey.decode(blob)
                except InvalidPublicKey:
                    continue
                if key.is_ed25519:
                    found.append(key)
        except WireFault as error:
            raise AgentFailed(self._path, f"its list of keys is damaged: {error}") from error
        return found

    def sign(self, key: PublicKey, message: bytes) -> bytes:
        """Return the 64 bytes of an ed25519 signature; raises AgentFailed."""
        body = wire_string(key.blob) + wire_string(message) + wire_number(0)
        reader = self._ask(_SIGN_REQUEST, body, _SIGN_RESPONSE)
        try:
            inner = WireReader(reader.string())
            kind = inner.string()
            raw = inner.string()
        except WireFault as error:
            raise AgentFailed(self._path, f"its signature is damaged: {error}") from error
        if kind != ED25519.encode():
            raise AgentFailed(self._path, f"it made a signature of kind {safe_line(kind)}")
        return raw

    def _ask(self, kind: int, body: bytes, expected: int) -> WireReader:
        message = bytes([kind]) + body
        try:
            self._socket.sendall(wire_number(len(message)) + message)
            size = int.from_bytes(self._receive(_HEADER_BYTES))
            if not 1 <= size <= MAX_MESSAGE_BYTES:
                raise AgentFailed(self._path, f"it announces an answer of {size} bytes")
            answer = self._receive(size)
        except OSError as error:
            raise AgentFailed(self._path, error.strerror or str(error)) from error
        if answer[0] == _FAILURE:
            why = "it refuses: the key is not there any more, or its person said no"
            raise AgentFailed(self._path, why)
        if answer[0] != expected:
            raise AgentFailed(self._path, f"expected a message {expected}, found {answer[0]}")
        return WireReader(answer[1:])

    def _receive(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            piece = self._socket.recv(count - len(found))
            if not piece:
                raise AgentFailed(self._path, "it closed the connection")
            found += piece
        return bytes(found)
