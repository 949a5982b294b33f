"""``eka list``: every label of a source, from refs alone.

Source: atom-spec/queries.md [list-labels] and what follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import translate
from operator import attrgetter

from eka.atom import parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.git import NotARepository
from eka.workflow.errors import AtomNotFound, UriIncomplete
from eka.workflow.listing import Listings
from eka.workflow.progress import counted
from eka.workflow.published import own_repository, place_of
from eka.workflow.ranking import fold
from eka.workflow.statuses import read_statuses
from eka.workflow.suggest import CLONE, hint, similar_label
from eka.workflow.summaries import summaries
from eka.workflow.versions import PublishedVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from eka.atom import AtomUri, Label, ObjectId, SourceUrl, Version
    from eka.git import VersionListing, VersionStatus
    from eka.workflow.services import Services
    from eka.workflow.summaries import Summary

_WILD = frozenset("*?[")
_MOST_PATTERN_CHARACTERS = 512
_precedence = attrgetter("key")  # comparing keys costs a tenth of comparing versions
PUBLISH_FIRST = "check the address; the owner of the repository publishes with eka publish"


@dataclass(frozen=True, slots=True)
class ListedLabel:
    """A label with its versions.

    Attributes:
        label: The label.
        newest: The version to take for the newest one.
        count: How many there are.
        versions: All of them, newest first, when they were asked for.
        summary: What the newest says about itself, when that was asked for and can be had.
    """

    label: Label
    newest: PublishedVersion
    count: int
    versions: tuple[PublishedVersion, ...] = ()
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class SetListing:
    """Labels of one source, in order."""

    source: SourceUrl
    labels: tuple[ListedLabel, ...]
    total: int
    """How many labels the source has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What is wanted: of which labels, and how much of each."""

    pattern: str | None = None
    all_versions: bool = False
    long: bool = False


def list_set(services: Services, text: str, options: ListOptions) -> SetListing:
    """Return the labels of a source; one request, and one more where statuses are to be read.

    Args:
        services: The ports.
        text: A source, or an atom of one; empty: the repository around the directory.
        options: Which labels, and how much of each.

    Raises:
        AtomNotFound: the source has no atoms, or none of that name.
        UriIncomplete: no source is named, and there is no repository here.
    """
    source, uri = _source(services, text)
    listings = Listings(services)
    if uri is not None and uri.label is not None:
        listing = listings.versions((source,), [uri.label])
    else:
        listing = listings.all((source,))
    accepts = _filter(options.pattern)
    wanted = uri.requirement if uri else None
    found = {
        label: versions if wanted is None else [v for v in versions if wanted.matches(v)]
        for label, versions in listing.items()
        if accepts(label.text)
    }
    chosen = sorted(label for label, versions in found.items() if versions)
    if not chosen:
        raise _nothing(services, source, listing, uri, options.pattern)
    statuses = statuses_by_label(services, listings, (source,), listing, chosen)
    labels = [
        _listed(label, listing[label], found[label], statuses.get(label, {}), options)
        for label in chosen
    ]
    if options.long:
        labels = _summarised(services, source, labels)
    return SetListing(source, tuple(labels), sum(map(bool, listing.values())))


def _source(services: Services, text: str) -> tuple[SourceUrl, AtomUri | None]:
    if text:
        uri = parse_atom_uri(text, services.aliases)
        return place_of(uri, text, services), uri
    try:
        return own_repository(services), None
    except NotARepository as error:
        fix = "name a repository: eka list gh:owner/repo"
        raise UriIncomplete(services.place, "source", fix=fix) from error


def _filter(pattern: str | None) -> Callable[[str], bool]:
    """Return whether a label is meant: by a glob, or by how it begins.

    Source: atom-spec/queries.md [list-pattern].
    """
    if pattern is None:
        return lambda _: True
    folded = fold(pattern[:_MOST_PATTERN_CHARACTERS])
    if _WILD.isdisjoint(folded):
        return lambda label: fold(label).startswith(folded)
    matches = re.compile(translate(folded)).match
    return lambda label: matches(fold(label)) is not None


def newest_version(
    commits: Mapping[Version, ObjectId],
    versions: Collection[Version],
    statuses: Mapping[Version, VersionStatus],
) -> PublishedVersion:
    """Return the one of ``versions``, of which there is one at least, to take for the newest.

    Source: atom-spec/queries.md [list-newest].
    """
    candidates = versions
    if statuses:
        yanked = {version for version, status in statuses.items() if status.is_yanked}
        candidates = [version for version in versions if version not in yanked] or versions
    stable = [version for version in candidates if not version.prerelease]
    newest = max(stable or candidates, key=_precedence)
    return PublishedVersion(newest, commits[newest], statuses.get(newest))


def statuses_by_label(
    services: Services,
    listings: Listings,
    urls: Sequence[SourceUrl],
    listing: VersionListing,
    chosen: Sequence[Label],
) -> dict[Label, dict[Version, VersionStatus]]:
    """Return what owners say of versions of the labels that are of interest."""
    if not listing.statuses:
        return {}
    marked = {label for label, _ in listing.statuses}
    labels = [label for label in chosen if label in marked]
    said: dict[Label, dict[Version, VersionStatus]] = {}
    for (label, version), status in read_statuses(services, listings, urls, labels).items():
        said.setdefault(label, {})[version] = status
    return said


def _listed(
    label: Label,
    commits: Mapping[Version, ObjectId],
    versions: Collection[Version],
    statuses: Mapping[Version, VersionStatus],
    options: ListOptions,
) -> ListedLabel:
    every = sorted(versions, reverse=True) if options.all_versions else ()
    return ListedLabel(
        label,
        newest_version(commits, versions, statuses),
        len(versions),
        tuple(PublishedVersion(each, commits[each], statuses.get(each)) for each in every),
    )


def _summarised(
    services: Services, source: SourceUrl, labels: Sequence[ListedLabel]
) -> list[ListedLabel]:
    said = summaries(services, (source,), [each.newest.commit for each in labels])
    return [replace(each, summary=said.get(each.newest.commit)) for each in labels]


def _nothing(
    services: Services,
    source: SourceUrl,
    listing: VersionListing,
    uri: AtomUri | None,
    pattern: str | None,
) -> AtomNotFound:
    if uri is not None and uri.label is not None:
        asked = uri.requirement.text if uri.requirement else ""
        name = f"{uri.label.text} {asked}".strip()
        return AtomNotFound(
            name,
            source.public,
            why="no such version is published there",
            known=hint(services, source, uri.label),
        )
    known = [label.text for label, versions in listing.items() if versions]
    if pattern is None or not known:
        return AtomNotFound(
            "any atom",
            source.public,
            why="it has no refs of atoms",
            known=CLONE if source.is_local else PUBLISH_FIRST,
        )
    similar = similar_label(pattern, known)
    return AtomNotFound(
        f"a label like {pattern}",
        source.public,
        why=f"it has {counted(len(known), 'label')}, and none of them matches",
        known=f"did you mean {similar}?" if similar else "leave out the pattern to list them all",
    )
