"""What is read at once is what is read line by line: the same refs, or the same refusal."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from eka.atom import ObjectId
from eka.errors import EkaError
from eka.git.pktline import FLUSH, packet
from eka.git.protocol_listing import LsRefsConversation
from eka.git.ref_lines import plain_lines
from eka.git.ref_table import RefTable, id_of, one_line

PREFIXES = ["refs/atoms/", "refs/ekala/init"]
ADVERTISEMENT = packet(b"version 2\n") + packet(b"ls-refs\n") + packet(b"fetch\n") + FLUSH
IDS = st.one_of(
    st.integers(1, 15).map(lambda digit: f"{digit:x}" * 40),
    st.sampled_from(["0" * 40, "F" * 40, "1" * 64, "1" * 39, "", "unborn"]),
)
NAMES = st.one_of(
    st.builds("refs/atoms/{}/1.{}.0".format, st.sampled_from("abc"), st.integers(0, 3)),
    st.text("ab/.-_lock @~\x1b\né", max_size=9).map(lambda tail: f"refs/atoms/{tail}"),
    st.sampled_from(
        ["HEAD", "refs/ekala/init", "refs/heads/main", "x", "", "refs/atoms/" + "a" * 1020]
    ),
)
LINES = st.builds(
    "{}{}{}{}".format,
    IDS,
    st.sampled_from([" ", " ", " ", " ", "", "  ", "\n"]),
    NAMES,
    st.sampled_from(["\n", "\n", "\n", "\n", "", " peeled:" + "2" * 40 + "\n", "\n\n"]),
)
PLAIN = st.builds(
    "{} refs/atoms/{}/1.{}.0\n".format,
    st.integers(1, 15).map(lambda digit: f"{digit:x}" * 40),
    st.sampled_from("abc"),
    st.integers(0, 9),
)


class Careful(LsRefsConversation):
    """Takes nothing at once."""

    def _take_at_once(self) -> None:
        return


def found(kind: type[LsRefsConversation], packets: list[bytes]) -> tuple[object, ...]:
    """Return what a conversation made of an answer, or why it refused it."""
    conversation = kind([PREFIXES], max_refs=20)
    conversation.receive(ADVERTISEMENT)
    try:
        conversation.receive(b"".join(packets))
    except EkaError as error:
        return error.code, error.why
    listed = conversation.found
    return dict(listed.refs), listed.peeled, listed.dropped, listed.unasked


@given(st.lists(st.one_of(LINES, PLAIN), max_size=12))
@example([f"{'1' * 40} refs/atoms/a/1.0.0\n", f"{'2' * 40} refs/atoms/a/1.0.0\n"])
@example([f"{'1' * 40} refs/atoms/a/1.0.0\n"] * 21)
def test_lines_are_taken_alike_at_once_and_one_by_one(lines: list[str]) -> None:
    packets = [packet(line.encode()) for line in lines if line]
    packets.append(FLUSH)

    assert found(LsRefsConversation, packets) == found(Careful, packets)


@given(st.lists(st.binary(max_size=60).map(lambda raw: raw + b"\n"), min_size=1, max_size=5))
def test_any_packets_are_taken_alike_at_once_and_one_by_one(datas: list[bytes]) -> None:
    packets = [*map(packet, datas), FLUSH]

    assert found(LsRefsConversation, packets) == found(Careful, packets)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=12))
def test_plain_lines_are_taken_at_once(refs: list[tuple[int, int]]) -> None:
    lines = [f"{oid:x}{'1' * 39} refs/atoms/a/1.{number}.0\n" for oid, number in refs]
    text = "".join(packet(line.encode()).decode() for line in lines)

    taken = plain_lines(text, 40, ("refs/atoms/",))

    names = [f"refs/atoms/a/1.{number}.0" for _, number in refs]
    assert taken is not None
    assert taken.names == names
    assert [head[4:] for head in taken.heads] == [f"{oid:x}{'1' * 39}" for oid, _ in refs]
    assert taken.is_ascending == (names == sorted(set(names)))


@given(st.text(max_size=120), st.integers(0, 3))
def test_a_length_that_is_wrong_is_never_plain(junk: str, off: int) -> None:
    line = f"{'1' * 40} refs/atoms/a/1.0.0\n"
    field = f"{len(line) + 4 + off:04x}"

    assert (plain_lines(field + line, 40, ("refs/",)) is None) == (off != 0)
    assert plain_lines(junk, 40, ("refs/",)) is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("123")), max_size=8))
def test_a_table_of_refs_is_a_mapping_that_refuses_two_values(puts: list[tuple[str, str]]) -> None:
    table, model = RefTable(), dict[str, str]()

    for name, digit in puts:
        twice = table.put(one_line(name, ObjectId(digit * 40)))
        assert twice == (name if model.setdefault(name, digit) != digit else None)

    assert {name: oid.hex[0] for name, oid in table.items()} == model
    names, heads = table.in_order()
    assert [(name, id_of(head).hex[0]) for name, head in zip(names, heads, strict=True)] == sorted(
        model.items()
    )
    assert all((name in table) == (name in model) for name in "abcde")
    assert len(table) == len(model)
