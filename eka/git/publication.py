"""What a publish is asked for, plans and reports, and what counts as published already; pure.

Source: atom-spec/publishing.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from eka.atom import AtomCommit, CommitFormat, Label, NotAnAtomCommit, Version
from eka.checking import TYPE_CHECKING
from eka.git.publish_errors import ConfusableVersion, VersionBackwards, VersionConflict
from eka.git.refs import (
    INIT_REF,
    AtomRef,
    RefLayout,
    atom_ref,
    manifest_meta_ref,
    origin_meta_ref,
    origin_ref,
    parse_atom_ref,
)
from eka.git.version_lines import overtaken_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from eka.atom import Genesis, ObjectId
    from eka.errors import EkaError
    from eka.git.remotes import Remote
    from eka.git.signature_signer import Signer
    from eka.git.source_set import SourceAtom

VersionKey = tuple[Label, Version]
PublishProgress: TypeAlias = "Callable[[PublishStage, int], None]"
"""Is told each stage, and how many atoms or refs it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """What a person wants published, and how."""

    revision: str = "HEAD"
    labels: tuple[Label, ...] | None = None
    """None: every atom of the set."""
    remote: str | None = None
    """A remote's name, a URL, or ``.`` for this repository alone; None: see `choose_remote`."""
    genesis: ObjectId | None = None
    """The person's choice among several first commits, where none is on record."""
    no_origin: bool = False
    push_source: bool = False
    allow_dirty: bool = False
    allow_backwards: bool = False
    """Publish versions lower than those their line has already."""
    dry_run: bool = False
    signer: Signer | None = None
    """Signs the new versions; None: they are published without a signature."""


class AtomStatus(StrEnum):
    """What a publish did with a version."""

    NEW = "new"
    UNCHANGED = "unchanged"


class PublishStage(StrEnum):
    """What a publish is doing."""

    WAITING = "waiting"
    """Another eka is writing to the repository."""
    READING = "reading"
    CHECKING = "checking"
    LISTING = "listing"
    SIGNING = "signing"
    PUSHING_SOURCE = "pushing-source"
    PUSHING = "pushing"
    RECORDING = "recording"


def silent(_: PublishStage, __: int) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAtom:
    """One version, as it now stands at the remote (in a dry run: as it would)."""

    status: AtomStatus
    label: Label
    version: Version
    path: str
    ref: str
    commit: ObjectId
    tree: ObjectId
    origin: ObjectId
    """The source commit it was made of, perhaps long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport:
    """What a publish did."""

    genesis: Genesis
    commit: ObjectId
    """The commit that was published from."""
    remote: str | None
    """The remote's URL without credentials; None: this repository alone."""
    atoms: tuple[PublishedAtom, ...]
    refs: tuple[str, ...] = ()
    """Every ref that was created at the remote, those of the set included."""
    left_out: tuple[str, ...] = ()
    """Files with changes that are in no commit."""
    source_pushed: str | None = None
    """The branch of the remote that went forward to the source commit."""
    dry_run: bool = False
    signed_by: str | None = None
    """The fingerprint of the key that signed the new versions; None: they are not signed."""

    @property
    def new(self) -> tuple[PublishedAtom, ...]:
        """The versions that were not there before."""
        return tuple(atom for atom in self.atoms if atom.status is AtomStatus.NEW)


@dataclass(frozen=True, slots=True)
class ExistingVersion:
    """A ref that names a version, somewhere, and the commit it leads to."""

    ref: AtomRef
    oid: ObjectId
    where: str
    commit: AtomCommit | None = None
    """None when that is no atom, or another one than the ref says."""
    body: bytes | None = field(default=None, repr=False)

    @property
    def key(self) -> VersionKey:
        """Label and version."""
        return self.ref.label, self.ref.version


