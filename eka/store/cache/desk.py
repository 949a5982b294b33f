"""A store as a binary cache: its documents and objects, made when they are asked for.

Source: atom-spec/store-cache.md [cache-served], [cache-push].
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.store.cache.documents import (
    PLAIN,
    ROOT,
    CacheEntry,
    CacheRoot,
    SignedReduction,
    encode_entry,
    encode_files,
    encode_reductions,
    encode_root,
    parse_entry,
    parse_files,
    parse_reductions,
)
from eka.store.cache.errors import CacheFalse
from eka.store.cache.objects import Made, object_chunks, path_of_object, plain_object
from eka.store.cache.receive import received, record_signatures
from eka.store.errors import PathNotFound
from eka.store.path import StorePath
from eka.store.reduction import LOCAL, Reduction, ReductionKind
from eka.store.reduction_errors import NotTrusted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from eka.store.facts import PathInfo
    from eka.store.store import Store

HERE = "what was sent"  # in place of a cache, in messages
_INFO = re.compile(r"info/([0-9a-v]{32})\.json")
_RESOLVED = re.compile(r"resolved/([0-9a-f]{64})\.json")
_FILE = re.compile(r"file/([0-9a-f]{64})\.json")
_OBJECT = re.compile(r"object/([0-9a-f]{64})")
_CHUNK_BYTES = 1 << 20


class Desk:
    """Answers for one open store, and takes what is pushed to it.

    Args:
        store: Open; what is added is kept from garbage collection until it is closed.
        may_change: Whether paths are taken.
    """

    def __init__(self, store: Store, *, may_change: bool) -> None:
        self._store = store
        self._may_change = may_change

    def document(self, name: str) -> bytes | None:
        """Return a document; None when there is none of this name."""
        if name == ROOT:
            return encode_root(CacheRoot(answers_batches=True, takes_paths=self._may_change))
        if found := _INFO.fullmatch(name):
            return self._info(found[1])
        if found := _RESOLVED.fullmatch(name):
            return self._resolved(found[1])
        if found := _FILE.fullmatch(name):
            return self._file(found[1])
        return None

    @contextmanager
    def object(self, name: str) -> Generator[tuple[int, Iterator[bytes]] | None, None, None]:
        """Yield length and bytes of an object; None when there is none of this name."""
        found = _OBJECT.fullmatch(name)
        path = path_of_object(self._store, found[1]) if found else None
        if path is None or not self._store.hold(path):
            yield None
            return
        told = plain_object(self._store, path)
        yield told.size_bytes, object_chunks(self._store, path, PLAIN, Made())

    def take(self, name: str, head: bytes, chunks: Iterable[bytes]) -> int:
        """Take what is pushed under a name; return how much of it was taken.

        Args:
            name: Of a document.
            head: The document.
            chunks: For a path, the bytes of its object.

        Raises:
            CacheFalse: It is not what it says; nothing was taken.
            MissingReferences: The path refers to what is not here.
        """
        if _INFO.fullmatch(name):
            return self._take_path(head, chunks)
        if found := _RESOLVED.fullmatch(name):
            return self._take_reductions(found[1], head)
        if found := _FILE.fullmatch(name):
            return self._take_files(found[1], head)
        raise CacheFalse(HERE, name[:200], "nothing is pushed under this name")

    def _info(self, digest32: str) -> bytes | None:
        path = self._store.path_by_digest(digest32)
        if path is None or not self._store.hold(path):
            return None
        info = self._store.path_info(path)
        told = plain_object(self._store, path)
        return encode_entry(self._entry(info, told))

    def _entry(self, info: PathInfo, told: Made) -> CacheEntry:
        return CacheEntry(
            info.path,
            info.kind,
            info.content,
            info.size_bytes,
            info.references,
            tuple(self._store.signatures(info)),
            told.digest,
            told.size_bytes,
            PLAIN,
        )

    def _resolved(self, resolved: str) -> bytes | None:
        facts = [
            SignedReduction(fact, signature)
            for fact in self._store.outcomes(ReductionKind.RESOLVED, resolved)
            if fact.by != LOCAL
            for signature in self._store.signatures(fact)
        ]
        return encode_reductions(resolved, facts) if facts else None

    def _file(self, sha256: str) -> bytes | None:
        facts = self._store.outcomes(ReductionKind.FETCH, f"sha256:{sha256}")
        paths = [StorePath.parse(fact.refined) for fact in facts if self._is_here(fact)]
        return encode_files(sha256, paths) if paths else None

    def _is_here(self, fact: Reduction) -> bool:
        return self._store.has(StorePath.parse(fact.refined))

    def _take_path(self, head: bytes, chunks: Iterable[bytes]) -> int:
        path = _path_in(head)
        entry = parse_entry(head, HERE, path)
        if self._store.hold(path):
            for _ in chunks:
                pass
            return 0
        place = self._store.staging("push")
        try:
            staged = received(self._store, entry, chunks, place / "path", HERE)
            self._store.register_all([staged], lambda: record_signatures(self._store, entry))
        finally:
            self._store.discard(place)
        return 1

    def _take_reductions(self, resolved: str, data: bytes) -> int:
        taken = 0
        for each in parse_reductions(data, HERE, resolved):
            self._store.hold(StorePath.parse(each.reduction.refined))
            try:
                self._store.record_signed(each.reduction, each.signature)
            except NotTrusted:
                continue
            taken += 1
        return taken

    def _take_files(self, sha256: str, data: bytes) -> int:
        paths = parse_files(data, HERE, sha256)
        for path in paths:
            if not self._store.hold(path):
                raise PathNotFound(path.text, str(self._store.root))
            info = self._store.path_info(path)
            if info.kind not in {"file", "executable"} or self._sha256(path) != sha256:
                raise CacheFalse(HERE, path.text, f"it is no file of SHA-256 {sha256}")
            can_run = "!x" if info.kind == "executable" else ""
            name = f"sha256:{sha256}!{path.name}{can_run}"
            fact = Reduction(ReductionKind.FETCH, name, path.base, evidence="pushed")
            self._store.record_all([fact])
        return len(paths)

    def _sha256(self, path: StorePath) -> str:
        hasher = hashlib.sha256()
        with self._store.physical(path).open("rb") as file:
            while data := file.read(_CHUNK_BYTES):
                hasher.update(data)
        return hasher.hexdigest()


def _path_in(head: bytes) -> StorePath:
    """Return the path that a document is about, which is then read as one about it."""
    from eka.store.errors import InvalidStorePath  # noqa: PLC0415 - as below
    from eka.store.stream import Fields  # noqa: PLC0415 - only what is pushed needs it
    from eka.store.stream_errors import BrokenStream  # noqa: PLC0415 - the same

    try:
        return StorePath.parse(Fields(head).text("path"))
    except (BrokenStream, InvalidStorePath) as error:
        raise CacheFalse(HERE, "info", error.why) from error
