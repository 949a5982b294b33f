"""Packets are cut from any stream, and broken framing is an error."""

from __future__ import annotations

import pytest

from eka.git.pktline import FLUSH, MalformedAnswer, Packet, PacketKind, PacketReader, packet


def packets(reader: PacketReader) -> list[Packet]:
    found: list[Packet] = []
    while (one := reader.next()) is not None:
        found.append(one)
    return found


def test_a_packet_carries_its_length_before_its_data() -> None:
    assert packet(b"hello\n") == b"000ahello\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_packets_are_found_however_the_stream_is_cut(size: int) -> None:
    stream = packet(b"one\n") + b"0001" + packet(b"two") + b"0002" + FLUSH
    reader = PacketReader()
    found: list[Packet] = []

    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size])
        found += packets(reader)

    assert [one.kind for one in found] == [
        PacketKind.DATA,
        PacketKind.DELIMITER,
        PacketKind.DATA,
        PacketKind.RESPONSE_END,
        PacketKind.FLUSH,
    ]
    assert [one.line for one in found if one.data] == [b"one", b"two"]
    assert reader.is_between_packets


def test_a_half_packet_is_waited_for() -> None:
    reader = PacketReader()

    reader.feed(b"000ahel")

    assert reader.next() is None
    assert not reader.is_between_packets


@pytest.mark.parametrize(
    "header", [b"zzzz", b"-001", b"0x10", b"0003", b"fff1", b" 00a", b"\0\0\0\0"]
)
def test_an_impossible_length_is_an_error(header: bytes) -> None:
    reader = PacketReader()
    reader.feed(header + b"data")

    with pytest.raises(MalformedAnswer) as caught:
        reader.next()

    assert caught.value.exit_status == 4


def test_data_that_fits_into_no_packet_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        packet(b"x" * 65517)
