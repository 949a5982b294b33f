"""Versions and genesis of sources: asked once per run, remembered, and checked as they come in.

The first URL of a set lists; a mirror does only while that one is down, and that is said. What is
listed is held against what was seen first before anybody uses it.

Source: atom-spec/first-seen.md, atom-spec/mirrors.md.
"""

from __future__ import annotations

from functools import partial

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import VersionListing
from eka.values import dataclass, field
from eka.workflow.ages import ago
from eka.workflow.answers import Answer
from eka.workflow.inquiry import Inquiry, first_answer
from eka.workflow.listing_cache import Entry, ListingCache, Remembered, fingerprint
from eka.workflow.rounds import Round
from eka.workflow.seen_check import Said, check_listing, check_mirror, notes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from eka.atom import Genesis, Label, ObjectId, SourceUrl, Version
    from eka.git import RefLayout
    from eka.workflow.inquiry import Found
    from eka.workflow.services import Services

MOST_AGES = 3  # of remembered listings that are told


@dataclass(slots=True)
class _Source:
    """What is known of one source in this run."""

    cache: ListingCache
    genesis: Genesis | None = None
    known: dict[Label, Entry] = field(default_factory=dict["Label", Entry])
    is_whole: bool = False  # every label is in `known`
    failed: EkaError | None = None  # why it, and its mirrors, gave no answer
    urls: tuple[SourceUrl, ...] = ()  # it and its mirrors, as who named it first says


