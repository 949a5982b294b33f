"""``eka mirror``: bare repositories with just what a lock pins, to stand in for its sources."""

from __future__ import annotations

from eka.atom import AtomCommit, SourceUrl, content_hash
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import (
    INIT_REF,
    AtomRef,
    MirrorPlaceTaken,
    MirrorRepository,
    RefLayout,
    manifest_meta_ref,
    origin_ref,
    parse_atom_ref,
)
from eka.values import dataclass
from eka.workflow.candidate import find_entry, read_candidate
from eka.workflow.errors import Offline, PinMismatch
from eka.workflow.fetch import fetch_lock, set_urls
from eka.workflow.listing import Listings
from eka.workflow.locked import checked_lock
from eka.workflow.mirror_listing import list_beside
from eka.workflow.objects import ensure
from eka.workflow.patched import patched_names
from eka.workflow.progress import counted
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.seen_check import is_accepted
from eka.workflow.seen_errors import SourcesDisagree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.atom import Genesis, Label, LockedAtom, ObjectId, Version
    from eka.workflow.project import Project
    from eka.workflow.services import Services

_GENESIS_DIGITS = 12  # of it in the name of a repository


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOptions:
    """How to mirror."""

    with_origins: bool = False  # source commits too, with all their history
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredSet:
    """One set in its mirror.

    Attributes:
        genesis: Of the set.
        urls: Those that the lock has for it.
        directory: The bare repository.
        atoms: Versions that are in it now because of this lock.
        added: Refs that were not there before, or would be added in a dry run.
        origins: Source commits that are there with their whole history.
        missing_origins: Those that are not, though they were wanted.
    """

    genesis: Genesis
    urls: tuple[SourceUrl, ...]
    directory: Path
    atoms: tuple[LockedAtom, ...]
    added: tuple[str, ...]
    origins: int = 0
    missing_origins: tuple[ObjectId, ...] = ()

    @property
    def url(self) -> SourceUrl:
        """Where the mirror is, for [package.sets] of projects on this machine."""
        return SourceUrl("file", None, str(self.directory))


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """What the mirrors hold; ``own`` atoms are not published, ``direct`` sources no atoms."""

    sets: tuple[MirroredSet, ...]
    own: int
    patched: tuple[str, ...]  # label@version of those that only this machine has
    direct: int


def mirror_lock(
    services: Services, project: Project, directory: Path, options: MirrorOptions
) -> MirrorReport:
    """Put every published atom that a project's lock pins into mirrors below ``directory``.

    A lock of one set makes ``directory`` itself the mirror; each of several sets has a
    repository of its own in it, for a repository has one genesis. What earlier runs put there
    stays.

    Raises:
        MirrorPlaceTaken: something else is there.
        PinMismatch: an atom is not what the lock pins.
        SourcesDisagree: the source, or the mirror, names another commit for a version.
    """
    _, lock = checked_lock(services, project)
    groups: dict[Genesis, list[LockedAtom]] = {}
    for atom in lock.atoms:
        if atom.rev is not None:
            groups.setdefault(atom.key.genesis, []).append(atom)
    urls = {genesis: set_urls(services, lock, genesis) for genesis in groups}
    places = _places(directory, urls)
    mirrors: dict[Genesis, MirrorRepository] = {}
    for genesis, place in places.items():
        mirrors[genesis] = MirrorRepository(place, services.runner)
        mirrors[genesis].check_place(genesis)
    if not options.dry_run:
        fetch_lock(services, lock)
    listings = Listings(services)
    sets = [
        _Run(services, listings, options, _Place(mirrors[genesis], genesis, urls[genesis])).mirror(
            atoms
        )
        for genesis, atoms in groups.items()
    ]
    own = sum(atom.is_own for atom in lock.atoms)
    return MirrorReport(tuple(sets), own, patched_names(lock), len(lock.direct))


def _places(directory: Path, urls: Mapping[Genesis, Sequence[SourceUrl]]) -> dict[Genesis, Path]:
    """Return where the mirror of each set goes."""
    is_repository = (directory / "HEAD").exists()
    has_several = not is_repository and any(directory.glob("*.git/HEAD"))
    if len(urls) == 1 and not has_several:
        return dict.fromkeys(urls, directory)
    if is_repository:
        raise MirrorPlaceTaken(
            str(directory), f"it is the mirror of one set, and the lock has {len(urls)}"
        )
    return {genesis: directory / _name(genesis, each[0]) for genesis, each in urls.items()}


def _name(genesis: Genesis, url: SourceUrl) -> str:
    stem = url.path.rstrip("/").rpartition("/")[2].removesuffix(".git").lstrip(".")
    return f"{stem or 'set'}-{genesis.hex[:_GENESIS_DIGITS]}.git"


@dataclass(frozen=True, slots=True)
class _Place:
    """One set, and the repository it goes to."""

    repository: MirrorRepository
    genesis: Genesis
    urls: tuple[SourceUrl, ...]


