"""The listing of a commit's tree, and raw trees."""

from __future__ import annotations

import pytest

from eka.atom import ObjectId, TreeEntry
from eka.git.tree_listing import TreeItem, parse_tree_listing
from eka.git.tree_objects import MalformedTree, parse_tree

OID = ObjectId("ab" * 20)


def test_every_kind_of_entry_is_read() -> None:
    oid = OID.hex.encode()
    listing = (
        b"040000 tree " + oid + b"       -\tpkgs\0"
        b"100644 blob " + oid + b"      17\tpkgs/a\tb\n\xff\0"
        b"160000 commit " + oid + b"       -\tsub\0"
        b"100755 blob " + oid + b"     BAD\tgone\0"
    )

    items = parse_tree_listing(listing)

    assert items == [
        TreeItem("40000", "tree", OID, None, b"pkgs"),
        TreeItem("100644", "blob", OID, 17, b"pkgs/a\tb\n\xff"),
        TreeItem("160000", "commit", OID, None, b"sub"),
        TreeItem("100755", "blob", OID, None, b"gone"),
    ]


def test_an_empty_commit_has_no_items() -> None:
    assert parse_tree_listing(b"") == []


@pytest.mark.parametrize("size", [20, 32])
def test_a_raw_tree_is_read_as_it_is_stored(size: int) -> None:
    raw = bytes(range(size))
    body = b"40000 dir\0" + raw + b"100644 a b\n\0" + raw

    entries = parse_tree(body, size)

    oid = ObjectId.from_raw(raw)
    assert entries == [TreeEntry("40000", b"dir", oid), TreeEntry("100644", b"a b\n", oid)]


@pytest.mark.parametrize(
    "body", [b"x", b"40000 dir", b"40000 dir\0short", b"\xff d\0" + b"x" * 20]
)
def test_a_torn_tree_is_an_error(body: bytes) -> None:
    with pytest.raises(MalformedTree):
        parse_tree(body, 20)