@dataclass(frozen=True, slots=True, kw_only=True)
class SideObject:
    """An object published beside an atom, such as a signature, and the ref that names it."""

    ref: str
    oid: ObjectId
    kind: str
    """``blob`` or ``tag``."""
    body: bytes = field(repr=False)
    target: ObjectId | None = None
    """Of a tag: the object it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAtom:
    """One version, and how it will be or is published."""

    source: SourceAtom
    status: AtomStatus
    commit: AtomCommit
    oid: ObjectId
    layout: RefLayout
    body: bytes | None = field(default=None, repr=False)
    """The commit object, when this repository may lack it."""
    beside: tuple[SideObject, ...] = ()

    @property
    def key(self) -> VersionKey:
        """Label and version."""
        return self.source.label, self.source.version

    @property
    def ref(self) -> str:
        """The ref that names the version."""
        return atom_ref(self.source.label, self.source.version, self.layout)

    def refs(self, *, no_origin: bool) -> dict[str, ObjectId]:
        """Return the refs that belong to this version alone."""
        refs = {self.ref: self.oid} | {side.ref: side.oid for side in self.beside}
        if self.layout is RefLayout.EKA:
            refs[manifest_meta_ref(*self.key)] = self.source.manifest_blob
            if not no_origin:
                refs[origin_meta_ref(*self.key)] = self.commit.origin
        return refs

    def origin_refs(self) -> dict[str, ObjectId]:
        """Return the refs of the set that keep this version's source alive."""
        if self.layout is RefLayout.EKA:
            return {}
        return {origin_ref(self.commit.origin): self.commit.origin}

    def published(self) -> PublishedAtom:
        """Return what is reported of it."""
        return PublishedAtom(
            status=self.status,
            label=self.source.label,
            version=self.source.version,
            path=self.source.path,
            ref=self.ref,
            commit=self.oid,
            tree=self.commit.tree,
            origin=self.commit.origin,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationPlan:
    """Everything a publish will do; nothing is written before it stands."""

    genesis: Genesis
    commit: ObjectId
    remote: Remote | None
    atoms: tuple[PlannedAtom, ...]
    listed: Mapping[str, ObjectId] = field(repr=False)
    """The refs the destination had when it was asked."""
    left_out: tuple[str, ...] = ()
    no_origin: bool = False
    signed_by: str | None = None

    @property
    def new(self) -> tuple[PlannedAtom, ...]:
        """The versions the destination lacks."""
        return tuple(atom for atom in self.atoms if atom.status is AtomStatus.NEW)


def planned(atom: SourceAtom, status: AtomStatus, found: ExistingVersion) -> PlannedAtom:
    """Return the plan for an atom whose commit exists somewhere.

    ``found`` must lead to an atom commit with the atom's tree.
    """
    if found.commit is None or found.commit.tree != atom.tree:
        raise ValueError(found.where)
    return PlannedAtom(
        source=atom,
        status=status,
        commit=found.commit,
        oid=found.oid,
        layout=found.ref.layout,
        body=found.body,
    )


def layout_of(commit_format: CommitFormat) -> RefLayout:
    """Return the ref layout in which commits of a format are published."""
    return RefLayout.CURRENT if commit_format is CommitFormat.V2 else RefLayout.EKA


def read_existing(
    refs: Mapping[str, ObjectId], bodies: Mapping[ObjectId, bytes], where: str
) -> list[ExistingVersion]:
    """Return the versions that a listing names, with what their commits say."""
    found: list[ExistingVersion] = []
    for name, oid in refs.items():
        ref = parse_atom_ref(name)
        if ref is not None:
            body = bodies.get(oid)
            commit = _decoded(body, ref)
            found.append(ExistingVersion(ref, oid, f"{name} of {where}", commit, body))
    return found


def _decoded(body: bytes | None, ref: AtomRef) -> AtomCommit | None:
    if body is None:
        return None
    try:
        commit = AtomCommit.decode(body)
    except NotAnAtomCommit:
        return None
    return commit if (commit.label, commit.version) == (ref.label, ref.version) else None


def conflicts(atoms: Iterable[SourceAtom], existing: Iterable[ExistingVersion]) -> list[EkaError]:
    """Return the atoms whose version is published somewhere with another tree.

    Source: atom-spec/publishing.md [publish-immutable].
    """
    by_key = {(atom.label, atom.version): atom for atom in atoms}
    problems: dict[VersionKey, EkaError] = {}
    for version in existing:
        atom = by_key.get(version.key)
        if atom is None or (version.commit is not None and version.commit.tree == atom.tree):
            continue
        found = "a commit that is no atom" if version.commit is None else version.commit.tree.hex
        problem = VersionConflict(
            atom.label, atom.version, expected=atom.tree.hex, found=found, where=version.where
        )
        problems.setdefault(version.key, problem)
    return list(problems.values())


def version_collisions(
    atoms: Iterable[SourceAtom], existing: Iterable[ExistingVersion]
) -> list[EkaError]:
    """Return the versions that differ from a published one of their label in case only."""
    folded: dict[tuple[Label, str], Version] = {}
    for found in existing:
        folded.setdefault((found.ref.label, found.ref.version.text.lower()), found.ref.version)
    problems: list[EkaError] = []
    for atom in atoms:
        published = folded.get((atom.label, atom.version.text.lower()), atom.version)
        if published != atom.version:
            problems.append(ConfusableVersion(atom.label, atom.version, published))
    return problems


def backwards(atoms: Iterable[SourceAtom], existing: Iterable[ExistingVersion]) -> list[EkaError]:
    """Return the versions that are lower than what their line has already.

    Source: atom-spec/publishing.md [publish-forward].
    """
    published: dict[Label, list[Version]] = {}
    for found in existing:
        published.setdefault(found.ref.label, []).append(found.ref.version)
    problems: list[EkaError] = []
    for atom in atoms:
        newest = overtaken_by(atom.version, published.get(atom.label, ()))
        if newest is not None:
            problems.append(VersionBackwards(atom.label, atom.version, newest, atom.manifest_file))
    return problems


def set_refs(
    atoms: Sequence[PlannedAtom], genesis: Genesis, *, no_origin: bool
) -> dict[str, ObjectId]:
    """Return the refs of the set that must exist beside those of ``atoms``."""
    refs: dict[str, ObjectId] = {INIT_REF: genesis}
    if not no_origin:
        for atom in atoms:
            refs |= atom.origin_refs()
    return refs
