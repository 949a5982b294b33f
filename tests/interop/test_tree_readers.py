"""One suite that the reader of git repositories and its fake in memory must both pass."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId, TreeEntry, TreeReader, check_tree, content_hash
from eka.git.objects import PygitReader
from tests.fakes.trees import FakeTrees

if TYPE_CHECKING:
    from pathlib import Path

FILES: dict[str, bytes | str] = {"a/x": b"1", "a.b*": b"22", "a0": "a.b", "é": b""}
MISSING = ObjectId("1" * 40)


def write(git_dir: Path, trees: FakeTrees, oid: ObjectId) -> None:
    """Write a tree of the fake, and all below it, to a repository, through git."""
    body = b""
    for entry in trees.tree(oid):
        if entry.mode == "40000":
            write(git_dir, trees, entry.oid)
        else:
            write_object(git_dir, "blob", trees.blob(entry.oid))
        body += entry.mode.encode() + b" " + entry.name + b"\0" + entry.oid.raw
    assert write_object(git_dir, "tree", body) == oid


def write_object(git_dir: Path, kind: str, body: bytes) -> ObjectId:
    """Write one object through git; return its id."""
    command = ["git", "--git-dir", str(git_dir), "hash-object", "-w", "-t", kind, "--stdin"]
    done = subprocess.run(command, input=body, capture_output=True, check=True)
    return ObjectId(done.stdout.decode().strip())


@pytest.fixture(scope="module")
def root() -> ObjectId:
    return FakeTrees().add_files(FILES)


@pytest.fixture(params=["fake", "git"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> TreeReader:
    trees = FakeTrees()
    root = trees.add_files(FILES)
    if request.param == "fake":
        return trees
    git_dir = tmp_path / "objects.git"
    subprocess.run(["git", "init", "-q", "--bare", str(git_dir)], check=True)
    write(git_dir, trees, root)
    return PygitReader(git_dir)


def test_a_tree_is_listed_as_it_is_stored(reader: TreeReader, root: ObjectId) -> None:
    entries = reader.tree(root)

    assert [(entry.mode, entry.name) for entry in entries] == [
        ("100755", b"a.b"),
        ("40000", b"a"),
        ("120000", b"a0"),
        ("100644", "é".encode()),
    ]
    assert all(isinstance(entry, TreeEntry) for entry in entries)


def test_blobs_have_bytes_and_sizes(reader: TreeReader, root: ObjectId) -> None:
    executable, _, link, empty = reader.tree(root)

    assert (reader.blob(executable.oid), reader.size(executable.oid)) == (b"22", 2)
    assert (reader.blob(link.oid), reader.size(link.oid)) == (b"a.b", 3)
    assert (reader.blob(empty.oid), reader.size(empty.oid)) == (b"", 0)


def test_hash_and_policy_see_the_same_through_both(reader: TreeReader, root: ObjectId) -> None:
    trees = FakeTrees()
    trees.add_files(FILES)

    assert content_hash(root, reader) == content_hash(root, trees)
    assert check_tree(root, reader) == check_tree(root, trees)


def test_a_missing_object_is_an_error(reader: TreeReader) -> None:
    for read in (reader.tree, reader.blob, reader.size):
        with pytest.raises(Exception, match=MISSING.hex):
            read(MISSING)


def test_an_object_of_another_kind_is_an_error(reader: TreeReader, root: ObjectId) -> None:
    blob = reader.tree(root)[0].oid

    with pytest.raises(Exception, match=blob.hex):
        reader.tree(blob)
    for read in (reader.blob, reader.size):
        with pytest.raises(Exception, match=root.hex):
            read(root)