class Listings:
    """Asks a source once per run, and the disk when the network is forbidden."""

    asks = True  # what is listed was said by a source

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sources: dict[SourceUrl, _Source] = {}
        self._told = 0

    def genesis(self, urls: Sequence[SourceUrl]) -> Genesis:
        """Return the genesis of the set at ``urls``; the first that answers is believed.

        Raises:
            Offline: the network is forbidden and the source was never asked.
            GenesisDisagrees: a mirror is not of the set that the first URL was of.
        """
        first, source = urls[0], self._source(urls[0])
        if not self._recalled_genesis(source):
            if self._services.offline:
                from eka.workflow.errors import Offline  # noqa: PLC0415 - rarely needed

                raise Offline(f"the set at {first.public}")
            self._require_answer(source)
            by, told = first_answer(self._services, urls, self._services.index.genesis)
            self._take_genesis(first, by, told)
        return self._known_genesis(source)

    def versions(self, urls: Sequence[SourceUrl], labels: Collection[Label]) -> VersionListing:
        """Return the published versions of ``labels``: those of the first URL that answers.

        Args:
            urls: Of the set; the first speaks for it, the others are its mirrors.
            labels: Those asked for; one without any version has an empty mapping.

        Raises:
            Offline: the network is forbidden and the source was never asked for a label.
            NetworkFailed: no URL of the set answers.
            SourcesDisagree: source and mirror name different commits for one version.
        """
        source = self._source(urls[0])
        unknown = self._unknown(urls[0], source, labels)
        if unknown:
            self._require_answer(source)
            by, listing = first_answer(
                self._services, urls, lambda url: self._services.index.versions(url, unknown)
            )
            self._take(urls[0], by, listing, unknown)
        return _listing(source, labels)

    def ahead(self, wishes: Mapping[tuple[SourceUrl, ...], Collection[Label]]) -> None:
        """Ask all sources together for what will be asked of them one by one.

        What cannot be had is told to whoever asks for it, as `genesis` and `versions` do.

        Args:
            wishes: Labels by the URLs of their set; none: only the genesis is wanted.
        """
        services = self._services
        if services.offline:
            return
        wanted: dict[SourceUrl, dict[Label, None]] = {}
        for urls, labels in wishes.items():
            source = self._source(urls[0])
            source.urls = source.urls or urls
            wanted.setdefault(urls[0], {}).update(dict.fromkeys(labels))
        asked: dict[SourceUrl, Inquiry] = {}
        for first, labels in wanted.items():
            source = self._source(first)
            unknown = self._unknown(first, source, labels)
            is_known = self._recalled_genesis(source)
            if source.failed is None and (unknown or not is_known):
                up = tuple(url for url in source.urls if not services.answers.is_down(url))
                asked[first] = Inquiry(up or source.urls, unknown, is_first=not is_known)
        if not asked:
            return
        services.transport.prepare(len(asked))
        together = Round(
            rounds=services.rounds,
            what="listing",
            hang_up=services.transport.hang_up,
            progress=services.progress,
        )
        jobs = {url: partial(inquiry.ask, services.index) for url, inquiry in asked.items()}
        for url, found in together(jobs).items():
            asked[url].tell(services)
            if isinstance(found, EkaError):
                self._source(url).failed = found
            else:
                self._take_ahead(url, asked[url], found)

    def all(self, urls: Sequence[SourceUrl]) -> VersionListing:
        """Return every published version of a set; raises as `versions` does."""
        first, source = urls[0], self._source(urls[0])
        if not source.is_whole and not self._recalled_whole(first, source):
            by, listing = first_answer(self._services, urls, self._services.index.all)
            self._take(first, by, listing, None)
        return _listing(source, source.known)

    def statuses(
        self, urls: Sequence[SourceUrl], labels: Sequence[Label]
    ) -> Mapping[tuple[Label, Version], ObjectId]:
        """Return what the status refs of ``labels`` lead to; asks as `versions` does."""
        return self.versions(urls, labels).statuses

    def check_mirrors(self, urls: Sequence[SourceUrl], labels: Sequence[Label]) -> None:
        """Ask the other URLs of a set for labels that were listed, and compare.

        One that does not answer is told of.

        Raises:
            SourcesDisagree: one of them names another commit for a version.
        """
        services, source = self._services, self._source(urls[0])
        listed_by = {self.listed_by(urls, label) for label in labels}
        for url in urls[1:] if not services.offline else ():
            if url in listed_by:
                continue
            try:
                listing = services.index.versions(url, labels)
            except EkaError as error:
                services.progress.note(f"{url.public} was not compared ({error})")
                continue
            for label in labels:
                check_mirror(services, label, source.known[label], (url, listing[label]))

    def listed_by(self, urls: Sequence[SourceUrl], label: Label) -> SourceUrl:
        """Return who listed a label that was asked for."""
        entry = self._source(urls[0]).known.get(label)
        return entry.by if entry else urls[0]

    def _source(self, url: SourceUrl) -> _Source:
        if url not in self._sources:
            services = self._services
            cache = ListingCache(services.listings_place, url, services.aliases)
            self._sources[url] = _Source(cache)
        return self._sources[url]

    def _unknown(
        self, first: SourceUrl, source: _Source, labels: Collection[Label]
    ) -> list[Label]:
        """Return the labels that the source must be asked for; the others are known now."""
        unknown = [label for label in labels if label not in source.known]
        if source.is_whole:
            at_s = min((entry.at_s for entry in source.known.values()), default=0)
            absent = Entry(versions={}, at_s=at_s, by=first)
            source.known.update(dict.fromkeys(unknown, absent))
            return []
        return self._recalled(first, source, unknown) if unknown else []

    def _recalled_genesis(self, source: _Source) -> bool:
        """Return whether the genesis is known, or remembered and may be used."""
        if source.genesis is None:
            remembered = source.cache.genesis()
            if remembered and (self._services.offline or self._is_fresh(remembered[1])):
                source.genesis = remembered[0]
        return source.genesis is not None

    @staticmethod
    def _require_answer(source: _Source) -> None:
        """Raise what went wrong when the source was asked ahead; asking again is in vain."""
        if source.failed is not None:
            raise source.failed

    def _known_genesis(self, source: _Source) -> Genesis:
        assert source.genesis is not None  # noqa: S101 - set just before
        return source.genesis

    # What is remembered.

    def _is_fresh(self, at_s: int) -> bool:
        """Return whether an answer may be used without asking again."""
        services = self._services
        age_s = services.now_s - at_s
        return not services.refresh and 0 <= age_s <= services.max_age_s and services.max_age_s > 0

    def _may_recall(self) -> bool:
        services = self._services
        return services.offline or (services.max_age_s > 0 and not services.refresh)

    def _recalled(self, first: SourceUrl, source: _Source, labels: Sequence[Label]) -> list[Label]:
        """Take what is remembered of ``labels`` and may be used; return the others."""
        if not self._may_recall():
            return list(labels)
        remembered = source.cache.read(labels)
        found = self._usable(first, remembered)
        left = [label for label in labels if label not in found]
        if left and self._services.offline:
            names = ", ".join(label.text for label in left)
            from eka.workflow.errors import Offline  # noqa: PLC0415 - rarely needed

            raise Offline(f"the list of versions of {names} at {first.public}")
        source.known.update(found)
        source.genesis = source.genesis or remembered.genesis
        return left

    def _recalled_whole(self, first: SourceUrl, source: _Source) -> bool:
        if not self._may_recall():
            return False
        remembered = source.cache.read(None)
        at_s = remembered.whole_at_s
        if self._services.offline and at_s is None:
            from eka.workflow.errors import Offline  # noqa: PLC0415 - rarely needed

            raise Offline(f"the list of all versions at {first.public}")
        if at_s is None or not (self._services.offline or self._is_fresh(at_s)):
            return False
        source.known.update(self._usable(first, remembered))
        source.genesis = source.genesis or remembered.genesis
        source.is_whole = True
        return True

    def _usable(self, first: SourceUrl, remembered: Remembered) -> dict[Label, Entry]:
        found = {
            label: entry
            for label, entry in remembered.entries.items()
            if self._services.offline or self._is_fresh(entry.at_s)
        }
        if found:
            oldest = min(found.values(), key=lambda entry: entry.at_s)
            answer = Answer(
                first.public,
                oldest.by.public,
                oldest.at_s,
                is_remembered=True,
                protocol=min(entry.protocol for entry in found.values()),
            )
            if self._services.answers.add(answer):
                self._tell_age(first, oldest.at_s)
        return found

    def _tell_age(self, first: SourceUrl, at_s: int) -> None:
        """Tell how old a remembered listing is; of hundreds nobody would read it."""
        self._told += 1
        if self._told <= MOST_AGES:
            when = ago(at_s, self._services.now_s)
            self._services.progress.note(f"{first.public}: listed {when}")
        elif self._told == MOST_AGES + 1:
            self._services.progress.note(
                "further sources answer from what they listed before; --json says when"
            )

    # What comes in.

    def _take_genesis(self, first: SourceUrl, by: SourceUrl, genesis: Genesis) -> None:
        source = self._source(first)
        remembered = source.cache.genesis()
        if remembered is not None and remembered[0] != genesis:
            if by != first:
                from eka.workflow.seen_errors import GenesisDisagrees  # noqa: PLC0415 - rare

                raise GenesisDisagrees(
                    first.public, by.public, expected=remembered[0].hex, found=genesis.hex
                )
            self._services.progress.note(
                f"{first.public} is another set than {ago(remembered[1], self._services.now_s)}: "
                f"genesis {genesis.hex}, before {remembered[0].hex}"
            )
        source.genesis = genesis
        if remembered is None or remembered[0] != genesis or self._services.max_age_s:
            source.cache.add_genesis(genesis, self._services.now_s)

    def _take_ahead(self, first: SourceUrl, inquiry: Inquiry, found: Found) -> None:
        try:
            if found.genesis is not None:
                self._take_genesis(first, found.by, found.genesis)
            if found.listing is not None:
                self._take(first, found.by, found.listing, inquiry.labels)
        except EkaError as error:
            self._source(first).failed = error

    def _take(
        self,
        first: SourceUrl,
        by: SourceUrl,
        listing: VersionListing,
        labels: Collection[Label] | None,
    ) -> None:
        """Check an answer, remember it, and tell what is odd about it."""
        services, source = self._services, self._source(first)
        if listing.genesis is not None and listing.genesis != source.genesis:
            self._take_genesis(first, by, listing.genesis)
        entries = _entries(listing, labels, services.now_s, by)
        mark = fingerprint(listing, by) if labels is None else ""
        answer = Answer(
            first.public,
            by.public,
            services.now_s,
            is_remembered=False,
            protocol=listing.protocol,
        )
        genesis = source.genesis
        if genesis is None and (remembered := source.cache.genesis()):
            genesis = remembered[0]
        if genesis is not None:
            versions = {label: entry.versions for label, entry in entries.items()}
            said = Said(source=first, by=by, genesis=genesis, versions=versions, fingerprint=mark)
            answer.moved, answer.gone = check_listing(services, said)
            for note in notes(said, answer.moved, answer.gone, services.now_s):
                services.progress.note(note)
        services.answers.add(answer)
        source.known.update(entries)
        if labels is None:
            source.is_whole = True
            source.cache.replace(entries, mark, services.now_s)
        else:
            source.cache.add(entries)


