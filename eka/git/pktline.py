"""The framing of git's wire protocol: packets with a length of four hexadecimal digits.

Pure: bytes in, packets out.
"""

from __future__ import annotations

from enum import Enum

from eka.errors import EkaError, Exit
from eka.values import dataclass

MAX_PACKET_BYTES = 65520
_LENGTH_BYTES = 4
_LINE_END = b"\n"
_END_OF_LINES = b"\n0000"  # no line of a listing begins so: no packet is that short
_DIGITS = b"0123456789abcdefABCDEF"


class PacketKind(Enum):
    """What a packet is; the value of a special one is its length field."""

    FLUSH = 0
    DELIMITER = 1
    RESPONSE_END = 2
    DATA = 4


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; ``data`` is empty for the special kinds."""

    kind: PacketKind
    data: bytes = b""

    @property
    def line(self) -> bytes:
        """The data without its final line end."""
        return self.data.removesuffix(b"\n")


class MalformedAnswer(EkaError):
    """What a git server sent does not follow git's protocol, or stops in the middle."""

    code = "malformed-answer"
    exit_status = Exit.NETWORK

    def __init__(self, why: str) -> None:
        super().__init__(
            what="the answer of the git server cannot be understood",
            why=why,
            fix="check that the URL names a git repository; try again if the connection broke",
        )


FLUSH = b"0000"
DELIMITER = b"0001"
RESPONSE_END = b"0002"


def packet(data: bytes) -> bytes:
    """Return ``data`` (at most 65516 bytes) as one packet."""
    size = len(data) + _LENGTH_BYTES
    if size > MAX_PACKET_BYTES:
        raise ValueError(f"{len(data)} bytes do not fit into one packet")
    return b"%04x" % size + data


class PacketReader:
    """Cuts a byte stream into packets, however the bytes arrive. O(bytes fed)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0

    @property
    def is_between_packets(self) -> bool:
        """Whether no packet is half received."""
        return self._start == len(self._buffer)

    def rest(self) -> bytes:
        """Return what follows the packets read so far; more than that is not kept."""
        rest = bytes(self._buffer[self._start :])
        self._start = len(self._buffer)
        return rest

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream."""
        # Cut off what was read once per feed, not once per packet: that would be quadratic.
        del self._buffer[: self._start]
        self._start = 0
        self._buffer += data

    def next(self) -> Packet | None:
        """Return the next whole packet, None when more bytes are needed."""
        header = bytes(self._buffer[self._start : self._start + _LENGTH_BYTES])
        if len(header) < _LENGTH_BYTES:
            return None
        if header.translate(None, _DIGITS):
            raise MalformedAnswer(f"expected the length of a packet, found {header!r}")
        size = int(header, 16)
        if size < _LENGTH_BYTES:
            return self._special(size)
        if size > MAX_PACKET_BYTES:
            raise MalformedAnswer(
                f"a packet of {size} bytes; at most {MAX_PACKET_BYTES} are legal"
            )
        end = self._start + size
        if len(self._buffer) < end:
            return None
        data = bytes(self._buffer[self._start + _LENGTH_BYTES : end])
        self._start = end
        return Packet(PacketKind.DATA, data)

    def lines(self, *, up_to_flush: bool) -> str:
        """Return the whole packets that came in as they are, if they look like lines of text.

        They begin with the next packet, and the last of them ends with a line end. Nothing is
        taken away: see `skip`. Empty when the next packet is no whole line.

        Args:
            up_to_flush: End before what may be a flush packet.
        """
        head = self._buffer[self._start : self._start + _LENGTH_BYTES]
        if len(head) < _LENGTH_BYTES or head.translate(None, _DIGITS):
            return ""
        first_end = self._start + int(head, 16)
        if not self._buffer.startswith(_LINE_END, first_end - 1, first_end):
            return ""
        end = self._buffer.find(_END_OF_LINES, self._start) if up_to_flush else -1
        end = self._buffer.rfind(_LINE_END, self._start) if end < 0 else end
        run = self._buffer[self._start : end + 1]
        return run.decode() if run.isascii() else ""

    def skip(self, size: int) -> None:
        """Count the next ``size`` bytes, whole packets, as read."""
        self._start += size

    def _special(self, size: int) -> Packet:
        try:
            kind = PacketKind(size)
        except ValueError:
            raise MalformedAnswer(f"a packet of impossible length {size}") from None
        self._start += _LENGTH_BYTES
        return Packet(kind)
