"""``eka outdated``: locked atoms of which there is something newer, and who holds them back."""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.values import dataclass
from eka.workflow.cooldown import Cooldown
from eka.workflow.listing import Listings
from eka.workflow.locked_here import locked_here
from eka.workflow.locked_lines import NeedLine, NeedLines
from eka.workflow.locked_manifests import LockedManifests, urls_by_set
from eka.workflow.locked_names import find_locked
from eka.workflow.seen_errors import SetReplaced
from eka.workflow.statuses import read_statuses

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from eka.atom import AtomKey, Genesis, Label, LockedAtom, SourceUrl, Version
    from eka.git import VersionListing, VersionStatus
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.passed_over import Wait
    from eka.workflow.services import Services

Urls = tuple["SourceUrl", ...]
_AWAY = (Exit.NETWORK, Exit.NOT_FOUND)  # what errors of sources that are down, or gone, end with


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedOptions:
    """What to look at."""

    labels: Sequence[str] = ()  # none: all that is locked
    direct_only: bool = False  # what the projects themselves ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How a locked atom stands against what is published now.

    Attributes:
        locked: Whose lock it is.
        key: The atom.
        source: Where its versions are listed.
        is_direct: The project itself asks for it.
        is_dev: For development only.
        compatible: Newest version that all requirements accept; None: that is not known.
        newest: Newest version at all; None: that is not known.
        held_by: Lines whose requirements refuse the newest version.
        status: What its owner says of the locked version.
        is_listed: The locked version is still published.
        wait: Why the newest version is too new to be chosen; None: it is not.
        unknown: Why its versions are not known.
    """

    locked: LockedProject
    key: AtomKey
    source: SourceUrl
    is_direct: bool
    is_dev: bool
    compatible: Version | None = None
    newest: Version | None = None
    held_by: tuple[NeedLine, ...] = ()
    status: VersionStatus | None = None
    is_listed: bool = True
    wait: Wait | None = None
    unknown: str = ""

    @property
    def is_outdated(self) -> bool:
        """Whether there is something newer."""
        found = (self.newest, self.compatible)
        return any(each is not None and each > self.key.version for each in found)

    @property
    def is_remarkable(self) -> bool:
        """Whether there is anything to say about it."""
        return self.is_outdated or self.status is not None or not self.is_listed


def read_freshness(services: Services, options: OutdatedOptions) -> list[Freshness]:
    """Return how the published atoms of the locks here stand; every source is asked once.

    A source that does not answer does not stop the others.

    Raises:
        As `locked_here`; AtomNotLocked: nothing is called so.
        NetworkFailed, Offline: no source at all can tell its versions.

    Source: atom-spec/queries.md [outdated-newest], [outdated-compatible].
    """
    projects = locked_here(services)
    named = find_locked(services, projects, options.labels)
    views = [
        _View(locked, _chosen(locked, keys, options))
        for locked, keys in zip(projects, named, strict=True)
    ]
    published = _Published(services)
    published.learn(views)
    manifests = _manifests(services, views)
    return [each for view in views for each in view.freshness(services, published, manifests)]


def _chosen(
    locked: LockedProject, keys: Collection[AtomKey], options: OutdatedOptions
) -> list[LockedAtom]:
    """Return the published atoms to look at."""
    wanted = set(keys) if options.labels else None
    direct = frozenset(locked.lock.requires)
    return [
        atom
        for atom in locked.lock.atoms
        if atom.rev is not None
        and (wanted is None or atom.key in wanted)
        and (atom.key in direct or not options.direct_only)
    ]


class _View:
    """The atoms of one lock that are looked at."""

    def __init__(self, locked: LockedProject, atoms: Sequence[LockedAtom]) -> None:
        self.locked = locked
        self.atoms = atoms

    def owners(self) -> list[LockedAtom]:
        """Return the locked atoms that require any of them."""
        looked_at = {atom.key for atom in self.atoms}
        return [each for each in self.locked.lock.atoms if not looked_at.isdisjoint(each.requires)]

    def wishes(self, services: Services) -> dict[tuple[Genesis, Urls], set[Label]]:
        """Return the labels by their set and its URLs."""
        urls = urls_by_set(services, self.locked)
        found: dict[tuple[Genesis, Urls], set[Label]] = {}
        for atom in self.atoms:
            genesis = atom.key.genesis
            found.setdefault((genesis, urls[genesis]), set()).add(atom.key.label)
        return found

    def freshness(
        self, services: Services, published: _Published, manifests: LockedManifests
    ) -> Iterator[Freshness]:
        """Yield how each atom stands, by label, version and set."""
        needs = _Needs(self, manifests)
        urls = urls_by_set(services, self.locked)
        for atom in sorted(self.atoms, key=_order):
            key = atom.key
            lines = needs.of(key)
            begun = Freshness(
                locked=self.locked,
                key=key,
                source=urls[key.genesis][0],
                is_direct=key in needs.direct,
                is_dev=key in needs.direct and all(each.is_dev for each in lines),
            )
            told = published.of(urls[key.genesis], key.genesis)
            if isinstance(told, EkaError):
                yield replace(begun, unknown=str(told))
            else:
                yield told.judged(begun, lines, is_whole=key not in needs.unknown)


class _Needs:
    """The requirements on the atoms of one lock."""

    def __init__(self, view: _View, manifests: LockedManifests) -> None:
        lines = NeedLines(view.locked)
        self.direct = frozenset(view.locked.lock.requires)
        self.unknown: set[AtomKey] = set()  # atoms of which not all requirements are known
        self._lines: dict[AtomKey, list[NeedLine]] = {}
        self._add(lines.of_project())
        owners = view.owners()
        found = manifests.of(view.locked, owners)
        for owner in owners:
            manifest = found[owner.key]
            if isinstance(manifest, EkaError):
                self.unknown.update(owner.requires)
            else:
                self._add(lines.of_atom(owner.key, manifest))

    def of(self, key: AtomKey) -> list[NeedLine]:
        """Return the lines that selected an atom."""
        return self._lines.get(key, [])

    def _add(self, lines: Iterable[NeedLine]) -> None:
        for line in lines:
            self._lines.setdefault(line.needed, []).append(line)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a source published, and says of it."""

    listing: VersionListing
    statuses: Mapping[tuple[Label, Version], VersionStatus]
    cooldown: Cooldown

    def judged(self, begun: Freshness, lines: Sequence[NeedLine], *, is_whole: bool) -> Freshness:
        """Return how an atom stands against it."""
        label, locked = begun.key.label, begun.key.version
        listed = self.listing[label]
        usable = sorted(
            (each for each in listed if each == locked or self._is_usable(label, each, locked)),
            reverse=True,
        )
        wanted = list(
            {line.line.requirement.text: line.line.requirement for line in lines}.values()
        )
        compatible = locked
        for each in usable:
            if each == locked or (
                self._wait(begun.key, each) is None
                and all(requirement.matches(each) for requirement in wanted)
            ):
                compatible = each
                break
        better = (each for each in usable if each != locked or not self._is_yanked(label, each))
        newest = next(better, locked)
        refusing = () if newest <= compatible else (
            line for line in lines if not line.line.requirement.matches(newest)
        )  # fmt: skip
        return replace(
            begun,
            compatible=compatible if is_whole else None,
            newest=newest,
            held_by=tuple(refusing),
            status=self.statuses.get((label, locked)),
            is_listed=locked in listed,
            wait=self._wait(begun.key, newest) if newest > locked else None,
        )

    def _wait(self, key: AtomKey, version: Version) -> Wait | None:
        return self.cooldown.wait(((key.genesis, key.label), version))

    def _is_usable(self, label: Label, version: Version, locked: Version) -> bool:
        if version.is_prerelease and not locked.is_prerelease:
            return False
        return not self._is_yanked(label, version)

    def _is_yanked(self, label: Label, version: Version) -> bool:
        status = self.statuses.get((label, version))
        return status is not None and status.is_yanked


