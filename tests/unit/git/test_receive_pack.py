"""The client's half of a push: capabilities in, a request out, a report in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId
from eka.git.parcel import Parcel
from eka.git.pktline import FLUSH, MalformedAnswer, packet
from eka.git.protocol import ServerRefused
from eka.git.receive_pack import (
    Advertisement,
    AtomicPushUnsupported,
    PushFeatures,
    push_commands,
)
from eka.git.receive_pack_report import ReportReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.git.push_report import PushReport

ONE = ObjectId("1" * 40)
TWO = ObjectId("2" * 40)
ALPHA, BETA = "refs/atoms/alpha/1.0.0", "refs/atoms/beta/1.0.0"
CAPABILITIES = b"report-status delete-refs side-band-64k quiet atomic ofs-delta agent=git/2"
FULL = PushFeatures(frozenset(CAPABILITIES.decode().replace("=git/2", "").split()))


def first(capabilities: bytes = CAPABILITIES, name: bytes = b"refs/heads/main") -> bytes:
    """Return the packet of the first ref."""
    return packet(b"3" * 40 + b" " + name + b"\0" + capabilities + b"\n")


def other(number: int) -> bytes:
    """Return the packet of another ref."""
    return packet(b"4" * 40 + b" refs/atoms/x/1.%d.0\n" % number)


def read(pieces: Iterable[bytes], *, is_whole: bool = False) -> PushFeatures:
    """Read an advertisement that arrives in pieces."""
    advertisement = Advertisement()
    for piece in pieces:
        advertisement.feed(piece)
    return advertisement.end(is_whole=is_whole)


@pytest.mark.spec("push-first-packet")
@pytest.mark.parametrize(
    "before",
    [b"", packet(b"version 1\n"), packet(b"# service=git-receive-pack\n") + FLUSH],
    ids=["plain", "version", "http"],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_capabilities_are_known_after_the_first_ref(before: bytes, size: int) -> None:
    data = before + first() + other(1)[:7]

    features = read(data[at : at + size] for at in range(0, len(data), size))

    assert features.names >= {"report-status", "atomic", "side-band-64k", "agent"}
    assert features.object_format == "sha1"


@pytest.mark.spec("push-first-packet")
def test_an_empty_repository_has_capabilities_too() -> None:
    features = read([packet(b"0" * 40 + b" capabilities^{}\0atomic object-format=sha256")])

    assert (features.names, features.object_format) == (
        frozenset({"atomic", "object-format"}),
        "sha256",
    )


@pytest.mark.spec("push-first-packet")
@pytest.mark.parametrize("size", [1, 2, 5, 61, 64, 10_000])
def test_the_end_of_the_refs_is_found_without_reading_them(size: int) -> None:
    data = first() + b"".join(other(number) for number in range(40)) + FLUSH + b"more"
    advertisement = Advertisement()
    ends: list[int] = []

    for at in range(0, len(data), size):
        advertisement.feed(data[at : at + size])
        if advertisement.is_whole:
            ends.append(at + size)

    assert ends[0] >= len(data) - 4
    assert ends[0] < len(data) - 4 + size
    assert advertisement.end(is_whole=True).names == FULL.names


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"00",
        FLUSH,
        packet(b"# service=git-upload-pack\n") + FLUSH,
        packet(b"version 2\n"),
        packet(b"3" * 40 + b" refs/heads/main\n"),
        packet(b"<html>\n"),
        b"HTTP/1.1 200 OK",
        first(b"object-format=md5"),
        first(b"atomic object-format=sha1\n")[:-5],
        (packet(b"# service=git-receive-pack\n") + FLUSH) * 20,
        first()[:4] + b"\xff" * 200,
    ],
)
def test_what_is_no_advertisement_is_told(data: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read([data])


def test_an_advertisement_that_breaks_off_is_not_whole() -> None:
    with pytest.raises(MalformedAnswer):
        read([first(), other(1)], is_whole=True)


def test_rubbish_among_the_refs_is_told() -> None:
    with pytest.raises(MalformedAnswer):
        read([first(), b"zzzz"], is_whole=True)


def test_an_error_of_the_server_is_passed_on_harmlessly() -> None:
    with pytest.raises(ServerRefused) as caught:
        read([packet(b"ERR no \x1b[31mentry")])

    assert caught.value.message == "no \\u{1b}[31mentry"


@pytest.mark.spec("push-create", "push-capabilities")
def test_a_request_creates_every_ref_in_one_step() -> None:
    request = push_commands({ALPHA: ONE, BETA: TWO}, FULL)

    zero = b"0" * 40
    wanted = b"report-status side-band-64k quiet atomic agent=eka/1"
    assert request == (
        packet(zero + b" " + b"1" * 40 + b" " + ALPHA.encode() + b"\0" + wanted)
        + packet(zero + b" " + b"2" * 40 + b" " + BETA.encode())
        + FLUSH
    )


@pytest.mark.spec("push-capabilities")
def test_only_what_the_server_offers_is_asked_for() -> None:
    request = push_commands({ALPHA: ONE}, PushFeatures(frozenset({"report-status"})))

    assert request.partition(b"\0")[2] == b"report-status" + FLUSH


@pytest.mark.spec("push-capabilities")
def test_the_object_format_is_named_where_the_server_names_it() -> None:
    features = PushFeatures(frozenset({"object-format", "atomic"}), "sha256")

    request = push_commands({ALPHA: ObjectId("1" * 64)}, features)

    assert b"0" * 64 + b" " + b"1" * 64 in request
    assert request.endswith(b"\0object-format=sha256" + FLUSH)


@pytest.mark.spec("push-create")
@pytest.mark.parametrize(
    ("name", "oid"),
    [
        (ALPHA, ObjectId("0" * 40)),
        (ALPHA, ObjectId("1" * 64)),
        ("refs/atoms/a\nb/1.0.0", ONE),
        ("refs/atoms/a b", ONE),
        ("refs/atoms/a\0b", ONE),
        ("heads/main", ONE),
        ("", ONE),
    ],
)
def test_what_would_delete_a_ref_or_be_misread_is_never_sent(name: str, oid: ObjectId) -> None:
    with pytest.raises(ValueError, match=oid.hex):
        push_commands({name: oid}, FULL)


def silent(_: int, __: int) -> None:
    """Listen to nothing."""


def parcel(refs: dict[str, ObjectId], algorithm: str = "sha1") -> Parcel:
    """Return a parcel with an odd pack."""
    return Parcel(refs=refs, pack=b"PACK", algorithm=algorithm, on_sent=silent)


@pytest.mark.spec("push-no-atomic")
def test_several_refs_need_a_server_that_creates_them_in_one_step() -> None:
    features = PushFeatures(frozenset({"report-status"}))

    with pytest.raises(AtomicPushUnsupported) as caught:
        parcel({ALPHA: ONE, BETA: TWO}).request(features, "here")

    assert caught.value.count == 2
    assert parcel({ALPHA: ONE}).request(features, "here") is not None


@pytest.mark.spec("push-report")
@pytest.mark.parametrize(
    ("names", "algorithm"), [({"atomic"}, "sha1"), ({"report-status"}, "sha256")]
)
def test_a_server_that_cannot_be_understood_is_left_to_git(
    names: set[str], algorithm: str
) -> None:
    features = PushFeatures(frozenset(names))

    assert parcel({ALPHA: ONE}, algorithm).request(features, "here") is None


def lines(*texts: bytes) -> bytes:
    """Return a report."""
    return b"".join(packet(text + b"\n") for text in texts) + FLUSH


def banded(data: bytes, size: int = 11) -> bytes:
    """Return a report in bands, with messages and signs of life between."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    sent = b"".join(packet(b"\x01" + piece) + packet(b"\x02hm. ") for piece in pieces)
    return packet(b"\x01") + sent + FLUSH


