"""The client's half of git's wire protocol 2, and of what older servers say.

Sans-IO: feed it what arrived, send what it returns, until it is done. One conversation carries
any number of requests, one after another on one connection.

Source: atom-spec/transport.md; gitprotocol-v2(5), gitprotocol-pack(5).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, auto

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.pktline import (
    DELIMITER,
    FLUSH,
    MalformedAnswer,
    Packet,
    PacketKind,
    PacketReader,
    packet,
)
from eka.git.safe import is_safe, safe_line
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

AGENT = b"agent=eka/1\n"
# Hexadecimal digits of an object id, by object format.
ID_DIGITS = {"sha1": 40, "sha256": 64}
_MAX_REF_NAME_BYTES = 1024
_MAX_CAPABILITIES = 1000  # real servers name about ten
# What git-check-ref-format(1) refuses, as one pattern; control characters are `is_safe`'s.
_ILLEGAL_NAME = pattern(r"[ ~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.$|/$|/-")


class ServerRefused(EkaError):
    """A git server answered with an error of its own."""

    code = "server-refused"
    exit_status = Exit.NETWORK

    def __init__(self, message: bytes) -> None:
        self.message = safe_line(message)
        super().__init__(
            what="the git server refused the request",
            why=self.message or "it gave no reason",
            fix="check the URL, and that you may read the repository",
        )

    def about(self, where: str) -> ServerRefused:
        """Say which server it was; returns the same error."""
        self.where = where
        return self


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server of protocol 2 said about itself."""

    object_format: str = "sha1"
    commands: frozenset[str] = frozenset()
    fetch_features: frozenset[str] = frozenset()


class _State(Enum):
    ADVERTISEMENT = auto()
    OLD_ADVERTISEMENT = auto()
    ANSWER = auto()
    END_OF_RESPONSE = auto()
    DONE = auto()


