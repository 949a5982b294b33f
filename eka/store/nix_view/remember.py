"""What Nix knows a path by, kept beside the path in the database of the store.

Source: atom-spec/nix.md [nix-digests].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.nar import NarDigest, NarTee, nar_digest
from eka.store.path import check_name
from eka.store.read import read_apart, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eka.store.nodes import Node
    from eka.store.path import StorePath
    from eka.store.store import Store

NAR_SHA256 = "nar-sha256"


def nar_of(store: Store, path: StorePath) -> NarDigest:
    """Return the digest of the NAR of a path as it lies in the store; computed once.

    Raises:
        PathNotFound: The store does not hold it.
    """
    known = store.digest(path, NAR_SHA256)
    if known is not None:
        return NarDigest(bytes.fromhex(known[0]), known[1])
    store.path_info(path)  # or there is no such path
    found = nar_digest(read_tree(store.physical(path)))
    _keep(store, path, found)
    return found


def add_with_nar(
    store: Store, name: str, nodes: Iterable[Node], *, expected: str | None = None
) -> tuple[StorePath, NarDigest]:
    """Add a tree and compute the digest of its NAR in the same pass.

    Args:
        store: The open store.
        name: What follows the digest in the path.
        nodes: As for `Store.add_tree`.
        expected: The content hash it must have.
    """
    tee = NarTee()
    path = store.add_tree(name, tee.watch(nodes), expected=expected)
    if tee.digest is None:  # the nodes came in an order of their own
        return path, nar_of(store, path)
    _keep(store, path, tee.digest)
    return path, tee.digest


def add_path_with_nar(
    store: Store, name: str, source: Path, *, expected: str | None = None
) -> tuple[StorePath, NarDigest]:
    """Add a file, directory or link of the file system as `add_with_nar` does."""
    check_name(name)
    return add_with_nar(store, name, read_apart(source, store.root), expected=expected)


def recall(store: Store, path: StorePath, schemes: Sequence[str]) -> list[tuple[str, int]] | None:
    """Return what is remembered of a path in each scheme; None unless it is all there."""
    found: list[tuple[str, int]] = []
    for scheme in schemes:
        known = store.digest(path, scheme)
        if known is None:
            return None
        found.append(known)
    return found


def _keep(store: Store, path: StorePath, digest: NarDigest) -> None:
    store.set_digest(path, NAR_SHA256, digest.sha256.hex(), digest.size_bytes)
