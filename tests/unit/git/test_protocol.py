"""The listing conversation: what is asked, what is believed, what is an error."""

from __future__ import annotations

import pytest

from eka.atom import ObjectId
from eka.git.pktline import FLUSH, RESPONSE_END, MalformedAnswer, packet
from eka.git.protocol import Capabilities, ServerRefused, ref_name
from eka.git.protocol_listing import (
    ListingTooLarge,
    LsRefsConversation,
    chunks,
    ls_refs_request,
    parse_ls_remote,
)

ONE, TWO = "1" * 40, "2" * 40
ADVERTISEMENT = (
    packet(b"version 2\n")
    + packet(b"agent=git/2.39.5\n")
    + packet(b"ls-refs=unborn\n")
    + packet(b"fetch=shallow filter\n")
    + packet(b"object-format=sha1\n")
    + FLUSH
)
PREFIX = "refs/atoms/zlib/"


def answer(*lines: str) -> bytes:
    return b"".join(packet(line.encode() + b"\n") for line in lines) + FLUSH


def conversation(*prefixes: str, is_stateless: bool = False) -> LsRefsConversation:
    return LsRefsConversation([prefixes or (PREFIX,)], is_stateless=is_stateless)


def listed(*lines: str) -> LsRefsConversation:
    talk = conversation()
    talk.receive(ADVERTISEMENT)
    talk.receive(answer(*lines))
    return talk


@pytest.mark.spec("list-by-prefix")
def test_the_request_names_the_prefixes_and_nothing_else() -> None:
    talk = conversation(PREFIX, "refs/eka/atoms/zlib/")

    request = talk.receive(ADVERTISEMENT)

    assert request == (
        packet(b"command=ls-refs\n")
        + packet(b"agent=eka/1\n")
        + packet(b"object-format=sha1\n")
        + b"0001"
        + packet(b"ref-prefix refs/atoms/zlib/\n")
        + packet(b"ref-prefix refs/eka/atoms/zlib/\n")
        + FLUSH
    )


@pytest.mark.spec("list-by-prefix")
def test_many_prefixes_go_into_several_requests_of_one_connection() -> None:
    prefixes = [f"refs/atoms/a{number}/" for number in range(600)]
    talk = LsRefsConversation(chunks(prefixes, is_stateless=True), is_stateless=True)

    first = talk.receive(ADVERTISEMENT)
    second = talk.receive(answer(f"{ONE} refs/atoms/a0/1.0.0") + RESPONSE_END)
    end = talk.receive(answer(f"{TWO} refs/atoms/a599/1.0.0") + RESPONSE_END)

    assert first.count(b"ref-prefix") == 514
    assert second.count(b"ref-prefix") == 86
    assert end == b""
    assert talk.is_done
    assert len(talk.found.refs) == 2


@pytest.mark.spec("list-pipelined")
def test_where_a_connection_stays_open_requests_do_not_wait_for_answers() -> None:
    prefixes = [f"refs/atoms/a{number}/" for number in range(514)]
    talk = LsRefsConversation(chunks(prefixes, is_stateless=False))
    answers = [answer(f"{ONE} refs/atoms/a{128 * number}/1.0.0") for number in range(5)]

    asked = talk.receive(ADVERTISEMENT)
    end = talk.receive(b"".join(answers))

    assert asked.count(b"command=ls-refs") == 5
    assert asked.count(b"ref-prefix") == 514
    assert end == FLUSH
    assert talk.is_done
    assert len(talk.found.refs) == 5


@pytest.mark.spec("list-pipelined")
def test_no_more_is_sent_ahead_than_a_pipe_holds() -> None:
    labels = [f"{number}{'a' * 124}" for number in range(1000)]
    talk = LsRefsConversation(
        chunks([f"refs/atoms/{each}/" for each in labels], is_stateless=False)
    )
    ahead = [len(request) for request in talk.receive(ADVERTISEMENT).split(FLUSH)[:-1]]
    sums = [sum(ahead)]

    while not talk.is_done:
        del ahead[0]
        ahead += [len(request) for request in talk.receive(FLUSH).split(FLUSH)[:-1] if request]
        sums.append(sum(ahead))

    assert len(sums) == 1 + 8
    assert 32 * 1024 < max(sums) < 60 * 1024


def test_more_prefixes_than_one_request_may_hold_are_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="515 prefixes"):
        ls_refs_request(["x"] * 515, Capabilities())


def test_tags_are_peeled_only_where_tags_are_asked_for() -> None:
    assert b"peel\n" in ls_refs_request(["refs/tags/x"], Capabilities())
    assert b"peel\n" not in ls_refs_request(["refs/atoms/x/"], Capabilities())


