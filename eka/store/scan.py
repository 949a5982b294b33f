"""Digests a tree on disk as if it did not mention itself (atom-spec/store.md [path-self])."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.hashing import new_hasher
from eka.store.nodes import DirNode, FileNode, LinkNode, NodePath
from eka.store.path import store_path
from eka.store.read import read_tree
from eka.store.tree import EXECUTABLE_MODE, FILE_MODE, LINK_MODE, TreeDigest
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from eka.store.nodes import Node
    from eka.store.path import NodeKind, StorePath
    from eka.store.references import ReferenceScanner


@dataclass(frozen=True, slots=True)
class Scanned:
    """A tree, digested as if it did not mention itself."""

    tree: TreeDigest
    mentions: Mapping[NodePath, list[int]]  # offsets of the own digest in files and targets
    size_bytes: int

    def path(self, name: str) -> StorePath:
        """Return the store path of the tree."""
        kind, content = self.tree.result()
        positions = positions_digest(self.mentions)
        return store_path(kind, content, name, self_positions=positions)


def positions_digest(mentions: Mapping[NodePath, list[int]]) -> bytes:
    """Return the digest of where a tree mentions itself; empty when it does not.

    Source: atom-spec/store.md [path-self].
    """
    if not mentions:
        return b""
    hasher = new_hasher()
    for path, offsets in sorted(mentions.items()):
        numbers = (len(offsets), *offsets)
        hasher.update(b"/".join(path) + b"\0" + b"".join(n.to_bytes(8, "big") for n in numbers))
    return hasher.digest()


def scan_tree(root: Path, scanner: ReferenceScanner) -> Scanned:
    """Digest the tree at ``root`` with its mentions of itself zeroed; changes nothing."""
    tree, mentions, size_bytes = TreeDigest(), dict[NodePath, list[int]](), 0
    for node in read_tree(root):
        if isinstance(node, DirNode):
            tree.enter(node.path)
            scanner.look_at(b"/".join(node.path[-1:]))
            continue
        mode, positions, hasher = _mode(node), list[int](), new_hasher()
        tree.reserve(node.path, mode)
        scanner.look_at(b"/".join(node.path[-1:]))
        if isinstance(node, FileNode):
            chunks: Iterable[bytes] = scanner.blank(node.chunks, positions)
        else:
            chunks = (scanner.blank_link(node.target, positions),)
        for chunk in chunks:
            hasher.update(chunk)
            size_bytes += len(chunk)
        tree.leaf(node.path, mode, hasher.digest())
        if positions:
            mentions[node.path] = positions
    return Scanned(tree, mentions, size_bytes)


def digest_tree(root: Path) -> tuple[NodeKind, bytes]:
    """Return what the tree at ``root`` is, and its content digest, bytes as they lie on disk."""
    return digest_nodes(read_tree(root))


def digest_nodes(nodes: Iterable[Node]) -> tuple[NodeKind, bytes]:
    """Return what a stream of nodes is, and its content digest."""
    tree = TreeDigest()
    for node in nodes:
        if isinstance(node, DirNode):
            tree.enter(node.path)
            continue
        mode, hasher = _mode(node), new_hasher()
        tree.reserve(node.path, mode)
        for chunk in node.chunks if isinstance(node, FileNode) else (node.target,):
            hasher.update(chunk)
        tree.leaf(node.path, mode, hasher.digest())
    return tree.result()


def path_of(name: str, source: Path) -> StorePath:
    """Return the path `Store.add_path` would give; nothing is added."""
    return path_of_nodes(name, read_tree(source))


def path_of_nodes(name: str, nodes: Iterable[Node]) -> StorePath:
    """Return the path `Store.add_tree` would give; nothing is added."""
    kind, content = digest_nodes(nodes)
    return store_path(kind, content, name)


def _mode(node: FileNode | LinkNode) -> str:
    if isinstance(node, FileNode):
        return EXECUTABLE_MODE if node.executable else FILE_MODE
    return LINK_MODE