def whole_report(reader: ReportReader, data: bytes) -> PushReport:
    """Read a report from its beginning to its end."""
    for at in range(0, len(data), 50_000):
        reader.feed(data[at : at + 50_000])
    return reader.end()


REPORT = lines(b"unpack ok", b"ok " + ALPHA.encode(), b"ng " + BETA.encode() + b" it is \x1bred")


@pytest.mark.spec("push-report")
@pytest.mark.parametrize("is_banded", [False, True])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_report_says_what_became_of_each_ref(size: int, *, is_banded: bool) -> None:
    data = banded(REPORT) if is_banded else REPORT
    reader = ReportReader([ALPHA, BETA], is_banded=is_banded)

    for at in range(0, len(data), size):
        assert not reader.is_done
        reader.feed(data[at : at + size])
    report = reader.end()

    assert report.created == (ALPHA,)
    assert report.refused == ((BETA, "it is \\u{1b}red"),)
    assert report.messages.startswith("hm. hm.") is is_banded
    assert not report.is_unknown


@pytest.mark.spec("push-report")
def test_what_could_not_be_unpacked_was_not_created() -> None:
    reader = ReportReader([ALPHA], is_banded=False)

    reader.feed(lines(b"unpack index-pack abnormal exit", b"ok " + ALPHA.encode()))

    assert reader.end().created == ()
    assert reader.end().reasons == "unpack: index-pack abnormal exit"