class _Published:
    """What all sources published, each asked once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: dict[Urls, _Told | EkaError] = {}

    def learn(self, views: Sequence[_View]) -> None:
        """Ask for the labels of all locks; raises if nobody answers."""
        wishes: dict[Urls, set[Label]] = {}
        sets: dict[Urls, Genesis] = {}
        for view in views:
            for (genesis, urls), labels in view.wishes(self._services).items():
                wishes.setdefault(urls, set()).update(labels)
                sets[urls] = genesis
        listings = Listings(self._services)
        listings.ahead(wishes)
        for urls, labels in wishes.items():
            self._told[urls] = self._ask(listings, sets[urls], urls, sorted(labels))
        failed = [each for each in self._told.values() if isinstance(each, EkaError)]
        if failed and len(failed) == len(self._told):
            raise failed[0]

    def of(self, urls: Urls, genesis: Genesis) -> _Told | EkaError:
        """Return what a source told; an error if it does not answer, or is another set now."""
        told = self._told[urls]
        found = None if isinstance(told, EkaError) else told.listing.genesis
        if found is not None and found != genesis:
            return SetReplaced(urls[0].public, expected=genesis.hex, found=found.hex)
        return told

    def _ask(
        self, listings: Listings, genesis: Genesis, urls: Urls, labels: Sequence[Label]
    ) -> _Told | EkaError:
        cooldown = Cooldown(self._services)
        try:
            listing = listings.versions(urls, labels)
            cooldown.learn(genesis, urls, labels)
            statuses = read_statuses(self._services, listings, urls, labels)
            return _Told(listing, statuses, cooldown)
        except EkaError as error:
            if error.exit_status not in _AWAY:
                raise
            return error


def _manifests(services: Services, views: Sequence[_View]) -> LockedManifests:
    """Return the manifests of all who require something; if a source is down, the known ones."""
    found = LockedManifests(services)
    try:
        found.learn([(view.locked, view.owners()) for view in views])
    except EkaError as error:
        if error.exit_status not in _AWAY:
            raise
        return LockedManifests(replace(services, offline=True))
    return found


def _order(atom: LockedAtom) -> tuple[str, object, str]:
    key = atom.key
    return key.label.text, key.version.key, key.genesis.hex
