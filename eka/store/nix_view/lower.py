"""Paths of the store -> paths of Nix's store, named by content, that Nix accepts unsigned.

Source: atom-spec/nix.md [nix-lower].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.hashes import sha256_text
from eka.store.nix.modulo import NarModulo
from eka.store.nix.nar import NarDigest, digest_chunks, nar_chunks
from eka.store.nix.narinfo import CONTENT_ADDRESS
from eka.store.nix.path import NixPath, content_path
from eka.store.nix.translate import EKA_PREFIX, NIX_PREFIX, Translator
from eka.store.nix_view.remember import nar_of, recall
from eka.store.path import NodeKind, StorePath, store_path
from eka.store.read import read_tree
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from eka.store.facts import PathInfo
    from eka.store.store import Store

_PATH, _CONTENT, _NAR = "nix-path", "nix-content", "nix-nar"


@dataclass(frozen=True, slots=True)
class Lowered:
    """One path of the store, and what Nix knows it by."""

    path: StorePath
    nix: NixPath
    nar: NarDigest
    content_sha256: bytes  # 32 bytes: of the NAR as if it did not mention itself
    others: tuple[NixPath, ...]  # what it refers to, without itself, in order of their names
    has_self: bool

    @property
    def references(self) -> tuple[NixPath, ...]:
        """What it refers to, itself included."""
        return tuple(sorted((*self.others, self.nix))) if self.has_self else self.others

    @property
    def content_address(self) -> str:
        """What lets Nix see that the name follows from the content."""
        return CONTENT_ADDRESS + sha256_text(self.content_sha256)


def lower(store: Store, paths: Iterable[StorePath]) -> list[Lowered]:
    """Return paths and all they refer to as Nix knows them, referred paths first.

    The store should hold the paths on a lease. What is computed is remembered beside them.

    Raises:
        PathNotFound: The store does not hold one of them.
    """
    found: dict[StorePath, Lowered] = {}
    for info in in_order(store, paths):
        others = [found[each].nix for each in info.references if each != info.path]
        found[info.path] = _lowered(store, info, tuple(sorted(others)), found)
    return list(found.values())


def in_order(store: Store, paths: Iterable[StorePath]) -> list[PathInfo]:
    """Return a closure with every path after those it refers to."""
    infos = {path: store.path_info(path) for path in store.closure(paths)}
    order: dict[StorePath, PathInfo] = {}
    pending = sorted(infos, reverse=True)
    while pending:
        path = pending[-1]
        if path in order:
            pending.pop()
            continue
        missing = [each for each in infos[path].references if each != path and each not in order]
        if missing:
            pending += missing
        else:
            order[path] = infos[path]
    return list(order.values())


def nar_stream(
    store: Store, lowered: Lowered, known: Mapping[StorePath, Lowered]
) -> Iterator[bytes]:
    """Yield the NAR of a path as Nix holds it: every path it mentions is one of Nix's store."""
    info = store.path_info(lowered.path)
    final = {lowered.path.digest32.encode(): lowered.nix.digest32.encode()}
    chunks = _translated(store.physical(lowered.path), info, known)
    if lowered.has_self:
        chunks = Translator(NIX_PREFIX, NIX_PREFIX, final).stream(chunks)
    return chunks


def _lowered(
    store: Store,
    info: PathInfo,
    others: tuple[NixPath, ...],
    known: Mapping[StorePath, Lowered],
) -> Lowered:
    path = info.path
    if remembered := recall(store, path, (_PATH, _CONTENT, _NAR)):
        (base, references), (content, has_self), (sha256, size_bytes) = remembered
        if references == len(others):  # they are never taken away, and rarely added to
            digest = NarDigest(bytes.fromhex(sha256), size_bytes)
            nix = NixPath.parse(base)
            return Lowered(path, nix, digest, bytes.fromhex(content), others, bool(has_self))
    if _mentions_itself(info):
        found = _with_self(store, info, others, known)
    else:
        nar = (
            digest_chunks(_translated(store.physical(path), info, known))
            if others
            else nar_of(store, path)
        )
        nix = content_path(path.name, nar.sha256, others)
        found = Lowered(path, nix, nar, nar.sha256, others, has_self=False)
    store.set_digest(path, _PATH, found.nix.base, len(others))
    store.set_digest(path, _CONTENT, found.content_sha256.hex(), int(found.has_self))
    store.set_digest(path, _NAR, found.nar.sha256.hex(), found.nar.size_bytes)
    return found


def _with_self(
    store: Store,
    info: PathInfo,
    others: tuple[NixPath, ...],
    known: Mapping[StorePath, Lowered],
) -> Lowered:
    path = info.path
    modulo = NarModulo(path.digest32)
    for _ in modulo.watch(_translated(store.physical(path), info, known)):
        pass
    content = modulo.sha256()
    nix = content_path(path.name, content, others, has_self=True)
    nothing = NarDigest(b"", 0)
    draft = Lowered(path, nix, nothing, content, others, has_self=True)
    nar = digest_chunks(nar_stream(store, draft, known))
    return Lowered(path, nix, nar, content, others, has_self=True)


def _translated(
    physical: Path, info: PathInfo, known: Mapping[StorePath, Lowered]
) -> Iterator[bytes]:
    """Yield the NAR of a path; its own digest stays as it is, behind Nix's prefix."""
    digests = {
        each.digest32.encode(): known[each].nix.digest32.encode()
        for each in info.references
        if each != info.path
    }
    own = info.path.digest32.encode()
    chunks = nar_chunks(read_tree(physical))
    return Translator(EKA_PREFIX, NIX_PREFIX, {**digests, own: own}).stream(chunks)


def _mentions_itself(info: PathInfo) -> bool:
    # Of what does not mention itself, kind and content give the path (atom-spec [path-id]).
    plain = store_path(NodeKind(info.kind), bytes.fromhex(info.content), info.path.name)
    return plain != info.path
