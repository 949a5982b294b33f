"""Where the documents and objects of a binary cache are, whatever carries them."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.store.cache.documents import SignedReduction
    from eka.store.facts import PathInfo
    from eka.store.nix.keys import NixSignature
    from eka.store.path import StorePath
    from eka.store.store import Store


class CacheFiles(Protocol):
    """The documents and objects of a cache, to be read; used by several threads."""

    where: str  # for messages

    def documents(
        self, names: Sequence[str], limit_bytes: int, *, batch: bool
    ) -> Mapping[str, bytes]:
        """Return those of the documents that are there.

        Args:
            names: Of documents.
            limit_bytes: What one may have; of a longer one a byte more is returned.
            batch: Whether the cache answers for many at once.

        Raises:
            CacheUnreachable: It does not answer.
        """
        ...

    def content(self, name: str) -> Iterator[bytes]:
        """Yield an object in chunks.

        Raises:
            CacheFalse: There is none of this name.
            CacheUnreachable: It does not answer, or ends in the middle.
        """
        ...


class CacheSink(Protocol):
    """A cache that takes what is pushed; used by several threads."""

    where: str  # for messages

    def open(self, *, may_make: bool) -> None:
        """Make sure that it is a cache, or may be made one, and takes something.

        Raises:
            NotACache, CacheUnwritable, CacheUnreachable.
        """
        ...

    def known(self, paths: Sequence[StorePath]) -> set[StorePath]:
        """Return those of the paths that it holds."""
        ...

    def add(self, store: Store, info: PathInfo, signatures: Sequence[NixSignature]) -> int:
        """Add a path whose references it holds; return the bytes that went there."""
        ...

    def add_reductions(self, resolved: str, facts: Sequence[SignedReduction]) -> int:
        """Add what is asserted of a resolved action; return how much of it was taken."""
        ...

    def add_file(self, sha256: str, path: StorePath) -> None:
        """Tell that a path is a file with this SHA-256."""
        ...

    def finish(self) -> None:
        """Wait until all of it will last."""
        ...
