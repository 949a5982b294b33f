"""NARs: written in one form, and read in that form alone, whatever the stream holds."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, FileNode, LinkNode, UnsafeTree
from eka.store.nix.errors import InvalidNar, NarChanged, UnorderedTree
from eka.store.nix.nar import MAGIC, NarTee, nar_chunks, nar_digest, nar_string
from eka.store.nix.nar_read import read_nar
from tests.store_nodes import SAMPLE, nodes, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.store import Node
    from tests.store_nodes import Shape


def words(*each: bytes) -> bytes:
    return b"".join(map(nar_string, each))


def entry(name: bytes, node: bytes) -> bytes:
    return words(b"entry", b"(", b"name", name, b"node") + node + words(b")")


def directory(*entries: bytes) -> bytes:
    return words(b"(", b"type", b"directory") + b"".join(entries) + words(b")")


FILE = words(b"(", b"type", b"regular", b"contents", b"text", b")")
LINK = words(b"(", b"type", b"symlink", b"target", b"there", b")")
A, B = entry(b"a", FILE), entry(b"b", FILE)
GOOD = MAGIC + directory(A, entry(b"d", directory(B)), entry(b"l", LINK))


def ordered(shape: Shape) -> Shape:
    if isinstance(shape, bytes | tuple):
        return shape
    return {name: ordered(shape[name]) for name in sorted(shape)}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.spec("nix-nar")
@pytest.mark.parametrize("size", [1, 7, 8, 13, 1000, 1 << 20])
def test_a_nar_is_read_however_it_is_cut(size: int) -> None:
    found = shape_of(read_nar(pieces(GOOD, size)))

    assert found == {b"a": b"text", b"d": {b"b": b"text"}, b"l": ("l", b"there")}


def test_what_is_written_is_read_back() -> None:
    shape = ordered(SAMPLE)

    found = shape_of(read_nar(nar_chunks(nodes(shape))))

    assert found == shape


def test_a_large_file_passes_in_pieces_and_need_not_be_read() -> None:
    large: Shape = {b"a": bytes(range(256)) * 12_000, b"b": b"small"}

    stream = list(read_nar(pieces(b"".join(nar_chunks(nodes(large))), 1000)))

    assert [node.path for node in stream] == [(), (b"a",), (b"b",)]
    assert shape_of(read_nar(nar_chunks(nodes(large)))) == large


@pytest.mark.spec("nix-nar-strict")
@pytest.mark.parametrize(
    "nar",
    {
        "nothing": b"",
        "other magic": words(b"nix-archive-2") + FILE,
        "no node": MAGIC,
        "no parenthesis": MAGIC + words(b"type", b"regular"),
        "no type": MAGIC + words(b"(", b"kind", b"regular"),
        "device": MAGIC + words(b"(", b"type", b"device", b")"),
        "directory after contents": MAGIC + words(b"(", b"type", b"regular", b"name", b"a"),
        "executable with text": MAGIC
        + words(b"(", b"type", b"regular", b"executable", b"x", b"contents", b"", b")"),
        "file never ends": MAGIC + words(b"(", b"type", b"regular", b"contents", b"text"),
        "link without target": MAGIC + words(b"(", b"type", b"symlink", b")"),
        "same name twice": MAGIC + directory(A, A),
        "names in disorder": MAGIC + directory(B, A),
        "directory never ends": MAGIC + words(b"(", b"type", b"directory"),
        "entry never ends": MAGIC + directory(entry(b"a", FILE)[:-16]),
        "something after the end": GOOD + b"\0" * 8,
        "another nar after the end": GOOD + GOOD,
        "padding": MAGIC + FILE.replace(b"text\0\0\0\0", b"text\0\0\0x"),
        "word too long": MAGIC + words(b"(" * 17),
        "name of 256 bytes": MAGIC + directory(entry(b"n" * 256, FILE)),
        "target of 4096 bytes": MAGIC
        + words(b"(", b"type", b"symlink", b"target", b"t" * 4096, b")"),
        "length beyond all files": MAGIC
        + words(b"(", b"type", b"regular", b"contents")
        + b"\xff" * 8,
    }.values(),
)
def test_what_is_not_the_one_form_is_refused(nar: bytes) -> None:
    with pytest.raises(InvalidNar):
        shape_of(read_nar([nar]))


@pytest.mark.spec("nix-nar-strict")
@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"/", b"a\0"])
def test_a_name_that_could_leave_its_directory_is_refused(name: bytes) -> None:
    with pytest.raises(UnsafeTree):
        shape_of(read_nar([MAGIC + directory(entry(name, FILE))]))


@pytest.mark.spec("nix-nar-strict")
def test_a_tree_that_is_too_deep_is_refused() -> None:
    node = FILE
    for _ in range(129):
        node = directory(entry(b"d", node))

    with pytest.raises(UnsafeTree):
        list(read_nar([MAGIC + node]))


@pytest.mark.spec("nix-nar-strict")
@pytest.mark.parametrize("target", [b"", b"a\0b"])
def test_a_target_that_no_file_system_keeps_is_refused(target: bytes) -> None:
    link = words(b"(", b"type", b"symlink", b"target", target, b")")

    with pytest.raises(UnsafeTree):
        list(read_nar([MAGIC + link]))


def test_every_cut_of_a_nar_is_refused() -> None:
    for end in range(len(GOOD)):
        with pytest.raises(InvalidNar):
            shape_of(read_nar([GOOD[:end]]))


@pytest.mark.parametrize(
    "stream",
    [
        [DirNode(()), LinkNode((b"b",), b"x"), LinkNode((b"a",), b"x")],
        [DirNode(()), LinkNode((b"a",), b"x"), LinkNode((b"a",), b"x")],
        [DirNode(()), LinkNode((b"d", b"a"), b"x")],
        [LinkNode((b"a",), b"x")],
        [DirNode(()), DirNode(())],
    ],
)
def test_nodes_in_another_order_are_not_written(stream: list[Node]) -> None:
    with pytest.raises(UnorderedTree):
        list(nar_chunks(stream))


def test_a_file_that_changes_while_it_is_read_is_noticed() -> None:
    changing = FileNode((), executable=False, chunks=iter([b"abc"]), size_bytes=4)

    with pytest.raises(NarChanged) as refused:
        list(nar_chunks([changing]))

    assert (refused.value.expected, refused.value.found) == (4, 3)


@pytest.mark.spec("nix-digests")
def test_nodes_that_pass_are_hashed_on_their_way() -> None:
    shape = ordered({**dict(SAMPLE), b"z": {b"large": b"x" * 3_000_000}})  # type: ignore[arg-type]
    tee = NarTee()

    passed = shape_of(tee.watch(nodes(shape)))

    assert passed == shape
    assert tee.digest == nar_digest(nodes(shape))
    whole = b"".join(nar_chunks(nodes(shape)))
    assert tee.digest is not None
    assert tee.digest.sha256 == hashlib.sha256(whole).digest()
    assert tee.digest.size_bytes == len(whole)


def streamed(data: bytes, size_bytes: int | None) -> list[Node]:
    return [
        DirNode(()),
        FileNode((b"a",), executable=False, chunks=pieces(data, 100_000), size_bytes=size_bytes),
        LinkNode((b"b",), b"x"),
    ]


def test_a_file_that_comes_in_pieces_is_hashed_on_its_way() -> None:
    data, tee = b"y" * 1_500_000, NarTee()

    passed = shape_of(tee.watch(streamed(data, len(data))))

    assert passed == {b"a": data, b"b": ("l", b"x")}
    assert tee.digest == nar_digest(streamed(data, len(data)))


@pytest.mark.parametrize("size_bytes", [None, 5, 1_500_001])
def test_what_cannot_be_hashed_in_one_pass_passes_all_the_same(size_bytes: int | None) -> None:
    data, tee = b"y" * 1_500_000, NarTee()

    passed = shape_of(tee.watch(streamed(data, size_bytes)))

    assert passed == {b"a": data, b"b": ("l", b"x")}
    assert tee.digest is None


def test_nodes_in_another_order_pass_all_the_same() -> None:
    stream: list[Node] = [
        DirNode(()),
        LinkNode((b"b",), b"x"),
        LinkNode((b"a",), b"x"),
        DirNode((b"c",)),
    ]
    tee = NarTee()

    passed = shape_of(tee.watch(stream))

    assert passed == {b"a": ("l", b"x"), b"b": ("l", b"x"), b"c": {}}
    assert tee.digest is None


def test_hashing_ends_with_whoever_stops_reading() -> None:
    stream = NarTee().watch(streamed(b"y" * 3_000_000, 3_000_000))
    for node in stream:
        if isinstance(node, FileNode):
            for _ in node.chunks:
                pass
            break

    stream.close()  # type: ignore[attr-defined] # it is a generator

    assert [each for each in threading.enumerate() if each.name == "sha256"] == []