def test_refs_are_taken_from_the_answer() -> None:
    talk = listed(f"{ONE} {PREFIX}1.0.0", f"{TWO} {PREFIX}2.0.0 peeled:{ONE}")

    assert talk.is_done
    assert talk.found.refs == {
        f"{PREFIX}1.0.0": ObjectId(ONE),
        f"{PREFIX}2.0.0": ObjectId(TWO),
    }
    assert talk.found.peeled == {f"{PREFIX}2.0.0": ObjectId(ONE)}


@pytest.mark.spec("list-refilter")
def test_names_nobody_asked_for_are_ignored() -> None:
    talk = listed(f"{ONE} refs/atoms/other/1.0.0", f"{ONE} HEAD", f"{ONE} {PREFIX}1.0.0")

    assert list(talk.found.refs) == [f"{PREFIX}1.0.0"]
    assert talk.found.unasked == 2
    assert talk.found.dropped == 0


@pytest.mark.spec("list-names")
@pytest.mark.parametrize(
    "name",
    [
        b"refs/atoms/zlib/\x1b]0;owned\x07",
        b"refs/atoms/zlib/../../hooks/post-update",
        b"refs/atoms/zlib/-Oups",
        b"-Oups",
        b"../../hooks",
        "refs/atoms/zlib/\u202e0.0.1".encode(),
        "refs/atoms/zlib/1\u200b.0.0".encode(),
        b"refs/atoms/zlib/\xff\xfe",
        b"refs/atoms/zlib/1.0.0.lock",
        b"refs/atoms/zlib//1.0.0",
        b"refs/atoms/zlib/.hidden",
        b"refs/atoms/zlib/a~1",
        b"refs/atoms/zlib/a^{}",
        b"refs/atoms/zlib/a:b",
        b"refs/atoms/zlib/a\\b",
        b"refs/atoms/zlib/@{1}",
        b"refs/atoms/zlib/",
        b"refs/atoms/zlib/end.",
        b"refs/atoms/zlib/" + b"x" * 1024,
        b"heads/main",
        b"",
    ],
)
def test_hostile_names_are_no_names(name: bytes) -> None:
    assert ref_name(name) is None


@pytest.mark.spec("list-names")
def test_hostile_names_are_dropped_and_counted() -> None:
    talk = listed(f"{ONE} {PREFIX}\x1b[31m1.0.0", f"{ONE} {PREFIX}1.0.0", f"{ONE} ../../hooks")

    assert list(talk.found.refs) == [f"{PREFIX}1.0.0"]
    assert talk.found.dropped == 2


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "refs/atoms/ひらがな/0.1.0-rc.1"])
def test_honest_names_are_kept(name: str) -> None:
    assert ref_name(name.encode()) == name


@pytest.mark.spec("list-whole")
def test_a_server_that_sends_nothing_is_an_error() -> None:
    with pytest.raises(MalformedAnswer):
        conversation().end_of_stream()


@pytest.mark.spec("list-whole")
def test_an_answer_without_its_end_is_an_error_wherever_it_stops() -> None:
    stream = ADVERTISEMENT + answer(f"{ONE} {PREFIX}1.0.0", f"{TWO} {PREFIX}2.0.0")

    for length in range(len(stream)):
        talk = conversation()
        talk.receive(stream[:length])
        with pytest.raises(MalformedAnswer):
            talk.end_of_stream()


@pytest.mark.spec("list-whole")
def test_a_flush_alone_says_that_there_are_no_such_refs() -> None:
    talk = listed()
    talk.end_of_stream()

    assert talk.found.refs == {}


@pytest.mark.spec("list-whole")
def test_a_stateless_answer_ends_with_a_packet_of_its_own() -> None:
    talk = conversation(is_stateless=True)
    talk.receive(ADVERTISEMENT)

    talk.receive(answer(f"{ONE} {PREFIX}1.0.0"))

    assert not talk.is_done
    assert talk.receive(RESPONSE_END) == b""
    assert talk.is_done


@pytest.mark.spec("list-once")
def test_a_name_with_two_values_is_an_error() -> None:
    with pytest.raises(MalformedAnswer, match="twice"):
        listed(f"{ONE} {PREFIX}1.0.0", f"{TWO} {PREFIX}1.0.0")


def test_a_name_listed_twice_with_one_value_is_one_ref() -> None:
    talk = listed(f"{ONE} {PREFIX}1.0.0", f"{ONE} {PREFIX}1.0.0")

    assert talk.found.refs == {f"{PREFIX}1.0.0": ObjectId(ONE)}


