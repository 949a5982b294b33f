"""What goes into the store comes out the same, and nothing lands anywhere else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, cast

import pytest

from eka.store import (
    ContentMismatch,
    DirNode,
    FileNode,
    InvalidStoreName,
    LinkNode,
    Node,
    NodePath,
    SourceUnreadable,
    Store,
    UnsafeTree,
    read_tree,
    tree_path,
)
from tests.store_nodes import SAMPLE, content, nodes, shape_of, write
from tests.vectors import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store_nodes import Shape

ROOTS: dict[str, Shape] = {
    "file": b"text",
    "executable": ("x", b"#!/bin/sh\n"),
    "link": ("l", b"/etc/passwd"),
    "directory": SAMPLE,
}


def file(path: NodePath, data: bytes = b"") -> FileNode:
    return FileNode(path, executable=False, chunks=(data,))


def shaped(node: Any) -> Shape:  # noqa: ANN401 - as JSON has it
    """Return a tree of fixtures/content/trees.json."""
    if isinstance(node, str):
        return node.encode()
    if isinstance(node, list):
        parts = [str(part).encode() for part in cast("list[str]", node)]
        return ("l" if len(parts) == 1 else "x", parts[-1])
    return {name.encode(): shaped(child) for name, child in node.items()}


def make_socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def names_in(store: Store) -> set[str]:
    return {entry.name for entry in store.physical_root.iterdir()}


@pytest.mark.spec("path-id")
@pytest.mark.parametrize("kind", ROOTS)
def test_a_tree_comes_out_as_it_went_in(store: Store, kind: str) -> None:
    path = store.add_tree("thing", nodes(ROOTS[kind]))

    info = store.path_info(path)
    assert shape_of(read_tree(store.physical(path))) == ROOTS[kind]
    assert (info.kind, info.content) == (kind, content(ROOTS[kind]))
    assert names_in(store) == {path.base}


@pytest.mark.spec("path-id")
@pytest.mark.parametrize("case", load("content/trees.json"), ids=lambda case: case["name"])
def test_content_is_that_of_an_atom_with_the_same_tree(store: Store, case: dict[str, Any]) -> None:
    path = store.add_tree("tree", nodes(shaped(case["tree"])))

    assert store.path_info(path).content == case["content"]
    assert path == tree_path(case["content"], "tree")


@pytest.mark.spec("tree-normal")
def test_modes_and_times_are_normal_in_the_store(store: Store, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "src")
    (tmp_path / "src/bin/run").chmod(0o4711)
    (tmp_path / "src/lib/a.c").chmod(0o666)
    (tmp_path / "src/lib").chmod(0o2777)
    os.setxattr(tmp_path / "src/lib/a.c", "user.note", b"x")

    root = store.physical(store.add_path("src", tmp_path / "src"))

    found = [root, *root.rglob("*")]
    assert len(found) == 10
    for path in found:
        status = path.lstat()
        assert status.st_mtime_ns == 1_000_000_000
        if not path.is_symlink():
            expected = 0o444
            if path.is_dir() or path.name == "run":
                expected = 0o555
            assert stat.S_IMODE(status.st_mode) == expected
            assert os.listxattr(path) == []


@pytest.mark.spec("tree-stream")
@pytest.mark.parametrize(
    "hostile",
    [
        [DirNode(()), file((b"..", b"escaped"), b"x")],
        [DirNode(()), file((b"../../escaped",), b"x")],
        [DirNode(()), file((b"/tmp/escaped",), b"x")],
        [DirNode(()), DirNode((b"..",))],
        [DirNode(()), LinkNode((b"d",), b"/tmp"), file((b"d", b"escaped"), b"x")],
        [DirNode(()), LinkNode((b"d",), b"/tmp"), DirNode((b"d",))],
        [DirNode(()), LinkNode((b"f",), b"escaped"), file((b"f",), b"x")],
        [DirNode(()), file((b"a",)), file((b"a",), b"x")],
        [file((b"a",), b"x")],
        [DirNode(()), file((b"f",)), file((b"f", b"x"), b"x")],
        [DirNode(()), LinkNode((b"a\0b",), b"x")],
        [DirNode(()), LinkNode((b"a",), b"")],
        [LinkNode((), b"/tmp"), file((), b"x")],
        [],
    ],
)  # fmt: skip
def test_a_hostile_stream_changes_nothing(
    store: Store, tmp_path: Path, hostile: list[Node]
) -> None:
    with pytest.raises(UnsafeTree):
        store.add_tree("evil", hostile)

    assert names_in(store) == set()
    assert list(tmp_path.rglob("*escaped*")) == []
    assert list((store.root / "tmp").glob("*/*")) == []
    assert store.verify() == []


def test_nodes_may_come_in_any_order_that_has_parents_first(store: Store) -> None:
    stream: list[Node] = [
        DirNode(()),
        DirNode((b"b",)),
        DirNode((b"a",)),
        DirNode((b"b", b"c")),
        file((b"a", b"x"), b"1"),
        file((b"b", b"c", b"y"), b"2"),
        file((b"b", b"x")),
    ]

    path = store.add_tree("t", stream)

    expected: Shape = {b"a": {b"x": b"1"}, b"b": {b"c": {b"y": b"2"}, b"x": b""}}
    assert path == store.add_tree("t", nodes(expected))


def test_the_same_tree_has_one_path_and_another_name_another(store: Store) -> None:
    first, again = store.add_tree("a", nodes(SAMPLE)), store.add_tree("a", nodes(SAMPLE))
    other = store.add_tree("b", nodes(SAMPLE))

    assert first == again
    assert names_in(store) == {first.base, other.base}
    assert store.info().paths == 2


@pytest.mark.spec("tree-expected")
def test_a_tree_with_other_content_is_not_added(store: Store) -> None:
    with pytest.raises(ContentMismatch) as caught:
        store.add_tree("a", nodes(SAMPLE), expected="0" * 64)

    assert (caught.value.expected, caught.value.found) == ("0" * 64, content(SAMPLE))
    assert names_in(store) == set()
    assert store.has(store.add_tree("a", nodes(SAMPLE), expected=content(SAMPLE)))


def test_a_file_of_many_chunks_is_read_and_hashed_whole(store: Store, tmp_path: Path) -> None:
    data = os.urandom(3 * (1 << 20) + 17)
    (tmp_path / "big").write_bytes(data)

    path = store.add_path("big", tmp_path / "big")

    assert store.physical(path).read_bytes() == data
    assert store.path_info(path).content == content(data)
    assert store.path_info(path).size_bytes == len(data)


@pytest.mark.spec("tree-normal")
@pytest.mark.parametrize("make", [os.mkfifo, make_socket])
def test_pipes_and_sockets_are_refused(
    store: Store, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "src").mkdir()
    make(tmp_path / "src" / "odd")

    with pytest.raises(UnsafeTree) as caught:
        store.add_path("src", tmp_path / "src")

    assert caught.value.where == "odd"


def test_a_source_that_is_missing_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable) as caught:
        store.add_path("src", tmp_path / "missing")

    assert caught.value.where == str(tmp_path / "missing")


def test_a_directory_tree_too_deep_is_refused(store: Store, tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(140):
        deep /= "d"
    deep.mkdir(parents=True)

    with pytest.raises(UnsafeTree):
        store.add_path("deep", tmp_path / "d")


def test_a_name_that_cannot_be_one_is_refused_first(store: Store) -> None:
    with pytest.raises(InvalidStoreName):
        store.add_tree("../a", nodes(SAMPLE))


def test_an_alias_finds_a_tree_until_it_is_collected(store: Store, tmp_path: Path) -> None:
    path = store.add_tree("a", nodes(SAMPLE))
    store.set_alias("git-tree", "f" * 40, path)

    assert store.alias("git-tree", "f" * 40, "a") == path
    assert store.alias("git-tree", "f" * 40, "b") is None
    assert store.alias("git-tree", "e" * 40, "a") is None

    store.close()
    with Store.open(tmp_path / "store", durable=False) as later:
        later.gc()
        assert later.alias("git-tree", "f" * 40, "a") is None
