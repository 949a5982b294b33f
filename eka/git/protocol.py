"""The client's half of git's wire protocol 2, and of what older servers say; here: ``ls-refs``.

Sans-IO: feed it what arrived, send what it returns, until it is done. One conversation carries
any number of requests, one after another on one connection.

Source: atom-spec/transport.md; gitprotocol-v2(5), gitprotocol-pack(5).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, auto
from typing import TYPE_CHECKING

from eka.atom import ObjectId
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
from eka.git.ref_lines import plain_lines
from eka.git.ref_table import RefTable
from eka.git.safe import is_safe, safe_line
from eka.lazy import pattern
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PREFIXES_PER_REQUEST = 256
AGENT = b"agent=eka/1\n"
_HEX = pattern(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_OID_LENGTHS = {"sha1": 40, "sha256": 64}
_MAX_REF_NAME_BYTES = 1024
_ZERO = b"0"
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


class ListingTooLarge(EkaError):
    """A server lists more refs than eka is willing to keep."""

    code = "listing-too-large"
    exit_status = Exit.FAILED

    def __init__(self, max_refs: int) -> None:
        super().__init__(
            what="the server lists too many refs; the listing was cut off",
            why=f"expected at most {max_refs} refs",
            fix="ask for single labels instead of the whole set",
        )
        self.max_refs = max_refs


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server of protocol 2 said about itself."""

    object_format: str = "sha1"
    commands: frozenset[str] = frozenset()
    fetch_features: frozenset[str] = frozenset()


@dataclass(slots=True)
class RefsFound:
    """The refs of an answer, filtered by what was asked for."""

    refs: RefTable = field(default_factory=RefTable)
    peeled: dict[str, ObjectId] = field(default_factory=dict[str, ObjectId])
    dropped: int = 0
    """Names that no well-behaved server sends; never shown, only counted."""
    unasked: int = 0
    """Well-formed names that begin with none of the prefixes asked for."""


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


class LsRefsConversation(Conversation):
    """Asks a server for the refs below some prefixes.

    Args (of the constructor):
        requests: One sequence of at most 256 ref prefixes for each request; an empty prefix
            means every ref.
        is_stateless: See `Conversation`.
        max_refs: Refs taken before the conversation is ended with ListingTooLarge.
    """

    def __init__(
        self,
        requests: Sequence[Sequence[str]],
        *,
        is_stateless: bool = False,
        max_refs: int = 2_000_000,
    ) -> None:
        super().__init__(is_stateless=is_stateless)
        self.found = RefsFound()
        self._requests = [tuple(prefixes) for prefixes in requests]
        self._asked = 0
        self._max_refs = max_refs
        self._lines = 0

    def _next_request(self) -> bytes | None:
        if self._asked == len(self._requests):
            return None
        self._asked += 1
        return ls_refs_request(self._requests[self._asked - 1], self.capabilities)

    def _answer(self, found: Packet) -> None:
        if found.kind is not PacketKind.DATA:
            raise MalformedAnswer("an answer with an unexpected special packet")
        oid, _, rest = found.line.partition(b" ")
        name, *attributes = rest.split(b" ")
        if oid != b"unborn":
            self._keep(oid, name, attributes, self._requests[self._asked - 1])

    def _take_at_once(self) -> None:
        if self._state is not _State.ANSWER:
            return
        id_digits = _OID_LENGTHS[self.capabilities.object_format]
        prefixes = self._requests[self._asked - 1]
        for up_to_flush in (False, True):
            text = self._reader.lines(up_to_flush=up_to_flush)
            found = plain_lines(text, id_digits, prefixes)
            if found is not None and self._lines + len(found[0]) <= self._max_refs:
                self._reader.skip(len(text))
                self._lines += len(found[0])
                self._put(*found)
                return

    def _put(self, names: list[str], ids: list[str]) -> None:
        if (name := self.found.refs.put(names, ids)) is not None:
            raise MalformedAnswer(f"{name} is listed twice, with different values")

    def _old_line(self, line: bytes) -> None:
        oid, _, name = line.partition(b" ")
        if oid == b"shallow" or name == b"capabilities^{}":
            return
        peeled_of = name.removesuffix(b"^{}")
        if peeled_of == name:
            every = tuple(prefix for request in self._requests for prefix in request)
            self._keep(oid, name, (), every)
        elif (known := peeled_of.decode(errors="replace")) in self.found.refs:
            self.found.peeled[known] = self._oid(oid)

    def _keep(
        self, oid: bytes, raw_name: bytes, attributes: Sequence[bytes], prefixes: tuple[str, ...]
    ) -> None:
        self._lines += 1
        if self._lines > self._max_refs:
            raise ListingTooLarge(self._max_refs)
        value = self._oid(oid)
        name = ref_name(raw_name)
        if name is None:
            self.found.dropped += 1
            return
        if not name.startswith(prefixes):
            self.found.unasked += 1
            return
        self._put([name], [value.hex])
        for attribute in attributes:
            if attribute.startswith(b"peeled:"):
                self.found.peeled[name] = self._oid(attribute.removeprefix(b"peeled:"))

    def _oid(self, raw: bytes) -> ObjectId:
        if _HEX.fullmatch(raw) is None or not raw.strip(_ZERO):
            raise MalformedAnswer(f"expected an object id, found {raw[:80]!r}")
        expected = self.capabilities.object_format
        if self._state is _State.ANSWER and len(raw) != _OID_LENGTHS[expected]:
            raise MalformedAnswer(f"expected an id of {expected}, found {raw!r}")
        return ObjectId(raw.decode())


def parse_capabilities(lines: Sequence[bytes]) -> Capabilities:
    """Return what the lines behind ``version 2`` say; unknown capabilities are ignored."""
    values: dict[str, str] = {}
    for line in lines:
        key, _, value = line.decode(errors="replace").partition("=")
        values[key] = value
    object_format = values.get("object-format", "sha1")
    if object_format not in _OID_LENGTHS:
        raise MalformedAnswer(f"unknown object format {safe_line(object_format)}")
    return Capabilities(
        object_format=object_format,
        commands=frozenset(values),
        fetch_features=frozenset(values.get("fetch", "").split()),
    )


def ls_refs_request(prefixes: Sequence[str], capabilities: Capabilities) -> bytes:
    """Return the request for the refs below ``prefixes``, to a server with ``capabilities``.

    Tags are asked to be peeled only where a prefix is about tags: for every other ref the server
    would look into the object for nothing.
    """
    if len(prefixes) > MAX_PREFIXES_PER_REQUEST:
        raise ValueError(f"{len(prefixes)} prefixes in one request")
    arguments = [b"ref-prefix %s\n" % prefix.encode() for prefix in prefixes if prefix]
    if any(prefix.startswith("refs/tags/") for prefix in prefixes):
        arguments.append(b"peel\n")
    return request("ls-refs", arguments, capabilities)


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


def chunks(prefixes: Sequence[str], size: int = MAX_PREFIXES_PER_REQUEST) -> list[Sequence[str]]:
    """Cut ``prefixes`` into requests: the work of a server is refs times prefixes."""
    return [prefixes[start : start + size] for start in range(0, len(prefixes), size)]


def parse_ls_remote(output: bytes, prefixes: Sequence[str]) -> RefsFound:
    """Return what ``git ls-remote`` printed, held to the same rules as a direct answer."""
    conversation = LsRefsConversation([prefixes])
    lines = (line.replace(b"\t", b" ", 1) for line in output.split(b"\n") if line)
    for data in (*map(packet, lines), FLUSH):
        conversation.receive(data)
    return conversation.found
