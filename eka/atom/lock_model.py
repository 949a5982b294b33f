"""What an ``atom.lock`` of version 2 says, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eka.atom.label import Label
from eka.atom.oid import Genesis, ObjectId
from eka.atom.version import Version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from eka.atom.content import ContentHash
    from eka.atom.identity import AtomId

_SHOWN_CHARACTERS = 300


class InvalidAtomKey(EkaError):
    """A text that does not name one version of an atom in a lock."""

    code = "invalid-atom-key"
    exit_status = Exit.USAGE

    def __init__(self, raw: str) -> None:
        super().__init__(
            what="this names no locked atom",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why="expected `<genesis>::<label>@<version>`",
            fix="run eka lock",
        )
        self.raw = raw


@dataclass(frozen=True, slots=True, order=True)
class AtomKey:
    """One version of one atom of one set."""

    genesis: Genesis
    label: Label
    version: Version

    # Keys are looked up and sorted by the ten thousand: their texts remember their hashes.
    def __hash__(self) -> int:
        return hash((self.label.text, self.version.text))

    @property
    def order(self) -> tuple[str, str, object]:
        """A sort key that orders as keys do, and is cheaper to compare."""
        return self.genesis.hex, self.label.text, self.version.key

    @property
    def text(self) -> str:
        """The key as locks write it: ``<genesis>::<label>@<version>``."""
        return f"{self.genesis.hex}::{self.label.text}@{self.version.text}"

    @classmethod
    def parse(cls, text: str) -> AtomKey:
        """Return the key written as ``text``; raises InvalidAtomKey."""
        genesis, _, rest = text.partition("::")
        label, _, version = rest.partition("@")
        try:
            return cls(Genesis(ObjectId(genesis)), Label(label), Version.parse(version))
        except EkaError as error:
            raise InvalidAtomKey(text) from error


@dataclass(frozen=True, slots=True, order=True)
class LockedSet:
    """A set that atoms come from; the own set needs no URLs."""

    genesis: Genesis
    urls: tuple[str, ...] = ()
    own: bool = False
    accepted: tuple[str, ...] = ()
    """Other addresses that manifests may name for it; nothing is ever asked of them."""


@dataclass(frozen=True, slots=True)
class LockedAtom:
    """One selected atom; tree, content and rev are absent (all three) where it is local."""

    key: AtomKey
    id: AtomId
    tree: ObjectId | None = None
    content: ContentHash | None = None
    rev: ObjectId | None = None
    requires: tuple[AtomKey, ...] = ()
    patched: bool = False
    """Whether ``[patch]`` puts a directory in its place; of the own set none is."""

    @property
    def is_own(self) -> bool:
        """Whether it is of the own set."""
        return self.rev is None and not self.patched


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One file of a direct source."""

    url: str
    """Of a .deb the base of its mirror, else the whole URL."""
    path: str
    """Below the mirror; empty for a whole URL."""
    suite: str
    size: int
    """In bytes."""
    sha256: str
    name: str = ""
    """Of the package that it holds, as its ecosystem calls it; empty where there is none."""
    version: str = ""
    """Of that package."""
    mirrors: tuple[str, ...] = ()
    """Other whole URLs of the same bytes."""
    integrity: str = ""
    """What the ecosystem says of the bytes, such as ``sha512-…``; checked when it was pinned."""

    @property
    def download_url(self) -> str:
        """Where the file is."""
        return f"{self.url.rstrip('/')}/{self.path}" if self.path else self.url


@dataclass(frozen=True, slots=True)
class LockedTree:
    """The tree of a direct source that is a directory of a commit."""

    url: str
    """Of the repository, in its public form."""
    rev: ObjectId
    """The commit."""
    tree: ObjectId
    """What stands at ``path`` in it."""
    content: ContentHash
    ref: str = ""
    """What led to the commit, such as ``refs/tags/v1.2.3``; empty where it was named itself."""
    path: str = ""
    """Of the directory in the commit; empty for its root."""


@dataclass(frozen=True, slots=True)
class LockedDirect:
    """A direct source of the root project (``owner`` None) or of a locked atom."""

    owner: AtomKey | None
    kind: str
    name: str
    system: str
    """Empty when it is the same for all."""
    declared: str
    """`source_digest` of the declaration it was found for."""
    files: tuple[LockedFile, ...] = ()
    tree: LockedTree | None = None
    """What it is instead of files."""
    lock_sha256: str = ""
    """Of the other tool's lock file that it was read from; empty where there is none."""

    def owned_by(self, owner: AtomKey) -> LockedDirect:
        """Return the same pin as a dependency's, not one's own."""
        return replace(self, owner=owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A whole ``atom.lock``."""

    requirements: str
    """`requirements_digest` of the root project's manifest."""
    sets: tuple[LockedSet, ...] = ()
    atoms: tuple[LockedAtom, ...] = ()
    direct: tuple[LockedDirect, ...] = ()
    requires: tuple[AtomKey, ...] = ()
    """What the root project itself asks for."""

    @property
    def patched(self) -> tuple[LockedAtom, ...]:
        """The atoms that stand in a directory of this machine instead of their set."""
        return tuple(atom for atom in self.atoms if atom.patched)

    @property
    def has_local_sources(self) -> bool:
        """Whether a set is found by a path of this machine; such a lock is of no use elsewhere."""
        trees = (each.tree.url for each in self.direct if each.tree)
        urls = (url for a_set in self.sets for url in a_set.urls)
        return any(url.startswith("file:") for url in (*urls, *trees))
