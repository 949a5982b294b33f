"""Two trees in memory, and what differs between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import TreeEntry
from eka.git import ChangeKind, TreesTooLarge, compare_trees
from tests.fakes.trees import FakeTrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import ObjectId
    from eka.git import Change

FILE, PROGRAM, LINK, DIRECTORY = "100644", "100755", "120000", "40000"


def tree(trees: FakeTrees, files: Mapping[str, tuple[str, bytes]]) -> ObjectId:
    """Store files by path, each with its mode; return the root."""
    entries: list[TreeEntry] = []
    below: dict[str, dict[str, tuple[str, bytes]]] = {}
    for path, (mode, data) in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            below.setdefault(first, {})[rest] = (mode, data)
        else:
            entries.append(TreeEntry(mode, first.encode(), trees.add_blob(data)))
    for name, inner in below.items():
        entries.append(TreeEntry(DIRECTORY, name.encode(), tree(trees, inner)))
    return trees.add_tree(entries)


def compare(
    old: Mapping[str, tuple[str, bytes]], new: Mapping[str, tuple[str, bytes]]
) -> tuple[Change, ...]:
    trees = FakeTrees()
    return compare_trees((tree(trees, old), trees), (tree(trees, new), trees))


def told(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(change.kind.value, change.path.decode()) for change in changes]


def renames(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [
        (change.old.path.decode(), change.new.path.decode())
        for change in changes
        if change.kind is ChangeKind.RENAMED and change.old and change.new
    ]


@pytest.mark.spec("diff-paths")
def test_each_way_to_differ_has_its_name() -> None:
    old = {
        "same": (FILE, b"s"),
        "gone": (FILE, b"g"),
        "d/edited": (FILE, b"1"),
        "tool": (FILE, b"t"),
        "becomes-link": (FILE, b"x"),
    }
    new = {
        "same": (FILE, b"s"),
        "came": (FILE, b"c"),
        "d/edited": (FILE, b"2"),
        "tool": (PROGRAM, b"t"),
        "becomes-link": (LINK, b"x"),
    }

    changes = compare(old, new)

    assert told(changes) == [
        ("modified", "becomes-link"),
        ("added", "came"),
        ("modified", "d/edited"),
        ("removed", "gone"),
        ("mode", "tool"),
    ]


@pytest.mark.spec("diff-paths")
def test_a_file_that_becomes_a_directory_goes_and_its_files_come() -> None:
    changes = compare({"a": (FILE, b"1")}, {"a/b": (FILE, b"2"), "a/c/d": (FILE, b"3")})

    assert told(changes) == [("removed", "a"), ("added", "a/b"), ("added", "a/c/d")]


@pytest.mark.spec("diff-renames")
def test_the_same_bytes_at_another_path_are_a_rename() -> None:
    changes = compare(
        {"a": (FILE, b"1"), "b": (LINK, b"x")}, {"d/z": (PROGRAM, b"1"), "c": (LINK, b"x")}
    )

    assert renames(changes) == [("b", "c"), ("a", "d/z")]
    assert len(changes) == 2


@pytest.mark.spec("diff-renames")
def test_a_file_does_not_become_a_link_by_a_rename() -> None:
    changes = compare({"a": (FILE, b"x")}, {"b": (LINK, b"x")})

    assert told(changes) == [("removed", "a"), ("added", "b")]


@pytest.mark.spec("diff-renames")
def test_of_several_sources_the_one_with_the_same_name_is_taken() -> None:
    old = {"a/one": (FILE, b"1"), "b/two": (FILE, b"1"), "c/three": (FILE, b"1")}
    new = {"x/two": (FILE, b"1"), "x/zero": (FILE, b"1")}

    changes = compare(old, new)

    assert renames(changes) == [("b/two", "x/two"), ("a/one", "x/zero")]
    assert ("removed", "c/three") in told(changes)


def test_trees_that_are_alike_are_not_read() -> None:
    trees = FakeTrees()
    shared = tree(trees, {"big/deep/file": (FILE, b"1")})
    entry = TreeEntry(DIRECTORY, b"shared", shared)
    old = trees.add_tree([entry])
    new = trees.add_tree([entry, TreeEntry(FILE, b"z", trees.add_blob(b"2"))])

    changes = compare_trees((old, trees), (new, trees))

    assert told(changes) == [("added", "z")]
    assert shared not in trees.trees_read


def test_trees_that_unfold_to_any_number_of_paths_are_not_walked() -> None:
    trees = FakeTrees()
    roots: list[ObjectId] = []
    for data in (b"1", b"2"):
        inner, mode = trees.add_blob(data), FILE
        for _ in range(10):
            entries = [TreeEntry(mode, b"%d" % number, inner) for number in range(10)]
            inner, mode = trees.add_tree(entries), DIRECTORY
        roots.append(inner)

    with pytest.raises(TreesTooLarge) as caught:
        compare_trees((roots[0], trees), (roots[1], trees))

    assert caught.value.code == "trees-too-large"
    assert len(trees.trees_read) <= 250_000 // 10 + 2


def test_thousands_of_equal_files_that_moved_are_paired_one_by_one() -> None:
    count = 20_000
    old = {f"a/{number}": (FILE, b"") for number in range(count)}
    new = {f"b/{number}": (FILE, b"") for number in range(count)}

    changes = compare(old, new)

    assert len(changes) == count
    assert all(old.partition("/")[2] == new.partition("/")[2] for old, new in renames(changes))