@pytest.mark.spec("push-report")
def test_a_ref_the_server_is_silent_about_may_be_there_or_not() -> None:
    reader = ReportReader([ALPHA, BETA], is_banded=False)

    reader.feed(lines(b"unpack ok", b"ok " + ALPHA.encode()))

    assert reader.end().is_unknown
    assert reader.end().created == (ALPHA,)


@pytest.mark.spec("push-report")
def test_refs_that_were_not_pushed_are_not_believed() -> None:
    reader = ReportReader([ALPHA], is_banded=False)

    reader.feed(lines(b"unpack ok", b"ok refs/heads/main", b"ok " + ALPHA.encode()))

    assert reader.end().created == (ALPHA,)
    assert reader.end().refused == ()


@pytest.mark.spec("push-report")
@pytest.mark.parametrize(
    ("data", "is_banded"),
    [
        (b"", False),
        (FLUSH, False),
        (lines(b"ok " + ALPHA.encode()), False),
        (lines(b"unpack ok", b"maybe " + ALPHA.encode()), False),
        (lines(b"unpack ok", b"ok " + ALPHA.encode(), b"ng " + ALPHA.encode() + b" x"), False),
        (packet(b"unpack ok\n") + b"0001", False),
        (packet(b"unpack ok\n"), False),
        (b"<!doctype html>", False),
        (packet(b"\x07ok"), True),
        (packet(b"\x01" + REPORT), True),
        (packet(b"\x02half"), True),
    ],
)
def test_what_is_no_report_is_told(data: bytes, *, is_banded: bool) -> None:
    reader = ReportReader([ALPHA, BETA], is_banded=is_banded)

    with pytest.raises(MalformedAnswer):
        whole_report(reader, data)


@pytest.mark.parametrize(
    ("data", "is_banded"),
    [
        (packet(b"ERR out"), False),
        (packet(b"ERR out"), True),
        (packet(b"\x03out"), True),
        (packet(b"\x01" + packet(b"ERR out")), True),
    ],
)
def test_a_server_that_gives_up_is_quoted(data: bytes, *, is_banded: bool) -> None:
    reader = ReportReader([ALPHA], is_banded=is_banded)

    with pytest.raises(ServerRefused) as caught:
        reader.feed(data)

    assert caught.value.message == "out"


@pytest.mark.spec("push-report")
def test_messages_without_end_end_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eka.git.receive_pack_report.MAX_ANSWER_BYTES", 1_000_000)
    reader = ReportReader([ALPHA], is_banded=True)

    with pytest.raises(MalformedAnswer):
        whole_report(reader, packet(b"\x02" + b"x" * 60_000) * 20)
