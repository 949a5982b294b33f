"""The content hash."""

from __future__ import annotations

import pytest

from eka.atom import (
    ContentHash,
    ContentHasher,
    ContentUndefined,
    InvalidContentHash,
    ObjectId,
    TreeEntry,
    content_hash,
)
from eka.errors import Exit
from eka.hashing import digest
from tests.fakes.trees import FakeTrees


@pytest.mark.spec("content-blob", "content-directory", "content-mode", "content-hash")
def test_the_hash_of_a_small_tree_can_be_written_out() -> None:
    trees = FakeTrees()
    root = trees.add_files({"bin/run*": b"#!", "doc": b"text", "link": "doc"})

    found = content_hash(root, trees)

    inner = digest(b"100755 run\0" + digest(b"#!"))
    outer = (
        b"40000 bin\0"
        + inner
        + b"100644 doc\0"
        + digest(b"text")
        + b"120000 link\0"
        + digest(b"doc")
    )
    assert found == ContentHash(digest(outer).hex())
    assert found.raw == digest(outer)


@pytest.mark.spec("content-order")
def test_a_directory_is_ordered_as_if_its_name_ended_in_a_slash() -> None:
    trees = FakeTrees()
    root = trees.add_files({"a/x": b"", "a.b": b"", "a0": b""})

    found = content_hash(root, trees)

    inner = digest(b"100644 x\0" + digest(b""))
    outer = b"100644 a.b\0" + digest(b"") + b"40000 a\0" + inner + b"100644 a0\0" + digest(b"")
    assert found.raw == digest(outer)


def test_git_s_hash_function_does_not_matter() -> None:
    short, long = FakeTrees("sha1"), FakeTrees("sha256")
    files: dict[str, bytes | str] = {"a/b": b"1", "c": "a/b"}

    roots = short.add_files(files), long.add_files(files)

    assert content_hash(roots[0], short) == content_hash(roots[1], long)


@pytest.mark.spec("content-distinct")
def test_each_distinct_object_is_read_once() -> None:
    trees = FakeTrees()
    entry = trees.file(b"f", b"same")
    for _ in range(10):
        entry = trees.folder(
            b"d", [TreeEntry(entry.mode, b"%d" % n, entry.oid) for n in range(10)]
        )

    content_hash(entry.oid, trees)

    assert len(trees.blobs_read) == 1
    assert len(trees.trees_read) == 10


def test_depth_is_no_matter_of_the_call_stack() -> None:
    trees = FakeTrees()
    entry = trees.file(b"f")
    for _ in range(5_000):
        entry = trees.folder(b"d", [entry])

    found = content_hash(entry.oid, trees)

    assert len(found.hex) == 64


@pytest.mark.spec("content-undefined")
@pytest.mark.parametrize("mode", ["160000", "100664", "040000", "0", ""])
def test_another_kind_of_entry_has_no_content(mode: str) -> None:
    trees = FakeTrees()
    odd = TreeEntry(mode, b"odd\x1b\xff", trees.add_blob(b""))
    root = trees.add_tree([trees.folder(b"d", [odd])])

    with pytest.raises(ContentUndefined) as caught:
        content_hash(root, trees)

    assert caught.value.code == "content-undefined"
    assert caught.value.exit_status == Exit.INTEGRITY
    assert caught.value.mode == mode
    assert "\x1b" not in str(caught.value)


def test_a_mode_that_lies_about_the_kind_of_an_object_is_not_believed() -> None:
    trees = FakeTrees()
    folder = trees.folder(b"a", [])
    root = trees.add_tree([folder, TreeEntry("100644", b"b", folder.oid)])

    with pytest.raises(KeyError):
        content_hash(root, trees)


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "g"])
def test_any_other_text_is_no_content_hash(text: str) -> None:
    with pytest.raises(InvalidContentHash) as caught:
        ContentHash(text)

    assert caught.value.code == "invalid-content-hash"
    assert caught.value.raw == text


def test_an_empty_directory_differs_from_none() -> None:
    trees = FakeTrees()
    nothing = trees.add_tree([])
    empty = trees.add_tree([TreeEntry("40000", b"d", nothing)])

    assert content_hash(nothing, trees) != content_hash(empty, trees)
    assert content_hash(nothing, trees).raw == digest(b"")


def test_a_missing_object_is_the_reader_s_error() -> None:
    with pytest.raises(KeyError):
        content_hash(ObjectId("0" * 40), FakeTrees())


def test_a_hasher_that_remembers_too_much_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = FakeTrees()
    roots = [trees.add_files({"a": text, "b/c": text}) for text in (b"1", b"2", b"1")]
    expected = [content_hash(root, trees) for root in roots]
    monkeypatch.setattr("eka.atom.content._MOST_REMEMBERED", 2)
    hasher = ContentHasher()

    assert [hasher.hash(root, trees) for root in roots] == expected
