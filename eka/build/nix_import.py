"""Paths of a binary cache in Nix's format -> paths of the store.

Nothing is registered before its hash was compared with what somebody trusted has signed, or with
what the name of the path promises.

Source: atom-spec/nix.md [nix-import], [nix-trust].
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack

from eka.build.errors import ArchiveTooLarge
from eka.build.inflate import Budget, Inflated
from eka.build.nix_cache import check_cache, read_archive, read_narinfo
from eka.build.nix_trust import NixTrust, names_content
from eka.checking import TYPE_CHECKING
from eka.hashing import base32hex, digest
from eka.store import PathNotFound, StorePath
from eka.store.errors import refusals
from eka.store.nix.errors import InvalidNarInfo, NixMismatch
from eka.store.nix.hashes import sha256_text
from eka.store.nix.modulo import NarModulo
from eka.store.nix.nar_read import read_nar
from eka.store.nix.translate import EKA_PREFIX, NIX_PREFIX, Translator
from eka.store.write import write_tree
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from eka.build.nix_cache import CacheFiles
    from eka.store import Node, Store
    from eka.store.nix.narinfo import NarInfo
    from eka.store.nix.path import NixPath

MAX_PATHS = 100_000
_COMPRESSIONS = {"none", "xz", "bzip2", "gzip", "zstd"}
_CHUNK_BYTES = 1 << 18
_ID_BYTES = 20
_SIGNED, _PROVED = "nix-signed", "nix-proved"


@dataclass(frozen=True, slots=True)
class Imported:
    """One path of the cache, and what it is in the store."""

    nix: NixPath
    path: StorePath
    is_new: bool  # whether it was fetched now


class NixImport:
    """Takes paths, and all they refer to, from one cache.

    Args:
        store: The open store; what is imported stays until it is closed, or as long as a root
            keeps it.
        files: The cache.
        trust: Whose word counts.
    """

    def __init__(self, store: Store, files: CacheFiles, trust: NixTrust) -> None:
        self._store = store
        self._files = files
        self._trust = trust

    def fetch(
        self, paths: Iterable[NixPath], on_progress: Callable[[int, int, NarInfo], None]
    ) -> list[Imported]:
        """Import paths and all they refer to, referred paths first.

        Args:
            paths: What is wanted.
            on_progress: Called before each path with its number, how many there are, and what
                the cache says of it.

        Raises:
            NotInNixCache: The cache lacks one of them.
            NixPathUntrusted: Nobody trusted has signed one, and its content does not name it.
            NixMismatch: The cache gave something else than it described.
            InvalidNarInfo, InvalidNar, UnsafeTree, BrokenArchive: What it gave is malformed.
            NixCacheUnreadable: It cannot be read.
        """
        check_cache(self._files)
        infos = self._describe(paths)
        found: dict[NixPath, Imported] = {}
        with ExitStack() as leases:
            for number, info in enumerate(_ordered(infos), 1):
                on_progress(number, len(infos), info)
                found[info.path] = self._import(info, found, leases)
        return list(found.values())

    def _describe(self, paths: Iterable[NixPath]) -> dict[NixPath, NarInfo]:
        """Return what the cache says of all that is needed; all of it is trusted."""
        infos: dict[NixPath, NarInfo] = {}
        pending = sorted(set(paths), reverse=True)
        while pending:
            path = pending.pop()
            if path in infos:
                continue
            if len(infos) == MAX_PATHS:
                raise InvalidNarInfo(self._files.where, f"more than {MAX_PATHS} paths are needed")
            info = infos[path] = read_narinfo(self._files, path)
            self._trust.check(info)
            if info.compression not in _COMPRESSIONS:
                why = f"its archive is compressed with {info.compression[:40]!r}"
                raise InvalidNarInfo(f"{self._files.where}/{path.digest32}.narinfo", why)
            pending += info.others
        return infos

    def _import(
        self, info: NarInfo, known: Mapping[NixPath, Imported], leases: ExitStack
    ) -> Imported:
        references = {each: known[each].path for each in info.others}
        # The same archive among other neighbours would be other bytes in the store.
        identity = _identity(info, references)
        must_prove = not self._trust.is_signed(info) and names_content(info)
        scheme = _PROVED if must_prove else _SIGNED
        path = self._store.alias(scheme, identity, info.path.name)
        if path is not None and self._hold(path, leases):
            return Imported(info.path, path, is_new=False)
        path = self._add(info, references, must_prove=must_prove)
        self._store.set_alias(scheme, identity, path)
        return Imported(info.path, path, is_new=True)

    def _hold(self, path: StorePath, leases: ExitStack) -> bool:
        """Keep a path from gc; tell whether it is still there."""
        try:
            leases.enter_context(self._store.lease([path]))
        except PathNotFound:
            return False
        return True

    def _add(
        self, info: NarInfo, references: Mapping[NixPath, StorePath], *, must_prove: bool
    ) -> StorePath:
        name = info.path.name
        others = tuple(references.values())
        placeholder = StorePath(base32hex(digest(info.path.text.encode())[:_ID_BYTES]), name)
        nodes = self._nodes(info, references, placeholder, must_prove=must_prove)
        if not info.has_self:
            return self._store.add_tree(name, nodes, references=others)
        staged = self._store.staging(name)
        try:
            built = staged / name
            with refusals(staged):
                write_tree(built, nodes)
            return self._store.register_output(
                name, built, placeholder=placeholder, candidates=others, references=others
            )
        finally:
            self._store.discard(staged)

    def _nodes(
        self,
        info: NarInfo,
        references: Mapping[NixPath, StorePath],
        placeholder: StorePath,
        *,
        must_prove: bool,
    ) -> Iterator[Node]:
        """Yield the nodes of a path, its mentions of others translated; then judge the whole."""
        whole = _Whole(info)
        chunks = whole.watch(_inflated(info, read_archive(self._files, info)))
        modulo = NarModulo(info.path.digest32)
        if must_prove:
            chunks = modulo.watch(chunks)
        digests = {
            nix.digest32.encode(): path.digest32.encode() for nix, path in references.items()
        }
        if info.has_self:
            digests[info.path.digest32.encode()] = placeholder.digest32.encode()
        yield from read_nar(Translator(NIX_PREFIX, EKA_PREFIX, digests).stream(chunks))
        whole.judge()
        if must_prove:
            self._trust.check_content(info, modulo.sha256())


class _Whole:
    """Compares an archive with its description."""

    def __init__(self, info: NarInfo) -> None:
        self._info = info
        self._hasher = hashlib.sha256()
        self._size_bytes = 0

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass bytes on."""
        for chunk in chunks:
            self._hasher.update(chunk)
            self._size_bytes += len(chunk)
            yield chunk

    def judge(self) -> None:
        """Raise `NixMismatch` unless all that has passed is what was described."""
        info = self._info
        expected = f"{info.nar_size_bytes} bytes, {sha256_text(info.nar_sha256)}"
        found = f"{self._size_bytes} bytes, {sha256_text(self._hasher.digest())}"
        if found != expected:
            raise NixMismatch(info.path.text, expected=expected, found=found)


