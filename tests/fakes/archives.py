"""Archives made by hand, well-formed and hostile, without touching a disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import warnings
import zipfile
from dataclasses import dataclass

from eka.build.spool import LayerFile

BLOCK = 512


@dataclass(frozen=True)
class Entry:
    """One tar entry, with whatever a test wants in its header."""

    name: bytes
    data: bytes = b""
    letter: bytes = b"0"
    mode: int = 0o644
    target: bytes = b""
    size: int | None = None  # said in the header, when it is not the truth


def file(name: str, data: bytes = b"", *, mode: int = 0o644) -> Entry:
    """Return a regular file."""
    return Entry(name.encode(), data, mode=mode)


def directory(name: str) -> Entry:
    """Return a directory."""
    return Entry(name.encode(), letter=b"5", mode=0o755)


def symlink(name: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(name.encode(), letter=b"2", mode=0o777, target=target.encode())


def hardlink(name: str, target: str) -> Entry:
    """Return a hard link."""
    return Entry(name.encode(), letter=b"1", target=target.encode())


def header(entry: Entry) -> bytes:
    """Return the 512 bytes before the content of an entry."""
    size = len(entry.data) if entry.size is None else entry.size
    number = b"%011o\0" % size if 0 <= size < 8**11 else size.to_bytes(12, "big", signed=True)
    if size >= 8**11:
        number = b"\x80" + number[1:]
    raw = b"".join(
        (
            entry.name[:100].ljust(100, b"\0"),
            b"%07o\0" % entry.mode,
            b"0000000\0" * 2,
            number,
            b"00000000000\0",
            b" " * 8,
            entry.letter,
            entry.target[:100].ljust(100, b"\0"),
            b"ustar\x0000",
        )
    ).ljust(BLOCK, b"\0")
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]


def padded(data: bytes) -> bytes:
    """Fill up to whole blocks."""
    return data + b"\0" * (-len(data) % BLOCK)


def tar(*entries: Entry) -> bytes:
    """Return a tar archive."""
    return b"".join(header(entry) + padded(entry.data) for entry in entries) + b"\0" * 2 * BLOCK


def pax(records: dict[str, str], *, letter: bytes = b"x") -> Entry:
    """Return an extended header for the entry that follows."""
    body = b""
    for key, value in records.items():
        rest = f" {key}={value}\n".encode()
        length = len(rest)
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        body += str(length).encode() + rest
    return Entry(b"pax", body, letter)


def ar(*members: tuple[str, bytes]) -> bytes:
    """Return an ar archive."""
    body = b"!<arch>\n"
    for name, data in members:
        body += b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o100644, len(data))
        body += data + b"\n" * (len(data) % 2)
    return body


def deb(*entries: Entry, kind: str = "xz") -> bytes:
    """Return a Debian binary package with these files."""
    data = tar(*entries)
    packed, suffix = {
        "xz": (lzma.compress(data), ".xz"),
        "gz": (gzip.compress(data), ".gz"),
        "bz2": (bz2.compress(data), ".bz2"),
        "plain": (data, ""),
    }[kind]
    control = gzip.compress(tar(file("./control", b"Package: x\n")))
    return ar(
        ("debian-binary", b"2.0\n"), ("control.tar.gz", control), ("data.tar" + suffix, packed)
    )


def zipped(*entries: tuple[str, bytes, int], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of names, bytes and modes of Unix (0: none)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def layer(name: str, data: bytes) -> LayerFile:
    """Return the file as the unpacker gets it."""
    return LayerFile(name, lambda: io.BytesIO(data))
