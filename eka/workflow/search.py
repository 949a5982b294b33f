"""``eka search``: atoms by label, tag and description, over refs and manifests alone.

Source: atom-spec/queries.md [search-words] and what follows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from eka.atom import parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.workflow.errors import Offline
from eka.workflow.known_sources import alias_sources, project_sources, remembered_sources
from eka.workflow.listing import Listings
from eka.workflow.listing_cache import ListingCache
from eka.workflow.listing_of_set import newest_version, statuses_by_label
from eka.workflow.progress import Silent, counted
from eka.workflow.ranking import Entry, Rank, rank, words_of
from eka.workflow.suggest import similar_label
from eka.workflow.summaries import Summary, summaries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from eka.atom import Label, SourceUrl
    from eka.git import VersionListing
    from eka.workflow.services import Services
    from eka.workflow.versions import PublishedVersion

DEFAULT_LIMIT = 25
Urls: TypeAlias = "tuple[SourceUrl, ...]"
"""Of one set: the first lists, the others are mirrors."""


class SearchTextMissing(EkaError):
    """A search for nothing."""

    code = "search-text-missing"
    exit_status = Exit.USAGE

    def __init__(self) -> None:
        super().__init__(
            what="there is nothing to search for",
            why="the text has no words",
            fix="write some, such as eka search zlib; eka list SOURCE names every label",
        )


class SourceExpected(EkaError):
    """What should name a repository names something else."""

    code = "source-expected"
    exit_status = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            what="this names no repository",
            where=text,
            why="what follows the text to search for are repositories to search in",
            fix="write gh:owner/repo, a URL or ./path; quote several words: eka search 'a b'",
        )


class NowhereToSearch(EkaError):
    """No source is known that could be searched."""

    code = "nowhere-to-search"
    exit_status = Exit.USAGE

    def __init__(self) -> None:
        super().__init__(
            what="no repository is known that could be searched",
            why="none was named, and neither a project here, nor an alias in the settings, nor an "
            "earlier listing names one",
            fix="name one: eka search TEXT gh:owner/repo",
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An atom that answers."""

    source: SourceUrl
    label: Label
    newest: PublishedVersion
    summary: Summary | None
    rank: Rank


@dataclass(frozen=True, slots=True)
class Searched:
    """A source that was searched, or why it was not."""

    source: SourceUrl
    labels: int = 0
    summaries: int = 0
    error: EkaError | None = None


