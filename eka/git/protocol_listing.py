"""The conversation that lists refs: ``ls-refs`` of protocol 2, or what an older server announces.

Sans-IO, as `eka.git.protocol`.

Source: atom-spec/transport.md; gitprotocol-v2(5).
"""

from __future__ import annotations

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.pktline import FLUSH, MalformedAnswer, Packet, PacketKind, packet
from eka.git.protocol import ID_DIGITS, Conversation, ref_name, request
from eka.git.ref_lines import plain_lines
from eka.git.ref_table import RefTable, one_line
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.git.protocol import Capabilities
    from eka.git.ref_lines import PlainLines

# A round trip asks for 256 labels: two prefixes each, and two for the set.
MAX_PREFIXES_PER_REQUEST = 2 * 256 + 2
# The server's work is refs times prefixes: where requests need not wait for each other's answers,
# smaller ones are answered sooner (docs/adr/0016-two-ways-to-ask-for-many-labels.md).
PIPELINED_PREFIXES = 128
_MAX_BYTES_AHEAD = 32 * 1024  # sent but not answered: less than any pipe or socket holds
_DIGITS = b"0123456789abcdef"
_ID_DIGITS = (40, 64)  # of SHA-1 and of SHA-256
_ZERO = b"0"


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


@dataclass(slots=True)
class RefsFound:
    """The refs of an answer, filtered by what was asked for."""

    refs: RefTable = field(default_factory=RefTable)
    peeled: dict[str, ObjectId] = field(default_factory=dict[str, ObjectId])
    dropped: int = 0
    """Names that no well-behaved server sends; never shown, only counted."""
    unasked: int = 0
    """Well-formed names that begin with none of the prefixes asked for."""


class LsRefsConversation(Conversation):
    """Asks a server for the refs below some prefixes.

    Args (of the constructor):
        requests: One sequence of ref prefixes for each request, see `chunks`; an empty prefix
            means every ref.
        is_stateless: See `Conversation`. Without it requests are sent before those before them
            are answered.
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
        self._answering = 0  # which request the server answers now, counted from 1
        self._sent_bytes: list[int] = []  # of each request sent
        self._max_refs = max_refs
        self._lines = 0

    def _next_request(self) -> bytes | None:
        if self._answering == len(self._requests):
            return None
        self._answering += 1
        ahead = b""
        while len(self._sent_bytes) < len(self._requests) and self._may_send():
            prefixes = self._requests[len(self._sent_bytes)]
            asked = ls_refs_request(prefixes, self.capabilities)
            self._sent_bytes.append(len(asked))
            ahead += asked
        return ahead

    def _may_send(self) -> bool:
        """Whether a further request may be sent; one is always under way."""
        if len(self._sent_bytes) < self._answering:
            return True
        # A server that is not listened to while it answers must not keep us from listening.
        return not self._is_stateless and (
            sum(self._sent_bytes[self._answering - 1 :]) < _MAX_BYTES_AHEAD
        )

    def _answer(self, found: Packet) -> None:
        if found.kind is not PacketKind.DATA:
            raise MalformedAnswer("an answer with an unexpected special packet")
        oid, _, rest = found.line.partition(b" ")
        name, *attributes = rest.split(b" ")
        if oid != b"unborn":
            self._keep(oid, name, attributes, self._requests[self._answering - 1])

    def _take_at_once(self) -> None:
        if not self._is_answering:
            return
        id_digits = ID_DIGITS[self.capabilities.object_format]
        prefixes = self._requests[self._answering - 1]
        for up_to_flush in (False, True):
            text = self._reader.lines(up_to_flush=up_to_flush)
            found = plain_lines(text, id_digits, prefixes)
            if found is not None and self._lines + len(found.names) <= self._max_refs:
                self._reader.skip(len(text))
                self._lines += len(found.names)
                self._put(found)
                return

    def _put(self, lines: PlainLines) -> None:
        if (name := self.found.refs.put(lines)) is not None:
            raise MalformedAnswer(f"{name} is listed twice, with different values")

    def _old_line(self, line: bytes) -> None:
        oid, _, name = line.partition(b" ")
        if oid == b"shallow" or name == b"capabilities^{}":
            return
        peeled_of = name.removesuffix(b"^{}")
        if peeled_of == name:
            every = tuple(prefix for asked in self._requests for prefix in asked)
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
        self._put(one_line(name, value))
        for attribute in attributes:
            if attribute.startswith(b"peeled:"):
                self.found.peeled[name] = self._oid(attribute.removeprefix(b"peeled:"))

    def _oid(self, raw: bytes) -> ObjectId:
        if len(raw) not in _ID_DIGITS or raw.translate(None, _DIGITS) or not raw.strip(_ZERO):
            raise MalformedAnswer(f"expected an object id, found {raw[:80]!r}")
        expected = self.capabilities.object_format
        if self._is_answering and len(raw) != ID_DIGITS[expected]:
            raise MalformedAnswer(f"expected an id of {expected}, found {raw!r}")
        return ObjectId(raw.decode())


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


def chunks(prefixes: Sequence[str], *, is_stateless: bool) -> list[Sequence[str]]:
    """Cut ``prefixes`` into the requests of a conversation."""
    size = MAX_PREFIXES_PER_REQUEST if is_stateless else PIPELINED_PREFIXES
    return [prefixes[start : start + size] for start in range(0, len(prefixes), size)]


def parse_ls_remote(output: bytes, prefixes: Sequence[str]) -> RefsFound:
    """Return what ``git ls-remote`` printed, held to the same rules as a direct answer."""
    conversation = LsRefsConversation([prefixes])
    lines = (line.replace(b"\t", b" ", 1) for line in output.split(b"\n") if line)
    for data in (*map(packet, lines), FLUSH):
        conversation.receive(data)
    return conversation.found
