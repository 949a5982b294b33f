"""What a server answers to a push: its own words, and what became of each ref; sans-IO.

Source: atom-spec/push.md [push-report]; gitprotocol-pack(5), "Report Status".
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.pktline import MalformedAnswer, Packet, PacketKind, PacketReader
from eka.git.protocol import ServerRefused
from eka.git.push_report import UNREPORTED, PushReport
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ANSWER_BYTES = 256 * 1024 * 1024
_MAX_MESSAGE_BYTES = 64 * 1024
_UNPACK = b"unpack "
_DATA_BAND, _MESSAGE_BAND, _ERROR_BAND = b"\x01", b"\x02", b"\x03"


class ReportReader:
    """Reads the answer to a push.

    Args (of the constructor):
        names: The refs that were pushed; of others nothing is believed.
        is_banded: Whether the answer comes in bands (``side-band-64k`` was asked for).
    """

    def __init__(self, names: Iterable[str], *, is_banded: bool) -> None:
        self._names = dict.fromkeys(names)
        self._is_banded = is_banded
        self._outer = PacketReader()
        self._inner = PacketReader() if is_banded else self._outer
        self._unpacked: bytes | None = None
        self._refused: dict[str, str | None] = {}  # None: created
        self._messages = bytearray()
        self._received_bytes = 0
        self.is_done = False
        """Whether the whole report has arrived."""

    def feed(self, data: bytes) -> None:
        """Take more of the answer; raises MalformedAnswer, ServerRefused."""
        self._received_bytes += len(data)
        if self._received_bytes > MAX_ANSWER_BYTES:
            raise MalformedAnswer(f"a report of more than {MAX_ANSWER_BYTES} bytes")
        self._outer.feed(data)
        if self._is_banded:
            while not self.is_done and (found := self._outer.next()) is not None:
                self._take_band(found)
        else:
            self._read_lines()

    def end(self) -> PushReport:
        """Return the report; raises MalformedAnswer when the answer ended before its end."""
        if not self.is_done or self._unpacked is None:
            raise MalformedAnswer("the server did not say what became of the push")
        messages = safe_line(bytes(self._messages))
        if self._unpacked != b"ok":
            why = f"unpack: {safe_line(self._unpacked)}"
            return PushReport((), (), tuple((name, why) for name in self._names), messages)
        created = tuple(name for name in self._names if self._refused.get(name, "") is None)
        refused = tuple(
            (name, reason)
            for name in self._names
            if (reason := self._refused.get(name, UNREPORTED)) is not None
        )
        return PushReport(created, (), refused, messages)

    def _take_band(self, found: Packet) -> None:
        if found.kind is PacketKind.FLUSH:
            self.is_done = True
            return
        if found.data.startswith(b"ERR "):
            raise ServerRefused(found.data[4:])
        band, data = found.data[:1], found.data[1:]
        if band == _DATA_BAND:
            self._inner.feed(data)
            self._read_lines()
            self.is_done = False  # what counts is the end of the bands
        elif band == _MESSAGE_BAND:
            self._messages += data
            del self._messages[:-_MAX_MESSAGE_BYTES]  # the end matters: errors stand there
        elif band == _ERROR_BAND:
            raise ServerRefused(data)
        else:
            raise MalformedAnswer(f"an answer with an unknown band {band!r}")

    def _read_lines(self) -> None:
        while not self.is_done and (found := self._inner.next()) is not None:
            if found.kind is PacketKind.FLUSH:
                self.is_done = True
            elif found.kind is PacketKind.DATA:
                self._take_line(found.line)
            else:
                raise MalformedAnswer("a report with an unexpected special packet")

    def _take_line(self, line: bytes) -> None:
        if self._unpacked is None:
            if line.startswith(b"ERR "):
                raise ServerRefused(line[4:])
            if not line.startswith(_UNPACK):
                raise MalformedAnswer(f"expected the outcome of a push, found {line[:80]!r}")
            self._unpacked = line.removeprefix(_UNPACK)
            return
        word, _, rest = line.partition(b" ")
        raw_name, _, reason = rest.partition(b" ")
        name = raw_name.decode(errors="replace")
        if word not in {b"ok", b"ng"}:
            raise MalformedAnswer(f"expected the outcome of a ref, found {line[:80]!r}")
        if name not in self._names:
            return
        outcome = None if word == b"ok" else safe_line(reason) or "it gave no reason"
        if self._refused.setdefault(name, outcome) != outcome:
            raise MalformedAnswer(f"{safe_line(name)} is reported twice, with different outcomes")