def _entries(
    listing: VersionListing, labels: Collection[Label] | None, now_s: int, by: SourceUrl
) -> dict[Label, Entry]:
    """Return an answer by label; ``labels`` None: all that it speaks of."""
    layouts: dict[Label, dict[Version, RefLayout]] = {}
    statuses: dict[Label, dict[Version, ObjectId]] = {}
    for (label, version), layout in listing.layouts.items():
        layouts.setdefault(label, {})[version] = layout
    for (label, version), oid in listing.statuses.items():
        statuses.setdefault(label, {})[version] = oid
    return {
        label: Entry(
            versions=listing.get(label, {}),
            layouts=layouts.get(label, {}),
            statuses=statuses.get(label, {}),
            at_s=now_s,
            by=by,
            protocol=listing.protocol,
        )
        for label in (listing if labels is None else labels)
    }


def _listing(source: _Source, labels: Iterable[Label]) -> VersionListing:
    entries = {label: source.known[label] for label in labels}
    return VersionListing(
        {label: entry.versions for label, entry in entries.items()},
        source.genesis,
        protocol=min((entry.protocol for entry in entries.values()), default=2),
        layouts={
            (label, version): layout
            for label, entry in entries.items()
            for version, layout in entry.layouts.items()
        },
        statuses={
            (label, version): oid
            for label, entry in entries.items()
            for version, oid in entry.statuses.items()
        },
    )
