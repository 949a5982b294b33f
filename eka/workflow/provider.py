"""The solver's view of the world: versions from refs, dependencies from fetched manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import check_foreign
from eka.errors import EkaError
from eka.resolve import Dependencies, Unavailable, Wanted
from eka.workflow.candidate import read_candidate
from eka.workflow.choice import ChoiceOfVersions
from eka.workflow.errors import Offline, PinMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.atom import (
        Dependency,
        Genesis,
        Label,
        Manifest,
        ObjectId,
        SourceUrl,
        TreeReader,
        Version,
    )
    from eka.resolve import Request, ResolveKey
    from eka.workflow.candidate import Candidate
    from eka.workflow.listing import Listings
    from eka.workflow.own_set import OwnSet
    from eka.workflow.previous import Previous
    from eka.workflow.services import Services
    from eka.workflow.sets import KnownSets


class GitProvider:
    """Implements `eka.resolve.Provider` over sources, the object cache and the own set."""

    def __init__(
        self,
        services: Services,
        sets: KnownSets,
        listings: Listings,
        own: OwnSet | None,
        previous: Previous,
        *,
        keeps: bool = True,
    ) -> None:
        """Prepare a provider; ``keeps``: the versions of the previous lock stay if they fit."""
        self._services = services
        self._sets = sets
        self._listings = listings
        self._own = own
        self._revs: dict[Request, ObjectId] = {}
        self._pinned = previous.pinned
        self.choice = ChoiceOfVersions(services, listings, previous.preferred if keeps else {})
        self.candidates: dict[Request, Candidate] = {}

    def versions(self, keys: Sequence[ResolveKey]) -> Mapping[ResolveKey, Sequence[Version]]:
        """Return the versions of every key; one request per source."""
        found: dict[ResolveKey, Sequence[Version]] = {}
        for genesis, labels in _by_genesis(keys).items():
            if self._own is not None and genesis == self._own.genesis:
                found.update(((genesis, label), self._own.versions(label)) for label in labels)
                continue
            listed = self._listings.versions(self._sets.urls(genesis), labels)
            self.choice.learn(genesis, self._sets.urls(genesis), labels)
            for label in labels:
                found[genesis, label] = tuple(listed[label])
                for version, rev in listed[label].items():
                    self._revs[(genesis, label), version] = rev
        return found

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        """Return what each version needs; manifests are fetched in one request per source."""
        refused = {request: self.choice.refusal(request) for request in requests}
        usable = [request for request in requests if refused[request] is None]
        self._fetch([request for request in usable if not self._is_own(request)])
        return {request: refused[request] or self._answer(request) for request in requests}

    def rev(self, request: Request) -> ObjectId:
        """Return the commit that a listed version names."""
        return self._revs[request]

    @property
    def reader(self) -> TreeReader:
        """Read the fetched objects."""
        return self._services.reader()

    def wanted(
        self,
        dependencies: Sequence[Dependency],
        manifest: Manifest,
        within: Genesis | None,
        base: Path,
    ) -> tuple[Wanted, ...]:
        """Turn the dependency lines of a manifest into the solver's requirements.

        Args:
            dependencies: Lines of ``manifest``.
            manifest: Declares the sets they name.
            within: The set it comes from.
            base: What relative paths in it start from.
        """
        package = manifest.package
        by = f"{package.label.text}@{package.version.text}"
        return tuple(
            Wanted(
                (
                    self._sets.declare(package.sets[line.set_name], within=within, base=str(base)),
                    line.label,
                ),
                line.requirement,
                line.span or by,
            )
            for line in dependencies
        )

    def fetch(self, requests: Sequence[Request]) -> None:
        """Bring the atoms that are not of the own set into the cache."""
        self._fetch([request for request in requests if not self._is_own(request)])

    def _is_own(self, request: Request) -> bool:
        return self._own is not None and request[0][0] == self._own.genesis

    def _base(self, request: Request) -> Path:
        if self._own is not None and self._is_own(request):
            return self._own.project(request[0][1]).directory
        return self._services.directory

    def _fetch(self, requests: Sequence[Request]) -> None:
        wanted: dict[Genesis, list[ObjectId]] = {}
        for request in requests:
            self._check_unmoved(request)
            if request not in self.candidates:
                wanted.setdefault(request[0][0], []).append(self._revs[request])
        for genesis, revs in wanted.items():
            ensure(self._services, self._sets.urls(genesis), revs)

    def _check_unmoved(self, request: Request) -> None:
        """Refuse a version that was locked once and names another commit now."""
        pinned, found = self._pinned.get(request), self._revs[request]
        if pinned is not None and pinned != found:
            name = f"{request[0][1].text}@{request[1].text}"
            raise PinMismatch(name, expected=f"commit {pinned.hex}", found=f"commit {found.hex}")

    def _answer(self, request: Request) -> Dependencies | Unavailable:
        (genesis, label), version = request
        try:
            manifest = self._manifest(request)
        except EkaError as error:
            self._services.progress.note(f"{label.text} {version.text} cannot be used: {error}")
            return Unavailable(f"it cannot be used ({error})")
        return Dependencies(
            wanted=self.wanted(manifest.dependencies, manifest, genesis, self._base(request)),
            single=manifest.package.single,
        )

    def _manifest(self, request: Request) -> Manifest:
        if self._own is not None and self._is_own(request):
            return self._own.manifest(request[0][1])
        if request not in self.candidates:
            self.candidates[request] = self._candidate(request)
        return self.candidates[request].manifest

    def _candidate(self, request: Request) -> Candidate:
        (_, label), version = request
        found = read_candidate(self._services.reader(), self._revs[request], label, version)
        check_foreign(found.manifest)
        return found


def ensure(services: Services, urls: Sequence[SourceUrl], oids: Sequence[ObjectId]) -> None:
    """Bring objects into the local cache; any URL of the set may give them.

    Raises:
        Offline: one is missing and the network is forbidden.
        NetworkFailed: no URL gives them.
    """
    missing = absent(services, oids)
    if not missing:
        return
    if services.offline:
        raise Offline(f"object {missing[0].hex}")
    for at, url in enumerate(urls):
        try:
            services.cache.ensure(url, missing)
        except EkaError as error:
            if at + 1 == len(urls):
                raise
            services.progress.note(f"{url.public} does not have it ({error})")
        else:
            return


def absent(services: Services, oids: Sequence[ObjectId]) -> list[ObjectId]:
    """Return those of ``oids`` that the local cache does not hold."""
    here = services.cache.has(oids)
    return [oid for oid in oids if oid not in here]


def _by_genesis(keys: Sequence[ResolveKey]) -> dict[Genesis, list[Label]]:
    groups: dict[Genesis, list[Label]] = {}
    for genesis, label in keys:
        groups.setdefault(genesis, []).append(label)
    return groups
