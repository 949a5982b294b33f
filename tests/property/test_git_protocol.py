"""Whatever bytes a server sends, in whatever pieces: refs, or an error of ours."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from eka.atom import Aliases, ObjectId, parse_source_url
from eka.errors import EkaError
from eka.git import is_safe, parse_atom_ref, safe_line, safe_text
from eka.git.pktline import FLUSH, PacketReader, packet
from eka.git.protocol import ref_name
from eka.git.protocol_fetch import FetchConversation, Wish
from eka.git.protocol_listing import LsRefsConversation, parse_ls_remote
from eka.git.settings import parse_settings

PREFIX = "refs/atoms/"
ADVERTISEMENT = packet(b"version 2\n") + packet(b"ls-refs\n") + packet(b"fetch=filter\n") + FLUSH
OIDS = st.binary(min_size=20, max_size=20).map(bytes.hex)
NAMES = st.text("abc/.-_~^:1\x1b\u202e é", max_size=12).map(lambda tail: PREFIX + tail)
LINES = st.lists(st.tuples(OIDS, NAMES), max_size=8)
PIECES = st.lists(
    st.one_of(st.binary(max_size=40), st.sampled_from([FLUSH, b"0001", b"0002", ADVERTISEMENT])),
    max_size=8,
)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    for size in sizes:
        pieces.append(stream[:size])
        stream = stream[size:]
    return [*pieces, stream]


@given(LINES, st.lists(st.integers(0, 50), max_size=20))
def test_the_same_refs_are_found_however_the_answer_arrives(
    lines: list[tuple[str, str]], sizes: list[int]
) -> None:
    lines = list({name: (oid, name) for oid, name in lines}.values())
    answer = b"".join(packet(f"{oid} {name}\n".encode()) for oid, name in lines) + FLUSH
    whole, pieces = LsRefsConversation([[PREFIX]]), LsRefsConversation([[PREFIX]])

    with suppress(EkaError):
        whole.receive(ADVERTISEMENT + answer)
    with suppress(EkaError):
        for piece in cut(ADVERTISEMENT + answer, sizes):
            pieces.receive(piece)

    assert pieces.found == whole.found
    assert all(is_safe(name) and name.startswith(PREFIX) for name in whole.found.refs)


@given(LINES)
def test_an_honest_listing_is_understood_in_every_form(lines: list[tuple[str, str]]) -> None:
    honest = {
        name: oid for oid, name in lines if ref_name(name.encode()) is not None and oid.strip("0")
    }
    asked = LsRefsConversation([[PREFIX]])

    asked.receive(ADVERTISEMENT)
    asked.receive(b"".join(packet(f"{o} {n}\n".encode()) for n, o in honest.items()) + FLUSH)
    printed = parse_ls_remote("".join(f"{o}\t{n}\n" for n, o in honest.items()).encode(), [PREFIX])

    assert asked.found.refs == printed.refs == {n: ObjectId(o) for n, o in honest.items()}


@given(PIECES)
def test_no_bytes_of_a_server_raise_anything_but_our_errors(pieces: list[bytes]) -> None:
    listing = LsRefsConversation([[PREFIX]], is_stateless=len(pieces) % 2 == 0)
    fetching = FetchConversation(Wish(wants=[ObjectId("1" * 40)]))

    for conversation in (listing, fetching):
        with suppress(EkaError):
            for piece in pieces:
                conversation.receive(piece)
            conversation.end_of_stream()


@given(st.binary(max_size=200))
def test_packets_are_cut_or_refused(data: bytes) -> None:
    reader = PacketReader()
    reader.feed(data)

    with suppress(EkaError):
        while reader.next() is not None:
            pass


@given(st.binary(max_size=300))
def test_names_that_pass_are_safe_to_show(raw: bytes) -> None:
    for name in (ref_name(raw), ref_name(b"refs/" + raw)):
        if name is not None:
            assert name.encode().endswith(raw)
            assert is_safe(name)
            parse_atom_ref(name)


@given(st.text(max_size=200))
def test_text_made_safe_stays_safe(text: str) -> None:
    once = safe_text(text)

    assert is_safe(safe_line(text))
    assert safe_text(once) == once


@given(st.binary(max_size=100), st.sampled_from(["https://h/x", "ssh://g@h/x", "file:///x"]))
def test_settings_are_read_whatever_they_hold(raw: bytes, url: str) -> None:
    source = parse_source_url(url, Aliases())

    for output in (raw, b"url." + raw + b".insteadof\n" + url[:5].encode() + b"\0"):
        target = parse_settings(output).rewritten(source)
        assert target is None or not target.is_local or target.path.startswith("/")
