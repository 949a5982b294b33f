"""The laws of a tree, and its digest."""

from __future__ import annotations

import pytest

from eka.store import NodeKind, UnsafeTree
from eka.store.tree import MAX_DEPTH, TreeDigest, check_target


@pytest.mark.spec("tree-stream")
@pytest.mark.parametrize(
    "name", [b"", b".", b"..", b"a/b", b"/", b"../a", b"a\0b", b"n" * 256, b"\0"]
)
def test_a_name_that_is_no_file_name_is_refused(name: bytes) -> None:
    tree = TreeDigest()
    tree.enter(())

    with pytest.raises(UnsafeTree):
        tree.reserve((name,), "100644")
    with pytest.raises(UnsafeTree):
        tree.enter((name,))


@pytest.mark.spec("tree-stream")
def test_a_name_occurs_once_in_a_directory() -> None:
    tree = TreeDigest()
    tree.enter(())
    tree.reserve((b"a",), "120000")

    with pytest.raises(UnsafeTree) as caught:
        tree.enter((b"a",))

    assert caught.value.where == "a"


@pytest.mark.spec("tree-stream")
@pytest.mark.parametrize("parent", [(), (b"file",), (b"missing",), (b"link",)])
def test_what_is_not_in_a_directory_of_the_tree_is_refused(parent: tuple[bytes, ...]) -> None:
    tree = TreeDigest()
    if parent:
        tree.enter(())
        tree.reserve((b"file",), "100644")
        tree.reserve((b"link",), "120000")

    with pytest.raises(UnsafeTree):
        tree.reserve((*parent, b"a"), "100644")


@pytest.mark.spec("tree-stream")
def test_depth_is_limited() -> None:
    tree = TreeDigest()
    path: tuple[bytes, ...] = ()
    tree.enter(path)
    for _ in range(MAX_DEPTH):
        path = (*path, b"d")
        tree.enter(path)

    with pytest.raises(UnsafeTree):
        tree.enter((*path, b"d"))


def test_there_is_one_root() -> None:
    tree = TreeDigest()
    tree.reserve((), "100644")

    with pytest.raises(UnsafeTree):
        tree.enter(())
    with pytest.raises(UnsafeTree):
        TreeDigest().result()


def test_a_root_that_is_a_file_has_the_kind_of_one() -> None:
    tree = TreeDigest()
    tree.reserve((), "100755")
    tree.leaf((), "100755", b"d" * 32)

    assert tree.result() == (NodeKind.EXECUTABLE, b"d" * 32)


@pytest.mark.parametrize("target", [b"", b"a\0b", b"t" * 4096])
def test_a_target_no_file_system_keeps_is_refused(target: bytes) -> None:
    with pytest.raises(UnsafeTree):
        check_target((b"l",), target)


@pytest.mark.spec("tree-stream")
def test_all_names_of_a_path_together_have_a_limit() -> None:
    tree = TreeDigest()
    path: tuple[bytes, ...] = ()
    tree.enter(path)
    for _ in range(12):
        path = (*path, b"d" * 250)
        tree.enter(path)
    tree.reserve((*path, b"f" * 60), "100644")  # 12 * 251 + 60 = 3072 bytes

    with pytest.raises(UnsafeTree) as caught:
        tree.reserve((*path, b"f" * 61), "100644")

    assert "3072" in caught.value.why