@pytest.mark.spec("list-caps")
def test_a_listing_without_end_is_cut_off() -> None:
    talk = LsRefsConversation([[PREFIX]], max_refs=10)
    talk.receive(ADVERTISEMENT)

    endless = b"".join(packet(f"{ONE} refs/other/{number}\n".encode()) for number in range(11))

    with pytest.raises(ListingTooLarge) as caught:
        talk.receive(endless)

    assert caught.value.max_refs == 10


@pytest.mark.parametrize(
    "line", ["", "zz refs/x", f"{ONE[:-1]} refs/x", f"{'0' * 40} refs/x", f"{'1' * 64} refs/x"]
)
def test_what_is_no_object_id_is_an_error(line: str) -> None:
    with pytest.raises(MalformedAnswer):
        listed(line)


def test_a_sha256_server_gives_long_ids_and_is_told_so() -> None:
    talk = conversation()
    request = talk.receive(
        ADVERTISEMENT.replace(b"0017object-format=sha1\n", packet(b"object-format=sha256\n"))
    )

    talk.receive(answer(f"{'1' * 64} {PREFIX}1.0.0"))

    assert packet(b"object-format=sha256\n") in request
    assert talk.found.refs[f"{PREFIX}1.0.0"].algorithm == "sha256"


def test_an_error_of_the_server_is_passed_on_made_safe() -> None:
    talk = conversation()

    with pytest.raises(ServerRefused) as caught:
        talk.receive(packet(b"ERR access denied\x1b[2J or repository not exported: /x"))

    assert "\x1b" not in caught.value.message
    assert caught.value.message.startswith("access denied")


@pytest.mark.parametrize(
    "advertisement",
    [
        packet(b"version 2\n") + FLUSH,
        packet(b"version 2\n") + packet(b"ls-refs\n") + packet(b"fetch\n") + b"0001",
        packet(b"version 2\n") + packet(b"object-format=md5\n") + FLUSH,
        packet(b"version 2\n") + packet(b"x\n") * 1001,
        packet(b"<html>\n"),
    ],
)
def test_an_advertisement_that_is_none_is_an_error(advertisement: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        conversation().receive(advertisement)


@pytest.mark.spec("list-old")
@pytest.mark.parametrize("protocol", [0, 1])
def test_the_listing_of_an_old_server_is_filtered_here(protocol: int) -> None:
    talk = conversation(PREFIX, "refs/tags/")

    reply = talk.receive(
        (packet(b"version 1\n") if protocol else b"")
        + packet(f"{ONE} HEAD\0multi_ack side-band-64k agent=git/1.8\n".encode())
        + packet(f"{ONE} {PREFIX}1.0.0\n".encode())
        + packet(f"{ONE} {PREFIX}\x1b1.0.0\n".encode())
        + packet(f"{ONE} refs/heads/main\n".encode())
        + packet(f"{TWO} refs/tags/root\n".encode())
        + packet(f"{ONE} refs/tags/root^{{}}\n".encode())
        + packet(f"shallow {ONE}\n".encode())
        + FLUSH
    )

    assert (reply, talk.is_done, talk.protocol) == (FLUSH, True, protocol)
    assert talk.found.refs == {f"{PREFIX}1.0.0": ObjectId(ONE), "refs/tags/root": ObjectId(TWO)}
    assert talk.found.peeled == {"refs/tags/root": ObjectId(ONE)}
    assert talk.found.dropped == 1


@pytest.mark.parametrize(
    "nothing", [FLUSH, packet(b"0" * 40 + b" capabilities^{}\0agent=x\n") + FLUSH]
)
def test_an_old_server_without_refs_is_understood(nothing: bytes) -> None:
    talk = conversation()

    talk.receive(nothing)

    assert (talk.is_done, talk.protocol, len(talk.found.refs)) == (True, 0, 0)


@pytest.mark.spec("list-old")
def test_what_git_itself_listed_is_held_to_the_same_rules() -> None:
    output = f"{ONE}\tHEAD\n{ONE}\t{PREFIX}1.0.0\n{ONE}\t{PREFIX}-x\n".encode()

    found = parse_ls_remote(output, [PREFIX])

    assert (list(found.refs), found.dropped, found.unasked) == ([f"{PREFIX}1.0.0"], 1, 1)


def test_git_listing_nothing_is_an_empty_listing() -> None:
    assert parse_ls_remote(b"", [PREFIX]).refs == {}
