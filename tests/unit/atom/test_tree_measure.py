"""How large a tree may be, and what it costs to find out."""

from __future__ import annotations

import pytest

from eka.atom import TreeEntry, TreeLimits, TreePolicyViolation, check_tree
from tests.fakes.trees import FakeTrees


def nested(trees: FakeTrees, depth: int) -> TreeEntry:
    """Return an entry whose longest path has ``depth`` names."""
    entry = trees.file(b"f")
    for _ in range(depth - 1):
        entry = trees.folder(b"d", [entry])
    return entry


def bomb(trees: FakeTrees, leaf: TreeEntry, levels: int) -> TreeEntry:
    """Return a tree of ``levels`` objects that unfolds to 10 ** levels entries."""
    for _ in range(levels):
        leaf = trees.folder(b"d", [TreeEntry(leaf.mode, b"%d" % n, leaf.oid) for n in range(10)])
    return leaf


@pytest.mark.spec("tree-entries", "tree-cost")
def test_a_tree_that_unfolds_to_ten_thousand_million_files_is_refused_at_once() -> None:
    trees = FakeTrees()
    root = bomb(trees, trees.file(b"f", b"x"), 10).oid

    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(root, trees)

    assert "100000 entries" in caught.value.why
    assert len(trees.trees_read) == 10
    assert trees.blobs_read == []


@pytest.mark.spec("tree-entries")
def test_the_limit_of_entries_is_exact() -> None:
    trees = FakeTrees()
    files = [trees.file(b"%d" % number) for number in range(9)]
    root = trees.add_sorted_tree([*files, trees.folder(b"x", files)])

    assert check_tree(root, trees, limits=TreeLimits(entries=19)).entries == 19
    with pytest.raises(TreePolicyViolation):
        check_tree(root, trees, limits=TreeLimits(entries=18))


@pytest.mark.spec("tree-cost")
def test_distinct_trees_beyond_the_limit_are_not_even_listed() -> None:
    trees = FakeTrees()
    folders = [trees.folder(b"%d" % n, [trees.file(b"%d" % n)]) for n in range(10)]
    root = trees.add_sorted_tree(folders)

    with pytest.raises(TreePolicyViolation):
        check_tree(root, trees, limits=TreeLimits(entries=12))

    assert len(trees.trees_read) < 5


@pytest.mark.spec("tree-size")
def test_bytes_count_at_each_of_their_places() -> None:
    trees = FakeTrees()
    half = TreeEntry("100644", b"half", trees.add_blob_of_size(256 * 1024 * 1024))
    fits = trees.add_tree([half, trees.folder(b"x", [half])])
    over = trees.add_tree([half, trees.file(b"one", b"1"), trees.folder(b"x", [half])])

    assert check_tree(fits, trees).size_bytes == 512 * 1024 * 1024
    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(over, trees)
    assert caught.value.path == "."
    assert trees.blobs_read == []


@pytest.mark.spec("tree-size")
def test_the_directory_that_is_too_large_is_named() -> None:
    trees = FakeTrees()
    huge = TreeEntry("100644", b"huge", trees.add_blob_of_size(2**40))
    root = trees.add_tree([trees.folder(b"a", [trees.folder(b"b", [huge])])])

    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(root, trees)

    assert caught.value.path == "a/b"


@pytest.mark.spec("tree-depth")
def test_the_limit_of_depth_is_exact() -> None:
    trees = FakeTrees()

    assert check_tree(trees.add_tree([nested(trees, 64)]), trees).depth == 64
    with pytest.raises(TreePolicyViolation):
        check_tree(trees.add_tree([nested(trees, 65)]), trees)


@pytest.mark.spec("tree-depth", "tree-cost")
def test_a_very_deep_tree_is_not_read_to_its_end() -> None:
    trees = FakeTrees()
    root = trees.add_tree([nested(trees, 5_000)])

    with pytest.raises(TreePolicyViolation):
        check_tree(root, trees)

    assert len(trees.trees_read) <= 65


@pytest.mark.spec("tree-depth")
def test_depth_counts_along_the_longest_path_also_through_a_shared_directory() -> None:
    trees = FakeTrees()
    shared = nested(trees, 40)
    lower = trees.folder(b"z", [shared])
    for _ in range(30):
        lower = trees.folder(b"z", [lower])
    # The shared directory is measured first where it lies high, and counts where it lies low.
    root = trees.add_tree([shared, lower])

    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(root, trees)

    assert "deeper" in caught.value.why


def test_a_target_at_its_limit_is_followed() -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.link(b"l", b"a" * 1024)])

    assert check_tree(root, trees).size_bytes == 1024


@pytest.mark.spec("tree-link-target")
def test_a_target_beyond_its_limit_is_not_read() -> None:
    trees = FakeTrees()
    root = trees.add_tree([TreeEntry("120000", b"l", trees.add_blob_of_size(1025))])

    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(root, trees)

    assert "target" in caught.value.why
    assert trees.blobs_read == []
