"""The fetching conversation: one request, one pack."""

from __future__ import annotations

import pytest

from eka.atom import ObjectId
from eka.git.pktline import FLUSH, MalformedAnswer, packet
from eka.git.protocol import ServerRefused
from eka.git.protocol_fetch import FetchConversation, Wish

ONE, TWO = ObjectId("1" * 40), ObjectId("2" * 40)
DELIMITER = b"0001"


def advertisement(features: bytes = b"shallow filter") -> bytes:
    lines = [b"version 2\n", b"ls-refs\n", b"fetch=" + features + b"\n"]
    return b"".join(packet(line) for line in lines) + FLUSH


def band(channel: int, data: bytes) -> bytes:
    return packet(bytes([channel]) + data)


def asked(wish: Wish, features: bytes = b"shallow filter") -> tuple[FetchConversation, bytes]:
    talk = FetchConversation(wish)
    return talk, talk.receive(advertisement(features))


def test_everything_is_asked_for_in_one_request() -> None:
    wish = Wish(wants=[ONE, TWO], haves=[TWO], is_shallow=True, filter="tree:0")

    talk, request = asked(wish)

    assert request == (
        packet(b"command=fetch\n")
        + DELIMITER
        + b"".join(
            packet(line + b"\n")
            for line in (
                b"no-progress",
                b"ofs-delta",
                b"want " + ONE.hex.encode(),
                b"want " + TWO.hex.encode(),
                b"have " + TWO.hex.encode(),
                b"deepen 1",
                b"filter tree:0",
                b"done",
            )
        )
        + FLUSH
    )
    assert talk.is_filtered


def test_a_filter_is_not_sent_to_a_server_that_offers_none() -> None:
    talk, request = asked(Wish(wants=[ONE], filter="tree:0", is_shallow=True), b"")

    assert b"filter" not in request
    assert b"deepen" not in request
    assert not talk.is_filtered


def test_the_pack_is_what_came_on_the_first_channel() -> None:
    talk, _ = asked(Wish(wants=[ONE]))

    talk.receive(packet(b"packfile\n") + band(1, b"PA") + band(2, b"counting\n"))
    early = talk.take_pack()
    talk.receive(band(1, b"CK") + FLUSH)

    assert (early, talk.take_pack(), talk.take_pack()) == (b"PA", b"CK", b"")
    assert (talk.has_pack, talk.is_done) == (True, True)


def test_the_boundary_of_a_shallow_server_is_kept() -> None:
    talk, _ = asked(Wish(wants=[ONE]))

    talk.receive(
        packet(b"shallow-info\n")
        + packet(b"shallow " + ONE.hex.encode() + b"\n")
        + DELIMITER
        + packet(b"packfile\n")
        + band(1, b"PACK")
        + FLUSH
    )

    assert talk.shallow == {ONE.hex}
    assert talk.take_pack() == b"PACK"


def test_an_answer_without_a_pack_says_so() -> None:
    talk, _ = asked(Wish(wants=[ONE]))

    talk.receive(FLUSH)

    assert (talk.is_done, talk.has_pack) == (True, False)


@pytest.mark.parametrize(
    "refusal",
    [packet(b"ERR upload-pack: not our ref 11"), packet(b"packfile\n") + band(3, b"died")],
)
def test_an_error_of_the_server_ends_the_conversation(refusal: bytes) -> None:
    talk, _ = asked(Wish(wants=[ONE]))

    with pytest.raises(ServerRefused):
        talk.receive(refusal)


@pytest.mark.parametrize("data", [band(4, b"x"), packet(b"")])
def test_an_unknown_channel_is_an_error(data: bytes) -> None:
    talk, _ = asked(Wish(wants=[ONE]))

    with pytest.raises(MalformedAnswer):
        talk.receive(packet(b"packfile\n") + data)


def test_a_pack_that_breaks_off_is_an_error() -> None:
    talk, _ = asked(Wish(wants=[ONE]))
    talk.receive(packet(b"packfile\n") + band(1, b"PACK"))

    with pytest.raises(MalformedAnswer):
        talk.end_of_stream()


def test_an_old_server_is_left_to_git() -> None:
    talk = FetchConversation(Wish(wants=[ONE]))

    reply = talk.receive(packet(ONE.hex.encode() + b" HEAD\0agent=git/1.8\n") + FLUSH)

    assert (reply, talk.protocol, talk.is_done) == (FLUSH, 0, True)
