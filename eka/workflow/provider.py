"""The solver's view of the world: versions from refs, dependencies from fetched manifests."""

from __future__ import annotations

from eka.atom import check_foreign
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import Remembering
from eka.resolve import Dependencies, Unavailable, Wanted
from eka.workflow.candidate import read_candidate
from eka.workflow.choice import ChoiceOfVersions
from eka.workflow.errors import ClaimMismatch, PinMismatch
from eka.workflow.objects import absent, ensure, ensure_together, metadata_together
from eka.workflow.planned import plan_by_atom, plan_by_metadata
from eka.workflow.seen_check import is_accepted

__all__ = ["GitProvider", "absent", "ensure"]

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
    from eka.git import Metadata
    from eka.resolve import Request, ResolveKey
    from eka.workflow.candidate import Candidate
    from eka.workflow.listing import Listings
    from eka.workflow.local import LocalAtoms
    from eka.workflow.previous import Previous
    from eka.workflow.services import Services
    from eka.workflow.sets import KnownSets

    _Lines = tuple[Sequence[Dependency], Manifest, Genesis | None, Path]


class GitProvider:
    """Implements `eka.resolve.Provider` over sources, the object cache and the own set."""

    def __init__(
        self,
        services: Services,
        sets: KnownSets,
        listings: Listings,
        local: LocalAtoms,
        previous: Previous,
        *,
        keeps: bool = True,
    ) -> None:
        """Prepare a provider; ``keeps``: the versions of the previous lock stay if they fit."""
        self._services = services
        self._sets = sets
        self._listings = listings
        self._local = local
        self._revs: dict[Request, ObjectId] = {}
        self._pinned = previous.pinned
        locked = previous.preferred
        self.choice = ChoiceOfVersions(services, listings, locked if keeps else {}, locked)
        self._listed: dict[ResolveKey, Sequence[ObjectId]] = {}
        self._metadata: dict[ObjectId, Metadata] = {}
        self._manifests: dict[Request, Manifest] = {}
        self._asked: set[ResolveKey] = set()
        self._answers: dict[Request, Dependencies | Unavailable] = {}
        self.candidates: dict[Request, Candidate] = {}

    def versions(self, keys: Sequence[ResolveKey]) -> Mapping[ResolveKey, Sequence[Version]]:
        """Return the versions of every key; one request per source."""
        found: dict[ResolveKey, Sequence[Version]] = {
            key: self._local.versions(key) for key in keys if self._local.holds(key)
        }
        groups = _by_genesis([key for key in keys if key not in found])
        self._listings.ahead(
            {self._sets.urls(genesis): labels for genesis, labels in groups.items()}
        )
        for genesis, labels in groups.items():
            listed = self._listings.versions(self._sets.urls(genesis), labels)
            self.choice.learn(genesis, self._sets.urls(genesis), labels)
            for label in labels:
                found[genesis, label] = tuple(listed[label])
                self._listed[genesis, label] = tuple(listed[label].values())
                for version, rev in listed[label].items():
                    self._revs[(genesis, label), version] = rev
        return found

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        """Return what each version needs; manifests are fetched together, source by source."""
        refused = {request: self.choice.refusal(request) for request in requests}
        new = [
            request
            for request in requests
            if refused[request] is None and request not in self._answers
        ]
        self._plan([request for request in new if not self._local.holds(request[0])])
        self._meet(new)
        for request in new:
            self._answers[request] = self._answer(request)
        return {request: refused[request] or self._answers[request] for request in requests}

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
        self._ask_ahead([(dependencies, manifest, within, base)])
        return self._wanted(dependencies, manifest, within, base)

    def _wanted(
        self,
        dependencies: Sequence[Dependency],
        manifest: Manifest,
        within: Genesis | None,
        base: Path,
    ) -> tuple[Wanted, ...]:
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

    def confirm(self, requests: Sequence[Request]) -> bool:
        """Fetch chosen atoms whole and recompute them; False: not all can be used, choose again.

        Raises:
            ClaimMismatch: an atom is not what it said while versions were chosen.
        """
        chosen = [request for request in requests if not self._local.holds(request[0])]
        self._fetch([request for request in chosen if request not in self.candidates])
        usable = True
        for request in chosen:
            if request in self.candidates:
                continue
            try:
                self.candidates[request] = self._candidate(request)
            except ClaimMismatch:
                raise
            except EkaError as error:
                self._answers[request] = self._refused(request, error)
                usable = False
        return usable

    def _base(self, request: Request) -> Path:
        if self._local.holds(request[0]):
            return self._local.project(request[0]).directory
        return self._services.directory

    def _fetch(self, requests: Sequence[Request]) -> None:
        """Bring whole atoms into the cache, one request per source."""
        wishes: dict[tuple[SourceUrl, ...], list[ObjectId]] = {}
        for request in requests:
            urls = self._sets.urls(request[0][0])
            wishes.setdefault(urls, []).append(self._revs[request])
        ensure_together(self._services, wishes)

    def _plan(self, requests: Sequence[Request]) -> None:
        """Learn what versions need: from manifests alone where the source can give them alone."""
        for request in requests:
            self._check_unmoved(request)
        wishes: dict[tuple[SourceUrl, ...], list[ObjectId]] = {}
        for genesis, group in _by_set(requests).items():
            wanted = dict.fromkeys(self._revs[request] for request in group)
            # Who asks again about an atom may go through all of its versions: they cost as many
            # requests as one.
            again = {request[0] for request in group} & self._asked
            ahead = [rev for key in sorted(again) for rev in self._listed.get(key, ())]
            self._asked.update(request[0] for request in group)
            revs = [rev for rev in (*wanted, *ahead) if rev not in self._metadata]
            wishes.setdefault(self._sets.urls(genesis), []).extend(dict.fromkeys(revs))
        self._metadata.update(metadata_together(self._services, wishes))
        self._fetch([each for each in requests if self._revs[each] not in self._metadata])

    def _meet(self, requests: Sequence[Request]) -> None:
        """Ask the sources of all that these versions need: they will be asked in any case."""
        lines: list[_Lines] = []
        for request in requests:
            try:
                manifest = self._manifest(request)
            except EkaError:
                continue  # told when it is answered
            lines.append((manifest.dependencies, manifest, request[0][0], self._base(request)))
        self._ask_ahead(lines)

    def _ask_ahead(self, lines: Sequence[_Lines]) -> None:
        """Ask for genesis and versions of all that lines of manifests name, all at once."""
        wishes: dict[tuple[SourceUrl, ...], dict[Label, None]] = {}
        for dependencies, manifest, within, base in lines:
            for line in dependencies:
                declared = manifest.package.sets[line.set_name]
                if not declared.own:
                    urls = self._sets.addresses(declared, str(base))
                elif within is not None and not self._local.holds((within, line.label)):
                    urls = self._sets.urls(within)
                else:
                    continue
                wishes.setdefault(urls, {})[line.label] = None
        self._listings.ahead({urls: list(labels) for urls, labels in wishes.items()})

    def _check_unmoved(self, request: Request) -> None:
        """Refuse a version that was locked once and names another commit now."""
        pinned, found = self._pinned.get(request), self._revs[request]
        (genesis, label), version = request
        if pinned is None or pinned == found:
            return
        if not is_accepted(self._services, label.text, version.text):
            place = self._listings.listed_by(self._sets.urls(genesis), label).public
            raise PinMismatch(
                f"{label.text}@{version.text}",
                expected=f"commit {pinned.hex}",
                found=f"commit {found.hex} at {place}",
            )

    def _answer(self, request: Request) -> Dependencies | Unavailable:
        genesis = request[0][0]
        try:
            manifest = self._manifest(request)
        except EkaError as error:
            return self._refused(request, error)
        return Dependencies(
            wanted=self._wanted(manifest.dependencies, manifest, genesis, self._base(request)),
            single=manifest.package.single,
        )

    def _refused(self, request: Request, error: EkaError) -> Unavailable:
        (_, label), version = request
        self._services.progress.note(f"{label.text} {version.text} cannot be used: {error}")
        return Unavailable(str(error))

    def _manifest(self, request: Request) -> Manifest:
        (_, label), version = request
        if self._local.holds(request[0]):
            return self._local.manifest(request[0])
        if request not in self._manifests:
            rev = self._revs[request]
            known = self._metadata.get(rev)
            self._manifests[request] = (
                plan_by_atom(self._services.reader(), rev, label, version)
                if known is None
                else plan_by_metadata(known, label, version)
            )
        return self._manifests[request]

    def _candidate(self, request: Request) -> Candidate:
        (_, label), version = request
        reader = Remembering(self._services.reader())
        found = read_candidate(reader, self._revs[request], label, version)
        check_foreign(found.manifest)
        return found


def _by_genesis(keys: Sequence[ResolveKey]) -> dict[Genesis, list[Label]]:
    groups: dict[Genesis, list[Label]] = {}
    for genesis, label in keys:
        groups.setdefault(genesis, []).append(label)
    return groups


def _by_set(requests: Sequence[Request]) -> dict[Genesis, list[Request]]:
    groups: dict[Genesis, list[Request]] = {}
    for request in requests:
        groups.setdefault(request[0][0], []).append(request)
    return groups
