"""Tar archives with one legal form: what a layer of an image is made of.

Source: atom-spec/image.md [image-tar].
"""

from __future__ import annotations

from enum import Enum

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)
MTIME = 1  # second since 1970, as everywhere in the store
_FIELD_BYTES = 100  # of a name or a target; longer ones stand in a header of their own
_MAX_OCTAL = 8**11
_EXTENDED_NAME = b"eka.pax"
_ROOT = b"root".ljust(32, b"\0")
_REST = bytes(2 * 8 + 155 + 12)  # no device, no prefix of a name


class EntryKind(Enum):
    """What an entry is, by the letter tar has for it."""

    FILE = b"0"
    LINK = b"2"
    DIRECTORY = b"5"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, symlink or directory of an archive."""

    name: bytes  # relative, without a slash at its end
    kind: EntryKind
    mode: int  # permission bits
    size_bytes: int = 0  # of a file
    target: bytes = b""  # of a link


def header(entry: Entry) -> bytes:
    """Return the header of an entry, whole blocks; the contents of a file follow, then `padding`.

    Owner and group are root, the time is `MTIME`. What does not fit the fields of ustar stands in
    an extended header (pax) before it.
    """
    name = entry.name + (b"/" if entry.kind is EntryKind.DIRECTORY else b"")
    records: list[tuple[bytes, bytes]] = []
    if len(entry.target) > _FIELD_BYTES:
        records.append((b"linkpath", entry.target))
    if len(name) > _FIELD_BYTES:
        records.append((b"path", name))
    if entry.size_bytes >= _MAX_OCTAL:
        records.append((b"size", str(entry.size_bytes).encode()))
    size_bytes = entry.size_bytes if entry.size_bytes < _MAX_OCTAL else 0
    block = _block(name, entry.mode, size_bytes, entry.kind.value, entry.target)
    return _extended(records) + block if records else block


def padding(size_bytes: int) -> bytes:
    """Return the zeros that follow the contents of a file of this size."""
    return bytes(-size_bytes % BLOCK_BYTES)


def _extended(records: Iterable[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(_record(key, value) for key, value in records)
    return _block(_EXTENDED_NAME, 0o644, len(body), b"x", b"") + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    """Return a line that begins with its own length, in decimal digits."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _block(name: bytes, mode: int, size_bytes: int, kind: bytes, target: bytes) -> bytes:
    before = (
        name[:_FIELD_BYTES].ljust(_FIELD_BYTES, b"\0")
        + b"%07o\0" % mode
        + b"0000000\0" * 2  # user and group
        + b"%011o\0" % size_bytes
        + b"%011o\0" % MTIME
    )
    after = (
        kind
        + target[:_FIELD_BYTES].ljust(_FIELD_BYTES, b"\0")
        + b"ustar\x0000"
        + _ROOT
        + _ROOT
        + _REST
    )
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o\0 " % checksum + after
