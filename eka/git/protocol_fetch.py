"""The ``fetch`` command of git's wire protocol 2: objects by id, in one request.

Sans-IO, like `protocol`. Nothing is negotiated: the client says what it has, asks for ids and
says that it is done; what comes back is a pack. What that holds may lead to another request on
the same connection.

Source: atom-spec/transport.md [fetch-by-id]; gitprotocol-v2(5).
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.pktline import MalformedAnswer, Packet, PacketKind
from eka.git.protocol import Conversation, ServerRefused, request
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import ObjectId

_DATA, _PROGRESS, _FAILURE = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to fetch."""

    wants: Sequence[ObjectId]
    haves: Sequence[ObjectId] = ()
    """Commits that are here with all that they refer to (as far as the filter lets through)."""
    is_shallow: bool = False
    """Leave out the parents of the commits."""
    filter: str = ""
    """Such as ``tree:0``; left out where the server offers no filters."""
    needs_filter: bool = False
    """Ask for nothing at all where the server offers no filters."""


class FetchConversation(Conversation):
    """Asks a server for objects; `take_pack` gives the pack as it arrives."""

    def __init__(
        self,
        wish: Wish,
        *,
        is_stateless: bool = False,
        following: Callable[[], Wish | None] = lambda: None,
    ) -> None:
        """Begin with ``wish``; ``following`` is asked for the next one when an answer is in."""
        super().__init__(is_stateless=is_stateless)
        self.is_filtered = False
        self.shallow: set[str] = set()
        """Commits whose parents the server does not have, as it says itself."""
        self.has_pack = False
        self.is_declined = False
        """Whether nothing was asked for: the server lacks the filter that was needed."""
        self._first: Wish | None = wish
        self._following = following
        self._section = b""
        self._pack = bytearray()

    def take_pack(self) -> bytes:
        """Return the bytes of the pack that arrived since the last call."""
        taken = bytes(self._pack)
        self._pack.clear()
        return taken

    def _next_request(self) -> bytes | None:
        if self.is_declined:
            return None
        wish = self._first or self._following()
        self._first = None
        if wish is None:
            return None
        self._section, self.has_pack = b"", False
        offers_filters = "filter" in self.capabilities.fetch_features
        self.is_declined = wish.needs_filter and not offers_filters
        if self.is_declined:
            return None
        self.is_filtered = bool(wish.filter) and offers_filters
        lines = [b"no-progress\n", b"ofs-delta\n"]
        lines += [b"want %s\n" % oid.hex.encode() for oid in wish.wants]
        lines += [b"have %s\n" % oid.hex.encode() for oid in wish.haves]
        if wish.is_shallow and "shallow" in self.capabilities.fetch_features:
            lines.append(b"deepen 1\n")
        if self.is_filtered:
            lines.append(b"filter %s\n" % wish.filter.encode())
        return request("fetch", [*lines, b"done\n"], self.capabilities)

    def _answer(self, found: Packet) -> None:
        if found.kind is PacketKind.DELIMITER:
            self._section = b""
        elif not self._section:
            self._section = found.line
            self.has_pack = self._section == b"packfile"
        elif self.has_pack:
            self._sideband(found.data)
        elif self._section == b"shallow-info" and found.line.startswith(b"shallow "):
            self.shallow.add(found.line[8:].decode(errors="replace"))

    def _sideband(self, data: bytes) -> None:
        channel, payload = data[0] if data else 0, data[1:]
        if channel == _DATA:
            self._pack += payload
        elif channel == _FAILURE:
            raise ServerRefused(payload)
        elif channel != _PROGRESS:
            raise MalformedAnswer(f"a pack on channel {channel}")

    def _old_line(self, line: bytes) -> None:
        """Ignore it: from such a server git itself has to fetch."""
