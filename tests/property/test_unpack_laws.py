"""Laws of unpacking that hold for every archive, hostile ones included."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.build.inflate import Budget, Inflated
from eka.build.overlay import Directory, File, Link, Overlay
from eka.build.tar import TarReader
from eka.build.unpack import unpacked
from eka.errors import EkaError
from eka.store import DirNode, FileNode, Layer, LayerFormat, Node, TreeInput, UnpackAction
from tests.fakes.archives import Entry, layer, tar, zipped

NAMES = st.sampled_from([b"a", b"b", b"bin", b"usr", b"lib", b"..", b".", b"", b"x"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(b"/".join)
TARGETS = st.one_of(PATHS, PATHS.map(lambda path: b"/" + path))
ENTRIES = st.one_of(
    st.builds(Entry, PATHS, st.binary(max_size=4)),
    st.builds(Entry, PATHS, letter=st.just(b"5")),
    st.builds(Entry, PATHS, letter=st.just(b"2"), target=TARGETS),
    st.builds(Entry, PATHS, letter=st.just(b"1"), target=PATHS),
)


def nodes_of(entries: list[Entry], kind: LayerFormat) -> list[tuple[Node, bytes]]:
    """Return nodes and the bytes of files; entries that are refused are left out."""
    kept: list[Entry] = []
    found: list[tuple[Node, bytes]] = []
    for entry in entries:
        try:
            found = _unpack([*kept, entry], kind)
        except EkaError:
            continue
        kept.append(entry)
    return found or _unpack(kept, kind)


def _unpack(entries: list[Entry], kind: LayerFormat) -> list[tuple[Node, bytes]]:
    action = UnpackAction(
        name="tree", layers=(Layer("f", kind),), inputs={"f": TreeInput("0" * 64, "unused")}
    )
    data = layer("f", tar(*entries))
    return [
        (node, b"".join(node.chunks) if isinstance(node, FileNode) else b"")
        for node in unpacked(action, {"f": data}, io.BytesIO())
    ]


@pytest.mark.spec("unpack-contained")
@given(st.lists(ENTRIES, max_size=8))
def test_every_node_is_inside_the_tree_and_comes_after_its_directory(entries: list[Entry]) -> None:
    seen: set[tuple[bytes, ...]] = set()
    directories: set[tuple[bytes, ...]] = set()
    for node, _ in nodes_of(entries, LayerFormat.TAR):
        assert node.path not in seen
        assert not set(node.path) & {b"", b".", b".."}
        assert not any(b"/" in part for part in node.path)
        assert not node.path or node.path[:-1] in directories
        seen.add(node.path)
        if isinstance(node, DirNode):
            directories.add(node.path)
    assert () in directories


@given(st.binary(max_size=4000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for head in (b"", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"]\0\0"):
        stream = Inflated(io.BytesIO(head + data), "a", Budget(1 << 24)) if head else None
        reader = TarReader(stream or io.BytesIO(data), "a")
        try:
            read = [(member.name, list(reader.content())) for member in reader]
        except EkaError:
            continue
        assert all(isinstance(name, bytes) for name, _ in read)


@given(st.lists(ENTRIES, min_size=1, max_size=3), st.data())
def test_any_flipped_byte_is_read_or_refused(entries: list[Entry], data: st.DataObject) -> None:
    archive = bytearray(tar(*entries))
    at = data.draw(st.integers(0, len(archive) - 1))
    archive[at] ^= data.draw(st.integers(1, 255))
    overlay = Overlay()

    try:
        for member in TarReader(io.BytesIO(bytes(archive)), "a"):
            overlay.put((member.name.replace(b"/", b"_") or b"_",), File(0, 0, False), "a")  # noqa: FBT003
    except EkaError:
        return

    assert all(isinstance(entry, File | Link | Directory) for _, entry in overlay.entries())


@given(st.data())
def test_a_damaged_zip_archive_is_refused_or_read_but_never_a_surprise(
    data: st.DataObject,
) -> None:
    entries = data.draw(st.lists(st.tuples(
        st.text("ab/.", min_size=1, max_size=6), st.binary(max_size=40),
        st.sampled_from([0, 0o100644, 0o100755, 0o120777, 0o040755]),
    ), max_size=3))  # fmt: skip
    damaged = bytearray(zipped(*entries))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(damaged) - 1), st.integers(0, 255)), max_size=4)
    ):
        damaged[place] = value
    action = UnpackAction(
        name="tree", layers=(Layer("f", LayerFormat.ZIP),), inputs={"f": TreeInput("0" * 64, "x")}
    )

    try:
        nodes = list(
            unpacked(action, {"f": layer("f", bytes(damaged))}, io.BytesIO(), max_bytes=1 << 16)
        )
    except EkaError:
        return

    assert all(b".." not in node.path for node in nodes)