class Conversation(ABC):
    """The client's half of one connection: the server's advertisement, then request and answer.

    ``is_stateless``: each answer ends with a response-end packet (git's http helper).
    """

    def __init__(self, *, is_stateless: bool) -> None:
        self.protocol = 2
        self.capabilities = Capabilities()
        self._is_stateless = is_stateless
        self._reader = PacketReader()
        self._state = _State.ADVERTISEMENT
        self._advertised: list[bytes] = []

    @property
    def is_done(self) -> bool:
        """Whether every answer has arrived."""
        return self._state is _State.DONE

    @property
    def _is_answering(self) -> bool:
        """Whether an answer is what comes next."""
        return self._state is _State.ANSWER

    def receive(self, data: bytes) -> bytes:
        """Take what the server sent and return what to send next (perhaps nothing).

        Raises:
            MalformedAnswer, ServerRefused, ListingTooLarge; any other exception is a bug.
        """
        self._reader.feed(data)
        reply = b""
        self._take_at_once()
        while not self.is_done and (found := self._reader.next()) is not None:
            reply += self._handle(found)
            if found.kind is not PacketKind.DATA:
                self._take_at_once()
        return reply

    def end_of_stream(self) -> None:
        """Say that the server has nothing more; raises MalformedAnswer unless all is there."""
        if self.is_done:
            return
        if self._state is _State.ADVERTISEMENT and not self._advertised:
            raise MalformedAnswer("the server sent nothing")
        raise MalformedAnswer("it ends in the middle")

    @abstractmethod
    def _next_request(self) -> bytes | None:
        """Return the next request; None when there is none."""

    @abstractmethod
    def _answer(self, found: Packet) -> None:
        """Take one data or delimiter packet of an answer."""

    def _take_at_once(self) -> None:  # noqa: B027 - few conversations have such answers
        """Take what can be taken at once of what came in; the rest comes packet by packet."""

    @abstractmethod
    def _old_line(self, line: bytes) -> None:
        """Take one line of the advertisement of an older protocol."""

    def _handle(self, found: Packet) -> bytes:
        if found.data.startswith(b"ERR "):
            raise ServerRefused(found.data[4:])
        match self._state:
            case _State.ADVERTISEMENT:
                return self._advertisement(found)
            case _State.OLD_ADVERTISEMENT:
                return self._old_advertisement(found)
            case _State.ANSWER:
                return self._answer_packet(found)
            case _:
                if found.kind is not PacketKind.RESPONSE_END:
                    raise MalformedAnswer("an answer goes on behind its end")
                return self._go_on()

    def _advertisement(self, found: Packet) -> bytes:
        if found.kind is PacketKind.DATA:
            return self._advertised_line(found)
        if found.kind is not PacketKind.FLUSH:
            raise MalformedAnswer("an advertisement with an unexpected special packet")
        if not self._advertised:
            # A server of protocol 0 without refs may say nothing but "that was all".
            self.protocol = 0
            return self._end_old()
        self.capabilities = parse_capabilities(self._advertised[1:])
        if not self.capabilities.commands >= {"ls-refs", "fetch"}:
            raise MalformedAnswer("the server offers neither `ls-refs` nor `fetch`")
        return self._go_on()

    def _advertised_line(self, found: Packet) -> bytes:
        line = found.line
        if not self._advertised and line != b"version 2":
            self.protocol = 1 if line == b"version 1" else 0
            self._state = _State.OLD_ADVERTISEMENT
            return b"" if self.protocol else self._old_advertisement(found)
        self._advertised.append(line)
        if len(self._advertised) > _MAX_CAPABILITIES:
            raise MalformedAnswer(f"more than {_MAX_CAPABILITIES} capabilities")
        return b""

    def _old_advertisement(self, found: Packet) -> bytes:
        if found.kind is PacketKind.FLUSH:
            return self._end_old()
        self._old_line(found.line.partition(b"\0")[0])
        return b""

    def _end_old(self) -> bytes:
        self._state = _State.DONE
        return FLUSH  # "I want nothing": the polite end of a conversation of protocol 0

    def _answer_packet(self, found: Packet) -> bytes:
        if found.kind in (PacketKind.DATA, PacketKind.DELIMITER):
            self._answer(found)
            return b""
        if found.kind is not PacketKind.FLUSH:
            raise MalformedAnswer("an answer with an unexpected special packet")
        if self._is_stateless:
            self._state = _State.END_OF_RESPONSE
            return b""
        return self._go_on()

    def _go_on(self) -> bytes:
        request = self._next_request()
        self._state = _State.DONE if request is None else _State.ANSWER
        if request is None:
            return b"" if self._is_stateless else FLUSH
        return request


def parse_capabilities(lines: Sequence[bytes]) -> Capabilities:
    """Return what the lines behind ``version 2`` say; unknown capabilities are ignored."""
    values: dict[str, str] = {}
    for line in lines:
        key, _, value = line.decode(errors="replace").partition("=")
        values[key] = value
    object_format = values.get("object-format", "sha1")
    if object_format not in ID_DIGITS:
        raise MalformedAnswer(f"unknown object format {safe_line(object_format)}")
    return Capabilities(
        object_format=object_format,
        commands=frozenset(values),
        fetch_features=frozenset(values.get("fetch", "").split()),
    )


def request(command: str, arguments: Sequence[bytes], capabilities: Capabilities) -> bytes:
    """Return a request of protocol 2; each argument is one line with its end."""
    lines = [b"command=%s\n" % command.encode()]
    if "agent" in capabilities.commands:
        lines.append(AGENT)
    if "object-format" in capabilities.commands:
        lines.append(b"object-format=%s\n" % capabilities.object_format.encode())
    head = b"".join(packet(line) for line in lines)
    return head + DELIMITER + b"".join(packet(argument) for argument in arguments) + FLUSH


def ref_name(raw: bytes) -> str | None:
    """Return the name of a listed ref, or None when it could harm whoever handles it.

    Only ``HEAD`` and legal names below ``refs/`` pass, and none with characters that are
    invisible or steer a terminal.

    Source: atom-spec/transport.md [ref-names].
    """
    if len(raw) > _MAX_REF_NAME_BYTES:
        return None
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    if name == "HEAD":
        return name
    is_legal = name.startswith("refs/") and _ILLEGAL_NAME.search(name) is None and is_safe(name)
    return name if is_legal else None
