"""The vectors of the content hash, and an independent way to compute it."""

from __future__ import annotations

import pytest
from blake3 import blake3

from eka.atom import ObjectId, TreeEntry, content_hash
from tests.fakes.trees import FakeTrees
from tests.vectors import load

Node = str | list[str] | dict[str, "Node"]
VECTORS = load("content/trees.json")


def store(node: Node, trees: FakeTrees) -> tuple[str, ObjectId]:
    """Store a node of a vector; return its mode and object id."""
    if isinstance(node, str):
        return "100644", trees.add_blob(node.encode())
    if isinstance(node, list):
        return "120000" if len(node) == 1 else "100755", trees.add_blob(node[-1].encode())
    entries: list[TreeEntry] = []
    for name, child in node.items():
        mode, oid = store(child, trees)
        entries.append(TreeEntry(mode, name.encode(), oid))
    return "40000", trees.add_sorted_tree(entries)


def independent_digest(oid: ObjectId, trees: FakeTrees) -> bytes:
    """Compute the digest of a directory the plain way, from the text of the specification."""
    state = blake3()
    for entry in trees.tree(oid):
        state.update(entry.mode.encode("ascii") + b" " + entry.name + b"\x00")
        if entry.mode == "40000":
            state.update(independent_digest(entry.oid, trees))
        else:
            state.update(blake3(trees.blob(entry.oid)).digest())
    return state.digest()


@pytest.mark.spec(
    *("content-blob", "content-directory", "content-mode", "content-order", "content-hash")
)
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_tree_has_the_recorded_content_hash(vector: dict[str, str], algorithm: str) -> None:
    trees = FakeTrees(algorithm)
    _, root = store(vector["tree"], trees)

    found = content_hash(root, trees)

    assert found.hex == vector["content"]
    assert found.raw == independent_digest(root, trees)


def test_different_trees_have_different_content_hashes() -> None:
    hashes = {vector["content"] for vector in VECTORS}

    assert len(hashes) == len(VECTORS)
