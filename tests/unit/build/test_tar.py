from __future__ import annotations

import io
import tarfile

import pytest

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsafeArchive, UnsupportedArchive
from eka.build.tar import MAX_RECORD_BYTES, Kind, TarReader
from tests.fakes.archives import Entry, directory, file, hardlink, header, pax, symlink, tar


def read(data: bytes) -> list[tuple[bytes, Kind, bool, bytes, bytes]]:
    reader = TarReader(io.BytesIO(data), "a.tar")
    return [
        (member.name, member.kind, member.executable, member.target, b"".join(reader.content()))
        for member in reader
    ]


def test_files_directories_and_links_are_read_in_order() -> None:
    data = tar(
        directory("d/"),
        file("d/f", b"content", mode=0o755),
        symlink("d/l", "f"),
        hardlink("d/h", "d/f"),
    )

    found = read(data)

    assert found == [
        (b"d/", Kind.DIRECTORY, True, b"", b""),
        (b"d/f", Kind.FILE, True, b"", b"content"),
        (b"d/l", Kind.SYMLINK, True, b"f", b""),
        (b"d/h", Kind.HARDLINK, False, b"d/f", b""),
    ]


@pytest.mark.parametrize("dialect", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_dialect_of_the_standard_library_is_read(dialect: int) -> None:
    buffer = io.BytesIO()
    long = "p" * 90 + "/" + "n" * 90
    with tarfile.open(fileobj=buffer, mode="w", format=dialect) as archive:
        for name, content in ((long, b"x" * 1000), ("ümläut", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

    found = read(buffer.getvalue())

    assert [(name, content) for name, _, _, _, content in found] == [
        (long.encode(), b"x" * 1000),
        ("ümläut".encode(), b""),
    ]


def test_a_name_and_a_target_longer_than_a_header_come_from_long_records() -> None:
    name, target = b"n" * 300, b"t" * 300
    data = tar(
        Entry(b"././@LongLink", name + b"\0", b"L"),
        Entry(b"././@LongLink", target + b"\0", b"K"),
        Entry(b"short", letter=b"2", target=b"short"),
        file("next"),
    )

    found = read(data)

    assert found[0][0] == name
    assert found[0][3] == target
    assert found[1][0] == b"next"


def test_content_not_taken_is_skipped() -> None:
    reader = TarReader(io.BytesIO(tar(file("a", b"x" * 700), file("b"))), "a.tar")

    names = [member.name for member in reader]

    assert names == [b"a", b"b"]


def test_an_old_archive_marks_a_directory_by_a_slash() -> None:
    found = read(tar(Entry(b"d/", letter=b"\0")))

    assert found[0][1] is Kind.DIRECTORY


@pytest.mark.parametrize("letter", [b"3", b"4", b"6"])
@pytest.mark.spec("unpack-refused")
def test_devices_and_pipes_are_refused(letter: bytes) -> None:
    with pytest.raises(UnsafeArchive) as caught:
        read(tar(Entry(b"dev", letter=letter)))

    assert caught.value.entry == b"dev"


@pytest.mark.parametrize(
    "data",
    [
        tar(Entry(b"sparse", letter=b"S")),
        tar(pax({"GNU.sparse.major": "1"}), file("sparse")),
        tar(pax({"path": "x"}, letter=b"g"), file("renamed")),
        tar(pax({"size": "1"}, letter=b"g"), file("resized")),
    ],
)
def test_entries_of_rare_kinds_are_refused_not_guessed(data: bytes) -> None:
    with pytest.raises(UnsupportedArchive):
        read(data)


def test_a_global_comment_is_ignored() -> None:
    found = read(tar(pax({"comment": "of git archive"}, letter=b"g"), file("a")))

    assert [name for name, *_ in found] == [b"a"]


GOOD = tar(file("a", b"x" * 600))


@pytest.mark.parametrize(
    "data",
    [
        GOOD[:100],
        GOOD[:700],
        GOOD[:1100],
        b"hello" * 200,
        header(Entry(b"negative", size=-5)),
        tar(Entry(b"pax", b"nonsense", b"x")),
        tar(Entry(b"pax", b"99 path=x\n", b"x")),
        tar(Entry(b"pax", b"0 path=x\n", b"x")),
        tar(pax({"size": "-1"}), file("a")),
        tar(pax({"size": "9" * 30}), file("a")),
    ],
)
def test_broken_bytes_are_told_from_good_ones(data: bytes) -> None:
    with pytest.raises(BrokenArchive):
        read(data)


@pytest.mark.parametrize("letter", [b"x", b"g", b"L", b"K"])
@pytest.mark.spec("unpack-limits")
def test_a_record_of_gigabytes_is_refused_before_it_is_read(letter: bytes) -> None:
    data = header(Entry(b"big", letter=letter, size=4 << 30))

    with pytest.raises(ArchiveTooLarge) as caught:
        read(data)

    assert caught.value.limit == MAX_RECORD_BYTES


def test_a_size_beyond_the_octal_field_is_understood() -> None:
    reader = TarReader(io.BytesIO(header(Entry(b"big", size=9 << 30))), "a.tar")

    member = next(iter(reader))

    assert member.size == 9 << 30


def test_a_checksum_of_signed_characters_is_accepted() -> None:
    raw = bytearray(header(Entry("é".encode())))
    raw[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in raw)
    raw[148:156] = b"%06o\0 " % signed

    assert [name for name, *_ in read(bytes(raw))] == ["é".encode()]
