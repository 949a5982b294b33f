"""Zip archives, well-formed and hostile."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsafeArchive, UnsupportedArchive
from eka.build.inflate import CHUNK_BYTES, Budget
from eka.build.tar import Kind
from eka.build.zip import MAX_DIRECTORY_BYTES, MAX_TARGET_BYTES, ZipReader
from tests.fakes.archives import zipped

if TYPE_CHECKING:
    from eka.build.tar import Member

LINK, PIPE = 0o120777, 0o010644


def members(data: bytes, *, budget: int = 1 << 30) -> list[tuple[Member, bytes]]:
    """Return all members with their bytes."""
    reader = ZipReader(io.BytesIO(data), "a.zip", Budget(budget))
    return [(member, b"".join(reader.content())) for member in reader]


def changed(data: bytes, magic: bytes, offset: int, form: str, value: int) -> bytes:
    """Return an archive with another value in its last header of a kind."""
    at = data.rindex(magic) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.spec("unpack-zip")
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_zip_writes_is_read(method: int) -> None:
    text = b"text " * 200_000
    data = zipped(("d/", b"", 0o040755), ("d/f", text, 0o100644), ("x", b"#!", 0o100755),
                  ("l", b"d/f", LINK), method=method)  # fmt: skip

    found = [(m.name, m.kind, m.executable, m.target, body) for m, body in members(data)]

    assert found == [
        (b"d/", Kind.DIRECTORY, True, b"", b""),
        (b"d/f", Kind.FILE, False, b"", text),
        (b"x", Kind.FILE, True, b"", b"#!"),
        (b"l", Kind.SYMLINK, True, b"d/f", b"d/f"),
    ]


@pytest.mark.spec("unpack-zip")
@pytest.mark.parametrize("size", [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 1 << 20, 1 << 23])
def test_what_compresses_to_next_to_nothing_is_read_whole(size: int) -> None:
    data = zipped(("x", b"x" * size, 0o100644))

    ((member, body),) = members(data)

    assert member.size == size
    assert body == b"x" * size


@pytest.mark.spec("unpack-zip")
def test_entries_from_other_systems_have_no_modes() -> None:
    data = changed(zipped(("x", b"a", 0o100755)), b"PK\1\2", 4, "<H", 20)

    (member, _), *_ = members(data)

    assert member.kind is Kind.FILE
    assert not member.executable


@pytest.mark.spec("unpack-zip")
def test_a_name_without_a_mark_is_of_an_old_code_page() -> None:
    data = zipped(("a?", b"", 0)).replace(b"a?", b"a\x81")

    (member, _), *_ = members(data)

    assert member.name == "aü".encode()


def test_sizes_of_64_bits_are_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("big")
        with archive.open(info, "w", force_zip64=True) as file:
            file.write(b"12345")
    plain = out.getvalue()
    # As a writer does that knows no sizes before: both are in the extra field of the directory.
    at = plain.rindex(b"PK\1\2")
    entry = bytearray(plain[at : at + 46])
    struct.pack_into("<LL", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    extra = struct.pack("<HHHHQQ", 0x5455, 0, 1, 16, 5, 5)
    struct.pack_into("<H", entry, 30, len(extra))
    directory = bytes(entry) + b"big" + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), at)
    place = struct.pack("<4sLQL", b"PK\6\7", 0, at + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)

    found = members(plain[:at] + directory + end64 + place + end)

    assert [(member.name, body) for member, body in found] == [(b"big", b"12345")]


def test_content_that_is_not_asked_for_is_skipped() -> None:
    data = zipped(("a", b"1" * 1000, 0), ("b", b"2", 0))

    names = [member.name for member in ZipReader(io.BytesIO(data), "a.zip", Budget(0))]

    assert names == [b"a", b"b"]


def test_nothing_is_read_of_no_member() -> None:
    assert list(ZipReader(io.BytesIO(zipped()), "a.zip", Budget(0)).content()) == []


GOOD = zipped(("a", b"content" * 50, 0o100644))


@pytest.mark.spec("unpack-zip", "unpack-limits")
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", BrokenArchive),
        (b"PK\3\4 but no end", BrokenArchive),
        (GOOD[:-1], BrokenArchive),
        (changed(GOOD, b"PK\5\6", 16, "<L", 2**32 - 2), BrokenArchive),
        (changed(GOOD, b"PK\5\6", 10, "<H", 2), BrokenArchive),
        (changed(GOOD, b"PK\5\6", 12, "<L", MAX_DIRECTORY_BYTES + 1), ArchiveTooLarge),
        (changed(GOOD, b"PK\1\2", 28, "<H", 60_000), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 42, "<L", 3), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 24, "<L", 349), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 24, "<L", 351), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 24, "<L", 2**32 - 1), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 16, "<L", 1), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 20, "<L", 2**31), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 10, "<H", 0), BrokenArchive),
        (changed(GOOD, b"PK\1\2", 10, "<H", 14), UnsupportedArchive),
        (changed(GOOD, b"PK\1\2", 8, "<H", 1), UnsupportedArchive),
        (GOOD[:31] + b"\xff" * 4 + GOOD[35:], BrokenArchive),
        (zipped(("a", b"", PIPE)), UnsafeArchive),
        (zipped(("a", b"1", 0), ("a", b"2", 0)), UnsafeArchive),
        (zipped(("a", b"x" * (MAX_TARGET_BYTES + 1), LINK)), ArchiveTooLarge),
    ],
)
def test_a_bad_archive_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        members(data)


@pytest.mark.spec("unpack-limits")
def test_a_bomb_is_stopped_by_the_budget() -> None:
    data = zipped(("bomb", bytes(1 << 22), 0))

    with pytest.raises(ArchiveTooLarge) as caught:
        members(data, budget=1 << 20)

    assert caught.value.limit == 1 << 20
    assert len(data) < 1 << 14


def test_more_entries_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eka.build.zip.MAX_ENTRIES", 1)

    with pytest.raises(ArchiveTooLarge) as caught:
        members(zipped(("a", b"", 0), ("b", b"", 0)))

    assert caught.value.unit == "entries"


def test_bytes_after_the_end_of_compressed_data_are_not_content() -> None:
    packed = zlib.compress(b"abc", wbits=-15)
    longer = zipped(("a", b"abc", 0)).replace(packed, packed + b"tail")
    data = changed(longer, b"PK\1\2", 20, "<L", len(packed) + 4)
    data = changed(data, b"PK\5\6", 16, "<L", longer.rindex(b"PK\1\2"))

    assert [body for _, body in members(data)] == [b"abc"]