class _Run:
    """Fills the mirror of one set."""

    def __init__(
        self, services: Services, listings: Listings, options: MirrorOptions, place: _Place
    ) -> None:
        self._services = services
        self._listings = listings
        self._options = options
        self._repository = place.repository
        self._genesis = place.genesis
        self._urls = place.urls

    def mirror(self, atoms: Sequence[LockedAtom]) -> MirroredSet:
        """Add what is not there yet."""
        services, options = self._services, self._options
        services.progress.step(
            f"mirroring {counted(len(atoms), 'atom')} of {self._urls[0].public}"
        )
        refs = self._wanted(atoms)
        commits: list[AtomCommit] = []
        if not options.dry_run:
            commits = [self._checked(atom) for atom in atoms]
            refs |= self._manifests(refs)
        there = self._repository.refs()
        self._check_there(refs, there)
        added = {name: oid for name, oid in refs.items() if there.get(name) != oid}
        if added and not options.dry_run:
            ensure(services, self._urls, sorted(set(added.values())))
            self._repository.add(services.cache.git_dir, added)
        origins = sorted({commit.origin for commit in commits}) if options.with_origins else []
        added |= self._bring_origins(origins)
        missing = [each for each in origins if not self._has_history(each)]
        return MirroredSet(
            genesis=self._genesis,
            urls=self._urls,
            directory=self._repository.git_dir,
            atoms=tuple(atoms),
            added=tuple(sorted(added)),
            origins=len(origins) - len(missing),
            missing_origins=tuple(missing),
        )

    def _wanted(self, atoms: Sequence[LockedAtom]) -> dict[str, ObjectId]:
        """Return the refs of locked versions, with what stands beside them at the source."""
        layouts = self._layouts(atoms)
        refs: dict[str, ObjectId] = {INIT_REF: self._genesis}
        for atom in atoms:
            key = atom.key
            layout = layouts.get((key.label, key.version), RefLayout.CURRENT)
            if atom.rev is not None:
                refs[AtomRef(key.label, key.version, layout).name] = atom.rev
        return refs | list_beside(self._services, self._urls, atoms)

    def _layouts(self, atoms: Sequence[LockedAtom]) -> Mapping[tuple[Label, Version], RefLayout]:
        """Return where the source has the versions; it must name the commits of the lock."""
        try:
            listing = self._listings.versions(self._urls, [atom.key.label for atom in atoms])
        except Offline:
            return {}
        for atom in atoms:
            label, version = atom.key.label, atom.key.version
            found = listing[label].get(version)
            if found is None or atom.rev is None or found == atom.rev:
                continue
            if not is_accepted(self._services, label.text, version.text):
                raise SourcesDisagree(
                    f"{label.text}@{version.text}",
                    expected=(LOCK, atom.rev.hex),
                    found=(self._listings.listed_by(self._urls, label).public, found.hex),
                )
        return listing.layouts

    def _check_there(self, refs: Mapping[str, ObjectId], there: Mapping[str, ObjectId]) -> None:
        """Refuse a mirror that names another commit for a version that it has already."""
        for name, oid in refs.items():
            version, found = parse_atom_ref(name), there.get(name, oid)
            if version is None or found == oid:
                continue
            if not is_accepted(self._services, version.label.text, version.version.text):
                raise SourcesDisagree(
                    f"{version.label.text}@{version.version.text}",
                    expected=(LOCK, oid.hex),
                    found=(str(self._repository.git_dir), found.hex),
                )

    def _checked(self, atom: LockedAtom) -> AtomCommit:
        """Recompute an atom and return its commit; a mirror passes on nothing that is unsound."""
        reader, name = self._services.reader(), f"{atom.key.label.text}@{atom.key.version.text}"
        if atom.rev is None or atom.content is None:
            raise AssertionError(name)
        commit = read_candidate(reader, atom.rev, atom.key.label, atom.key.version).commit
        if atom.tree is not None and atom.tree != commit.tree:
            raise PinMismatch(name, expected=atom.tree.hex, found=commit.tree.hex)
        found = content_hash(commit.tree, reader)
        if found != atom.content:
            raise PinMismatch(name, expected=atom.content.hex, found=found.hex)
        return commit

    def _manifests(self, refs: Mapping[str, ObjectId]) -> dict[str, ObjectId]:
        """Return the refs to manifests that the older layout has beside versions."""
        reader = self._services.reader()
        found: dict[str, ObjectId] = {}
        for name, rev in refs.items():
            version = parse_atom_ref(name)
            if version is None or version.layout is not RefLayout.EKA:
                continue
            tree = AtomCommit.decode(reader.commit(rev)).tree
            manifest = find_entry(reader, tree, MANIFEST)
            if manifest is not None:
                found[manifest_meta_ref(version.label, version.version)] = manifest
        return found

    def _bring_origins(self, origins: Sequence[ObjectId]) -> dict[str, ObjectId]:
        """Bring source commits with their history; return the refs that this added."""
        services = self._services
        for url in () if services.offline else services.answers.in_order(self._urls):
            missing = [each for each in origins if not self._has_history(each)]
            if not missing:
                break
            services.progress.step(f"fetching the history of {counted(len(missing), 'commit')}")
            try:
                self._repository.add_history(url, missing)
            except EkaError as error:
                services.progress.note(f"{url.public} does not give the source commits ({error})")
        there = self._repository.refs() if origins else {}
        whole = {origin_ref(each): each for each in origins if self._has_history(each)}
        added = {name: oid for name, oid in whole.items() if there.get(name) != oid}
        if added:
            self._repository.add(services.cache.git_dir, added)
        return added

    def _has_history(self, origin: ObjectId) -> bool:
        return self._repository.has_history(origin, self._genesis)
