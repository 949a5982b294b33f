"""Packs, checked against the format itself (real git reads them in the interop tests)."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from eka.git.pack import build_pack


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_pack_begins_with_its_count_and_ends_with_its_digest(algorithm: str) -> None:
    pack = build_pack([("commit", b"a"), ("blob", b"b")], algorithm)

    size = hashlib.new(algorithm).digest_size
    assert pack[:12] == b"PACK\0\0\0\2\0\0\0\2"
    assert pack[-size:] == hashlib.new(algorithm, pack[:-size]).digest()


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x10"),
        (15, b"\x1f"),
        (16, b"\x90\x01"),
        (2047, b"\x9f\x7f"),
        (2048, b"\x90\x80\x01"),
    ],
)
def test_the_size_of_an_object_is_written_in_groups_of_bits(size: int, header: bytes) -> None:
    pack = build_pack([("commit", b"x" * size)], "sha1")

    assert pack[12 : 12 + len(header)] == header
    assert zlib.decompress(pack[12 + len(header) : -20]) == b"x" * size


def test_the_same_objects_give_the_same_pack() -> None:
    objects = [("commit", b"one"), ("tree", b"two")]

    assert build_pack(objects, "sha1") == build_pack(objects, "sha1")


def test_objects_that_stay_here_are_stored_as_they_are() -> None:
    objects = [("commit", b"tree " + b"1" * 400), ("blob", b"")]

    pack = build_pack(objects, "sha1", is_compressed=False)

    assert objects[0][1] in pack
    assert len(build_pack(objects, "sha1")) < len(pack)
    assert hashlib.sha1(pack[:-20]).digest() == pack[-20:]  # noqa: S324 - git's checksum
