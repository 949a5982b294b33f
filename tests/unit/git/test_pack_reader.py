"""Small packs read in memory; what is odd in any way is left to git."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest

from eka.atom import ObjectId, SourceUrl, object_id
from eka.git import pack_reader
from eka.git.pack import build_pack
from eka.git.pack_collector import PackCollector
from eka.git.pack_reader import LeftToGit, read_pack

BASE = b"a line of text that is long enough\n" * 4
CHANGED = BASE[:35] + b"and another end\n"


def pack(*entries: bytes) -> bytes:
    """Put raw entries into a pack with a right trailer."""
    data = struct.pack(">4sII", b"PACK", 2, len(entries)) + b"".join(entries)
    return data + hashlib.sha1(data, usedforsecurity=False).digest()


def entry(kind: int, size: int, body: bytes, reference: bytes = b"") -> bytes:
    """Return an entry whose header claims ``size``."""
    head = bytearray()
    byte, size = kind << 4 | size & 15, size >> 4
    while size:
        head.append(byte | 0x80)
        byte, size = size & 127, size >> 7
    head.append(byte)
    return bytes(head) + reference + zlib.compress(body)


def whole(body: bytes, kind: int = 3) -> bytes:
    return entry(kind, len(body), body)


def number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


# Copies the first 35 bytes of the base, then adds sixteen of its own.
HEAD = number(len(BASE)) + number(len(CHANGED))
DELTA = HEAD + b"\x90\x23" + b"\x10and another end\n"
OF_BASE = object_id("blob", BASE, "sha1")


def by_offset(delta: bytes = DELTA, distance: int | None = None) -> bytes:
    back = len(whole(BASE)) if distance is None else distance
    return entry(6, len(delta), delta, bytes([back]))


def by_id(delta: bytes = DELTA, of: ObjectId = OF_BASE) -> bytes:
    return entry(7, len(delta), delta, of.raw)


def bodies(data: bytes) -> set[bytes]:
    return {body for _, body in read_pack(data).values()}


def test_objects_of_every_kind_are_read_by_their_ids() -> None:
    objects = [("commit", b"c"), ("tree", b""), ("blob", b"x" * 5000), ("tag", b"t")]

    found = read_pack(build_pack(objects, "sha1"))

    assert found == {object_id(kind, body, "sha1"): (kind, body) for kind, body in objects}


@pytest.mark.parametrize("delta", [by_offset(), by_id()], ids=["offset", "id"])
def test_a_delta_is_applied_to_what_came_before(delta: bytes) -> None:
    assert bodies(pack(whole(BASE), delta)) == {BASE, CHANGED}


def test_a_copy_without_a_length_is_of_64_kib() -> None:
    base = bytes(range(256)) * 300
    delta = number(len(base)) + number(0x10000) + b"\x81\x02"

    found = bodies(pack(whole(base), by_id(delta, object_id("blob", base, "sha1"))))

    assert found == {base, base[2 : 2 + 0x10000]}


def test_a_distance_may_take_several_bytes() -> None:
    filler = [whole(object_id("blob", b"%d" % n, "sha1").raw * 9) for n in range(4)]
    back = sum(map(len, [whole(BASE), *filler]))
    high, low = (back >> 7) - 1, back & 127
    delta = entry(6, len(DELTA), DELTA, bytes([high | 128, low]))

    assert CHANGED in bodies(pack(whole(BASE), *filler, delta))


@pytest.mark.parametrize("data", [
    b"",
    b"PACK",
    pack(whole(BASE))[:-1] + b"x",  # another trailer
    pack(whole(BASE)) + b"x",
    pack(whole(BASE))[:-21],
    struct.pack(">4sII", b"KCAP", 2, 0),
    struct.pack(">4sII", b"PACK", 3, 0),
    pack(entry(5, 1, b"x")),  # no such kind
    pack(entry(3, 9, b"x")),
    pack(entry(3, 1, b"xyz")),
    pack(entry(3, 1 << 21, b"x")),
    pack(b"\xb0" + b"\xff" * 12 + b"\x01"),  # a size without end
    pack(b"\x31" + b"no zlib stream"),
    pack(by_id()),  # of what is not there
    pack(whole(BASE), by_offset(distance=3)),
    pack(whole(BASE), entry(6, len(DELTA), DELTA, b"\xff" * 9 + b"\x01")),
    pack(whole(BASE), by_id(number(3) + DELTA[2:])),
    pack(whole(BASE), by_id(DELTA[:-1])),
    pack(whole(BASE), by_id(HEAD + b"\x00")),
    pack(whole(BASE), by_id(HEAD + number(4) + b"\x90")),
    pack(whole(BASE), by_id(number(len(BASE)) + number(3) + b"\x90\x23")),
    pack(whole(BASE), by_id(number(len(BASE)) + number(90) + b"\x90\x23")),
    pack(whole(BASE), by_id(number(len(BASE)) + number(1 << 22) + b"\x90\x23")),
    pack(whole(BASE), by_id(b"\xff" * 12)),
])  # fmt: skip
def test_what_is_odd_is_left_to_git(data: bytes) -> None:
    with pytest.raises(LeftToGit):
        read_pack(data)


def test_what_unfolds_to_much_is_left_to_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_reader, "MAX_UNFOLDED_BYTES", 3 * len(BASE))
    three = [whole(BASE + b"%d" % n) for n in range(3)]

    assert len(read_pack(pack(*three[:2]))) == 2
    with pytest.raises(LeftToGit):
        read_pack(pack(*three))


def test_a_long_chain_of_deltas_is_left_to_git() -> None:
    chain = [whole(BASE)]
    same = number(len(BASE)) + number(len(BASE)) + b"\x90" + bytes([len(BASE)])
    for _ in range(52):
        chain.append(entry(6, len(same), same, bytes([len(chain[-1])])))

    with pytest.raises(LeftToGit):
        read_pack(pack(*chain))


def test_what_several_sources_sent_becomes_one_pack() -> None:
    one, other = SourceUrl("https", "a.org", "/a"), SourceUrl("https", "a.org", "/b")
    collector = PackCollector()

    assert collector.pack() == b""
    assert collector.take(one, build_pack([("blob", b"x"), ("commit", b"c")], "sha1"))
    assert collector.take(other, build_pack([("blob", b"x"), ("blob", b"long")], "sha1"))
    assert not collector.take(other, b"PACK")

    ids = [object_id("blob", b"x", "sha1"), object_id("blob", b"long", "sha1")]
    assert len(read_pack(collector.pack())) == 3
    assert collector.read(ids, "blob", 3) == {ids[0]: b"x"}
    assert collector.read(ids, "commit", 3) == {}
    assert [url for url, _ in collector.packs] == [one, other]


def test_only_so_much_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eka.git.pack_collector.MOST_BYTES", 3)
    collector, url = PackCollector(), SourceUrl("https", "a.org", "/a")

    assert collector.take(url, build_pack([("blob", b"four")], "sha1"))
    assert not collector.take(url, build_pack([("blob", b"")], "sha1"))
