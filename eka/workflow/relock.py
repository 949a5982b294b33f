"""A lock that is right already: found out from itself and the cache, without asking any source.

The versions it pins are offered to the solver as if there were no others. A former solution that
still obeys the rules comes out of any resolution unchanged ([resolution-preferred]), so if the
same bytes come out here they would with all versions in the world; if not, or if something is not
in the cache, the sources must be asked.

Source: atom-spec/workflow.md [flow-unchanged].
"""

from __future__ import annotations

from dataclasses import replace

from eka.atom import encode_lock, requirements_digest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import VersionListing
from eka.workflow.errors import Offline
from eka.workflow.listing import Listings
from eka.workflow.listing_cache import ListingCache
from eka.workflow.own_set import own_set_at, set_root
from eka.workflow.progress import Notes
from eka.workflow.resolution import Shared, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.atom import Genesis, Label, Lock, ObjectId, SourceUrl, Version
    from eka.workflow.own_set import OwnSet
    from eka.workflow.previous import Previous
    from eka.workflow.project import Project
    from eka.workflow.resolution import LockOptions
    from eka.workflow.services import Services


class PinnedListings(Listings):
    """Lists what a lock pins, and nothing else; asks nobody."""

    asks = False

    def __init__(self, services: Services, lock: Lock) -> None:
        """List the atoms of ``lock``."""
        super().__init__(services)
        self._pinned_services = services
        self._genesis = {
            url: each.genesis for each in lock.sets for url in (*each.urls, *each.accepted)
        }
        self._pinned: dict[Genesis, dict[Label, dict[Version, ObjectId]]] = {}
        for atom in lock.atoms:
            if atom.rev is not None:
                versions = self._pinned.setdefault(atom.key.genesis, {})
                versions.setdefault(atom.key.label, {})[atom.key.version] = atom.rev

    def genesis(self, urls: Sequence[SourceUrl]) -> Genesis:
        """Return the genesis that the lock has for a URL."""
        found = self._genesis.get(urls[0].public)
        if found is None:
            raise Offline(f"the set at {urls[0].public}")
        return found

    def versions(self, urls: Sequence[SourceUrl], labels: Collection[Label]) -> VersionListing:
        """Return the pinned versions of ``labels``, with the statuses last listed."""
        pinned = self._pinned.get(self.genesis(urls), {})
        services = self._pinned_services
        remembered = ListingCache(services.listings, urls[0], services.aliases).read(labels)
        statuses = {
            (label, version): oid
            for label, entry in remembered.entries.items()
            for version, oid in entry.statuses.items()
            if version in pinned.get(label, {})
        }
        found = {label: pinned.get(label, {}) for label in labels}
        return VersionListing(found, self.genesis(urls), statuses=statuses)

    def ahead(self, wishes: Mapping[tuple[SourceUrl, ...], Collection[Label]]) -> None:
        """Ask nobody."""

    def listed_by(self, urls: Sequence[SourceUrl], label: Label) -> SourceUrl:
        """Return the URL that speaks for the set."""
        del label
        return urls[0]


def unchanged(
    services: Services,
    project: Project,
    manifest_text: bytes,
    options: LockOptions,
    previous: Previous,
    own: OwnSet | None = None,
) -> Lock | None:
    """Return the former lock if locking would come to it again; None if that is not certain.

    ``own`` is the own set, from who has read it already.
    """
    lock = previous.lock
    if lock is None or _asks(services, options):
        return None
    if lock.requirements != requirements_digest(project.parse(manifest_text)):
        return None
    notes = Notes(services.progress)
    quiet = replace(services, progress=notes, offline=True)
    try:
        shared = Shared(own or _own_set(quiet, project, lock), PinnedListings(quiet, lock))
        found = resolve(quiet, project, manifest_text, options, previous, shared)
    except EkaError:
        return None
    if encode_lock(found) != encode_lock(lock):
        return None
    notes.tell()
    return lock


def _own_set(services: Services, project: Project, lock: Lock) -> OwnSet | None:
    """Return the own set; its genesis is that of the lock, which a clone may not know itself."""
    genesis = next((each.genesis for each in lock.sets if each.own), None)
    if genesis is None:
        return None
    return own_set_at(set_root(project.directory), genesis, services.aliases)


def _asks(services: Services, options: LockOptions) -> bool:
    """Return whether the person wants something else than what there is."""
    return bool(
        services.refresh
        or services.accepted_changes
        or options.refresh
        or options.update
        or options.chooser
        or options.explainer
        or options.explainer
        or options.accepted_sources
        or options.typed_sources
    )