class _Chunks:
    """Chunks in the shape of a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        data = self._rest or next(filter(None, self._chunks), b"")
        self._rest = data[size:]
        return data[:size]


def _inflated(info: NarInfo, chunks: Iterator[bytes]) -> Iterator[bytes]:
    limit = info.nar_size_bytes
    archive = Inflated(_Chunks(chunks), info.url, Budget(limit))
    try:
        while data := archive.read(_CHUNK_BYTES):
            yield data
    except ArchiveTooLarge as error:
        expected, found = f"{limit} bytes", f"more than {limit} bytes"
        raise NixMismatch(info.path.text, expected=expected, found=found) from error


def _identity(info: NarInfo, references: Mapping[NixPath, StorePath]) -> str:
    lines = [info.path.text, sha256_text(info.nar_sha256)]
    lines += sorted(f"{nix.base} {path.base}" for nix, path in references.items())
    return digest("\n".join(lines).encode()).hex()


def _ordered(infos: Mapping[NixPath, NarInfo]) -> list[NarInfo]:
    """Return descriptions, each after those it refers to; raises InvalidNarInfo for a circle."""
    done: dict[NixPath, NarInfo] = {}
    begun: set[NixPath] = set()
    pending = sorted(infos, reverse=True)
    while pending:
        path = pending[-1]
        if path in done:
            pending.pop()
            continue
        missing = [each for each in infos[path].others if each not in done]
        if not missing:
            done[path] = infos[path]
        elif path in begun:
            raise InvalidNarInfo(path.text, "it refers to itself by way of others")
        else:
            begun.add(path)
            pending += missing
    return list(done.values())
