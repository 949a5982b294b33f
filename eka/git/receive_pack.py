"""The client's half of a push that creates refs, as git's receive-pack wants it.

Sans-IO. Of what the server advertises only the beginning matters: its capabilities. The refs
behind them are of no use to whoever creates refs that must not exist yet, and may be many.

Source: atom-spec/push.md; gitprotocol-pack(5),
gitprotocol-capabilities(5).
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.pktline import FLUSH, MalformedAnswer, PacketKind, PacketReader, packet
from eka.git.protocol import ServerRefused, ref_name
from eka.git.safe import safe_line
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import ObjectId

SERVICE = "git-receive-pack"
_OID_LENGTHS = {"sha1": 40, "sha256": 64}
_FIRST_LINE = pattern(rb"(?s)[0-9a-f]{40}(?:[0-9a-f]{24})? [^\0]+\0(.*)")
_LENGTH = pattern(rb"[0-9a-fA-F]{4}")
_LENGTH_BYTES = 4
_MAX_LINES_BEFORE = 16  # real servers send one or two lines before the first ref
_WANTED = ("report-status", "side-band-64k", "quiet")


class AtomicPushUnsupported(EkaError):
    """A server that cannot create several refs in one step."""

    code = "atomic-push-unsupported"

    def __init__(self, where: str, count: int) -> None:
        super().__init__(
            what="the remote cannot create several refs in one step",
            where=where,
            why=f"{count} refs must appear together, and the server does not offer `atomic`",
            fix="ask for `receive.advertiseAtomic = true` there; single versions can be published",
        )
        self.count = count


@dataclass(frozen=True, slots=True)
class PushFeatures:
    """What a server said about itself before it takes a push."""

    names: frozenset[str] = frozenset()
    object_format: str = "sha1"


class Advertisement:
    """Reads what a server of pushes says first; keeps its capabilities and skips its refs."""

    def __init__(self) -> None:
        self.features: PushFeatures | None = None
        """Known as soon as the first ref has arrived."""
        self.is_whole = False
        """Whether the last ref has arrived as well."""
        self._reader = PacketReader()
        self._lines = 0
        self._header: bytes = b""  # of a packet that is skipped; not yet whole
        self._skipped = 0  # bytes of the packet at hand that are still to come

    def feed(self, data: bytes) -> None:
        """Take more bytes; raises MalformedAnswer, ServerRefused."""
        if self.features is None:
            data = self._read_head(data)
        if self.features is not None and not self.is_whole:
            self._skip(data)

    def has_enough(self, *, is_whole: bool) -> bool:
        """Return whether the capabilities are known, and with ``is_whole`` the rest has passed."""
        return self.is_whole if is_whole else self.features is not None

    def end(self, *, is_whole: bool = False) -> PushFeatures:
        """Return the capabilities; raises MalformedAnswer unless it `has_enough`."""
        if self.features is None or not self.has_enough(is_whole=is_whole):
            why = "it ends in the middle" if self._lines else "the server sent nothing"
            raise MalformedAnswer(why)
        return self.features

    def _read_head(self, data: bytes) -> bytes:
        """Read up to the first ref; return what stands behind it."""
        self._reader.feed(data)
        while self.features is None and (found := self._reader.next()) is not None:
            self._lines += 1
            if self._lines > _MAX_LINES_BEFORE:
                raise MalformedAnswer("the advertisement does not begin with a ref")
            if found.kind is PacketKind.DATA:
                self._take(found.line)
            elif found.kind is not PacketKind.FLUSH or self._lines == 1:
                raise MalformedAnswer("an advertisement without capabilities")
        return b"" if self.features is None else self._reader.rest()

    def _take(self, line: bytes) -> None:
        if line.startswith(b"ERR "):
            raise ServerRefused(line[4:])
        if line.startswith((b"# service=", b"version ")):
            if line not in {b"# service=" + SERVICE.encode(), b"version 1"}:
                raise MalformedAnswer(f"expected {SERVICE}, found {line[:80]!r}")
        elif found := _FIRST_LINE.fullmatch(line):
            self.features = _features(found[1])
        else:
            raise MalformedAnswer(f"expected a ref with capabilities, found {line[:80]!r}")

    def _skip(self, data: bytes) -> None:
        """Walk over packets by their lengths alone, up to the flush packet. O(packets)."""
        data, position = self._header + data, self._skipped
        while (end := position + _LENGTH_BYTES) <= len(data):
            header = data[position:end]
            if header == FLUSH:
                self.is_whole = True
                return
            if _LENGTH.fullmatch(header) is None or (size := int(header, 16)) < _LENGTH_BYTES:
                raise MalformedAnswer(f"expected the length of a packet, found {header!r}")
            position += size
        self._skipped = max(0, position - len(data))
        self._header = data[position:]


def _features(raw: bytes) -> PushFeatures:
    names: set[str] = set()
    object_format = "sha1"
    for word in raw.decode(errors="replace").split():
        name, _, value = word.partition("=")
        names.add(name)
        if name == "object-format":
            object_format = value
    if object_format not in _OID_LENGTHS:
        raise MalformedAnswer(f"unknown object format {safe_line(object_format)}")
    return PushFeatures(frozenset(names), object_format)


def push_commands(refs: Mapping[str, ObjectId], features: PushFeatures) -> bytes:
    """Return the head of a request that creates ``refs``, all or none; the pack follows it.

    The old value of each is "absent", so nothing can be moved; a new value of zeros, which would
    delete a ref, is a bug of the caller, as is a name or an id that the server could misread.

    Source: atom-spec/push.md [push-create], [push-capabilities].
    """
    length = _OID_LENGTHS[features.object_format]
    absent = "0" * length
    behind = "\0" + _capabilities(refs, features)
    lines: list[bytes] = []
    for name, oid in refs.items():
        if len(oid.hex) != length or oid.hex == absent or ref_name(name.encode()) != name:
            raise ValueError(f"{oid.hex} {name!r}")
        lines.append(packet(f"{absent} {oid.hex} {name}{behind}".encode()))
        behind = ""
    return b"".join(lines) + FLUSH


def _capabilities(refs: Mapping[str, ObjectId], features: PushFeatures) -> str:
    wanted = [name for name in _WANTED if name in features.names]
    if len(refs) > 1:
        if "atomic" not in features.names:
            raise ValueError("several refs, and the server cannot create them in one step")
        wanted.append("atomic")
    if "object-format" in features.names:
        wanted.append(f"object-format={features.object_format}")
    if "agent" in features.names:
        wanted.append("agent=eka/1")
    return " ".join(wanted)