@dataclass(frozen=True, slots=True)
class SearchReport:
    """What answers, best first; ``total`` before the limit."""

    found: tuple[Found, ...]
    total: int
    sources: tuple[Searched, ...]
    similar: str | None
    """A label that may have been meant, when nothing answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """Where and how to search.

    Attributes:
        sources: Repositories as they were typed; none: all that are known.
        aliases: Names of those that the person's settings and project define.
        labels_alone: Tags and descriptions do not count; no manifest is read.
        limit: How many answers are wanted.
    """

    sources: Sequence[str] = ()
    aliases: Sequence[str] = ()
    labels_alone: bool = False
    limit: int = DEFAULT_LIMIT


def search(services: Services, text: str, options: SearchOptions) -> SearchReport:
    """Return the atoms that hold every word of ``text`` in label, tags or description.

    Raises:
        SearchTextMissing: there is no word.
        SourceExpected: what should be a repository is none.
        NowhereToSearch: no source was named, and none is known.
        Problems: no source could be searched.
    """
    words = words_of(text)
    if not words:
        raise SearchTextMissing
    asked, recalled = _places(services, options)
    if not asked and not recalled:
        raise NowhereToSearch
    searched: list[Searched] = []
    found: list[Found] = []
    labels: set[str] = set()
    for urls in (*asked, *recalled):
        place = _Place(services, urls, may_recall=urls in recalled)
        try:
            place.read(labels_alone=options.labels_alone)
        except EkaError as error:
            searched.append(Searched(urls[0], error=error))
            continue
        searched.append(Searched(urls[0], len(place.newest), len(place.said)))
        found += place.answers(words)
        labels.update(label.text for label in place.newest)
    errors = [each.error for each in searched if each.error is not None]
    if len(errors) == len(searched):
        raise_problems(errors, what="no repository could be searched")
    found.sort(key=_order)
    similar = None if found else similar_label(text, labels)
    return SearchReport(tuple(found[: options.limit]), len(found), tuple(searched), similar)


def _order(found: Found) -> tuple[int, int, str, str]:
    return found.rank.total, found.rank.best, found.label.text, found.source.public


def _places(services: Services, options: SearchOptions) -> tuple[list[Urls], list[Urls]]:
    """Return the sources to ask, and those whose remembered listing will do."""
    if options.sources:
        return _distinct((_source(services, text),) for text in options.sources), []
    aliases = ((url,) for url in alias_sources(services, options.aliases))
    asked = _distinct([*(urls for urls in project_sources(services) if urls), *aliases])
    known = {urls[0] for urls in asked}
    recalled: list[Urls] = [(url,) for url in remembered_sources(services) if url not in known]
    return ([*asked, *recalled], []) if services.refresh else (asked, recalled)


def _distinct(places: Iterable[Urls]) -> list[Urls]:
    """Return one of the places that have one first URL."""
    found: dict[SourceUrl, Urls] = {}
    for urls in places:
        found.setdefault(urls[0], urls)
    return list(found.values())


def _source(services: Services, text: str) -> SourceUrl:
    uri = parse_atom_uri(text, services.aliases)
    if uri.source is None or uri.label is not None:
        raise SourceExpected(text)
    return uri.source.absolute(services.place)


class _Place:
    """One source while it is searched."""

    def __init__(self, services: Services, urls: Urls, *, may_recall: bool) -> None:
        self._services = services
        self._source, self._urls = urls[0], urls
        self._may_recall = may_recall
        self.newest: dict[Label, PublishedVersion] = {}
        self.said: dict[Label, Summary] = {}

    def read(self, *, labels_alone: bool) -> None:
        """Learn the labels, and what their newest versions say of themselves."""
        services, source = self._services, self._source
        services.progress.step(f"searching {source.public}")
        listing, listings = self._listing()
        chosen = [label for label in listing if listing[label]]
        statuses = statuses_by_label(services, listings, self._urls, listing, chosen)
        for label in chosen:
            self.newest[label] = newest_version(
                listing[label], listing[label], statuses.get(label, {})
            )
        if labels_alone:
            return
        said = summaries(services, self._urls, [each.commit for each in self.newest.values()])
        for label, version in self.newest.items():
            if version.commit in said:
                self.said[label] = said[version.commit]

    def answers(self, words: Sequence[str]) -> list[Found]:
        """Return the atoms that hold every word."""
        found: list[Found] = []
        for label, newest in self.newest.items():
            said = self.said.get(label)
            entry = Entry(
                label=label.text,
                tags=said.tags if said else (),
                description=said.description if said else "",
            )
            how = rank(entry, words)
            if how is not None:
                found.append(Found(self._source, label, newest, said, how))
        return found

    def _listing(self) -> tuple[VersionListing, Listings]:
        services, urls = self._services, self._urls
        quiet = replace(services, offline=True, progress=Silent())
        if self._may_recall or services.offline:
            listings = Listings(quiet)
            try:
                return listings.all(urls), listings
            except Offline:
                if services.offline:
                    return self._part(listings), listings
        listings = Listings(services)
        return listings.all(urls), listings

    def _part(self, listings: Listings) -> VersionListing:
        """Return those labels that were listed one by one; raises Offline where none was."""
        services, source = self._services, self._source
        known = ListingCache(services.listings, source, services.aliases).read(None).entries
        if not known:
            raise Offline(f"the list of versions at {source.public}")
        services.progress.note(
            f"{source.public}: only {counted(len(known), 'label')} asked for before"
        )
        return listings.versions(self._urls, list(known))
