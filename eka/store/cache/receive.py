"""One path from a binary cache into the store: believed is nothing, checked is every byte."""

from __future__ import annotations

import io
import os
import re

from eka.checking import TYPE_CHECKING
from eka.store.cache.errors import CacheFalse
from eka.store.cache.objects import ObjectReader
from eka.store.errors import UnsafeTree, refusals
from eka.store.facts import PathInfo, Staged
from eka.store.nodes import FileNode, LinkNode
from eka.store.path import DIGEST_LETTERS, store_path
from eka.store.reduction import ReductionKind
from eka.store.references import PREFIX, ReferenceScanner
from eka.store.scan import scan_tree
from eka.store.stream import StreamReader
from eka.store.stream_errors import BrokenStream
from eka.store.trust import path_statement
from eka.store.write import write_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from eka.store.cache.documents import CacheEntry
    from eka.store.nodes import Node
    from eka.store.store import Store

_BUFFER_BYTES = 1 << 18
_SPARE_BYTES = 256 << 20  # of the file system; a path that would take them is not begun
_LENGTH = len(PREFIX) + DIGEST_LETTERS
_MENTION = re.compile(re.escape(PREFIX) + b"([0-9a-v]{%d})" % DIGEST_LETTERS)


def received(
    store: Store, entry: CacheEntry, chunks: Iterable[bytes], place: Path, where: str
) -> Staged:
    """Write the object of a path into a new directory, and prove that it is the path.

    Args:
        store: Where it will go; nothing in it becomes valid here.
        entry: What is said of it.
        chunks: The bytes of its object.
        place: A directory that does not exist, below `Store.staging`.
        where: The cache, for messages.

    Raises:
        CacheFalse: It is not what is said of it, or mentions what it does not declare.
        StoreUnusable: The disk is full, or refuses.

    Source: atom-spec/store-cache.md [cache-checked], [cache-references].
    """
    _check_room(store, entry, where)
    _check_signatures(store, entry, where)
    source = ObjectReader(entry, chunks, where)
    reader = StreamReader(io.BufferedReader(source, _BUFFER_BYTES))
    mentions: set[str] = set()
    try:
        with refusals(store.root):
            place.mkdir()
            nodes = _watched(reader.nodes(), entry, mentions, where)
            written = write_tree(place / entry.path.base, nodes)
        source.finish()
    except (BrokenStream, UnsafeTree) as error:
        raise CacheFalse(where, entry.path.text, error.why) from error
    told = entry.kind, entry.content, entry.size_bytes
    if (written.kind.value, written.content.hex(), written.size_bytes) != told:
        found = f"{written.kind} {written.content.hex()} of {written.size_bytes} bytes"
        why = f"expected {entry.kind} {entry.content}, found {found}"
        raise CacheFalse(where, entry.path.text, why)
    root = place / entry.path.base
    if entry.path.digest32 in mentions:
        found_path = scan_tree(root, ReferenceScanner(entry.path, ())).path(entry.path.name)
    else:
        found_path = store_path(written.kind, written.content, entry.path.name)
    if found_path != entry.path:
        raise CacheFalse(where, entry.path.text, f"its content belongs at {found_path.text}")
    _check_references(store, entry, mentions, where)
    return Staged(entry.path, root, written, entry.references)


def info_of(entry: CacheEntry) -> PathInfo:
    """Return what is said of a path as the store has it; what is signed of it."""
    return PathInfo(
        entry.path, entry.kind, entry.content, entry.size_bytes, entry.references, registered=0
    )


def is_signed(store: Store, entry: CacheEntry) -> bool:
    """Tell whether as many builders as the store requires signed what is said of a path."""
    keys, statement = store.trusted_keys(), path_statement(info_of(entry))
    builders = {
        keys[each.key_name].key.raw
        for each in entry.signatures
        if each.key_name in keys
        and ReductionKind.RESOLVED in keys[each.key_name].kinds
        and each.is_by(keys[each.key_name].key, statement)
    }
    return len(builders) >= store.required_builders()[ReductionKind.RESOLVED]


def _check_references(
    store: Store, entry: CacheEntry, mentions: Collection[str], where: str
) -> None:
    declared = {each.digest32 for each in entry.references} | {entry.path.digest32}
    undeclared = sorted(set(mentions) - declared)
    if undeclared and not is_signed(store, entry):
        why = f"it mentions {PREFIX.decode()}{undeclared[0]}, which it does not declare"
        raise CacheFalse(where, entry.path.text, why)


def _check_signatures(store: Store, entry: CacheEntry, where: str) -> None:
    keys, statement = store.trusted_keys(), path_statement(info_of(entry))
    for each in entry.signatures:
        known = keys.get(each.key_name)
        if known is not None and not each.is_by(known.key, statement):
            raise CacheFalse(where, entry.path.text, f"the key {each.key_name} did not sign this")


def record_signatures(store: Store, entry: CacheEntry) -> None:
    """Keep those of the signatures of a path that are by trusted keys; the path is valid."""
    for each in entry.signatures:
        store.record_path_signature(info_of(entry), each)


def _check_room(store: Store, entry: CacheEntry, where: str) -> None:
    status = os.statvfs(store.root)
    if entry.size_bytes > max(0, status.f_bavail * status.f_frsize - _SPARE_BYTES):
        why = f"it is said to have {entry.size_bytes} bytes, for which the disk has no room"
        raise CacheFalse(where, entry.path.text, why)


def _watched(
    nodes: Iterable[Node], entry: CacheEntry, mentions: set[str], where: str
) -> Iterator[Node]:
    """Pass nodes on; note every store path they mention, and refuse more bytes than were told."""
    left = entry.size_bytes

    def passed(chunks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal left
        tail = b""
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                why = f"it holds more than the {entry.size_bytes} bytes that are told"
                raise CacheFalse(where, entry.path.text, why)
            data = tail + chunk
            if PREFIX in data:
                mentions.update(each.decode() for each in _MENTION.findall(data))
            tail = data[-_LENGTH + 1 :]
            yield chunk

    for node in nodes:
        if isinstance(node, FileNode):
            yield FileNode(node.path, node.executable, passed(node.chunks))
        elif isinstance(node, LinkNode):
            yield LinkNode(node.path, b"".join(passed((node.target,))))
        else:
            yield node
