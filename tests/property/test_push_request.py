"""Whatever a server says to a push, in whatever pieces: a report, or an error of ours."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from eka.errors import EkaError
from eka.git import is_safe
from eka.git.pktline import FLUSH, packet
from eka.git.receive_pack import Advertisement, PushFeatures
from eka.git.receive_pack_report import ReportReader

NAMES = ("refs/atoms/a/1.0.0", "refs/atoms/b/1.0.0")
FIRST = packet(b"1" * 40 + b" refs/heads/x\0report-status atomic")
PACKETS = (
    FLUSH,
    b"0001",
    b"0004",
    FIRST,
    packet(b"# service=git-receive-pack\n"),
    packet(b"ERR \x1b"),
    packet(b"unpack ok\n"),
    packet(b"unpack \x1b[0m\n"),
    packet(f"ok {NAMES[0]}\n".encode()),
    packet(f"ng {NAMES[1]} \x1b]0;x\n".encode()),
    packet(b"\x01" + packet(b"unpack ok\n") + packet(f"ok {NAMES[0]}\n".encode()) + FLUSH),
    packet(b"\x02\x1b[2J"),
    packet(b"\x03\x1b[2J"),
)
STREAMS = st.lists(st.one_of(st.sampled_from(PACKETS), st.binary(max_size=20)), max_size=8).map(
    b"".join
)
CUTS = st.lists(st.integers(1, 30), max_size=30)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


@given(STREAMS, CUTS)
def test_capabilities_do_not_depend_on_how_they_arrive(stream: bytes, sizes: list[int]) -> None:
    whole, pieces = Advertisement(), Advertisement()

    with suppress(EkaError):
        whole.feed(stream)
    with suppress(EkaError):
        for piece in cut(stream, sizes):
            pieces.feed(piece)

    assert pieces.features == whole.features
    assert pieces.is_whole == whole.is_whole


@given(st.lists(st.integers(0, 70), max_size=30), CUTS)
def test_the_end_of_an_honest_advertisement_is_found(lengths: list[int], sizes: list[int]) -> None:
    refs = b"".join(packet(b"x" * length) for length in lengths)
    advertisement = Advertisement()

    for piece in cut(FIRST + refs + FLUSH, sizes):
        assert not advertisement.is_whole or not piece
        advertisement.feed(piece)

    assert advertisement.is_whole
    assert advertisement.end() == PushFeatures(frozenset({"report-status", "atomic"}))


@given(stream=STREAMS, sizes=CUTS, is_banded=st.booleans())
def test_a_report_is_safe_and_does_not_depend_on_how_it_arrives(
    stream: bytes, sizes: list[int], *, is_banded: bool
) -> None:
    ways = ([stream], cut(stream, sizes))

    found = [_outcome(pieces, is_banded=is_banded) for pieces in ways]

    assert found[0] == found[1]
    assert is_safe(found[0])


def _outcome(pieces: list[bytes], *, is_banded: bool) -> str:
    """Return what a reader makes of an answer, in one line."""
    reader = ReportReader(NAMES, is_banded=is_banded)
    try:
        for piece in pieces:
            reader.feed(piece)
        report = reader.end()
    except EkaError as error:
        return f"{error.code} {error.why}"
    return " ".join((*report.created, report.reasons, report.messages))
