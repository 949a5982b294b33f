"""``eka versions``: what a source has published, from refs alone."""

from __future__ import annotations

from eka.atom import parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.values import dataclass
from eka.workflow.listing import Listings
from eka.workflow.places import source_of
from eka.workflow.statuses import read_statuses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import AtomUri, Label, ObjectId, Requirement, SourceUrl, Version
    from eka.git import VersionStatus
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One published version and the commit its ref names."""

    version: Version
    commit: ObjectId
    status: VersionStatus | None = None  # what its owner says of it, if anything


@dataclass(frozen=True, slots=True)
class VersionsReport:
    """Versions of one label, newest first."""

    source: SourceUrl
    label: Label
    versions: tuple[PublishedVersion, ...]
    total: int  # before the requirement filtered them


def list_versions(services: Services, text: str) -> VersionsReport:
    """Return the versions that a URI's source has of its label, newest first.

    Raises:
        UriIncomplete: the URI names no source or no label.
        AtomNotFound: the source has no such label, or no version meets the requirement.
    """
    uri = parse_atom_uri(text, services.aliases)
    source, label = required(uri, text, services)
    listings = Listings(services)
    found = listings.versions((source,), [label])[label]
    if not found:
        from eka.workflow.errors import AtomNotFound  # noqa: PLC0415 - rarely needed
        from eka.workflow.suggest import hint  # noqa: PLC0415 - only an error needs it

        raise AtomNotFound(
            label.text,
            source.public,
            why="no version of it is published there",
            known=hint(services, source, label),
        )
    statuses = read_statuses(services, listings, (source,), [label])
    said = {version: status for (_, version), status in statuses.items()}
    matching = select(found, uri.requirement, said)
    if not matching:
        newest = max(found)
        from eka.workflow.errors import AtomNotFound  # noqa: PLC0415 - rarely needed

        raise AtomNotFound(
            f"{label.text} {uri.requirement.text if uri.requirement else ''}".strip(),
            source.public,
            why="no published version meets the requirement",
            known=f"ask for one that exists; the newest is {newest.text}",
        )
    return VersionsReport(source, label, matching, len(found))


def select(
    found: Mapping[Version, ObjectId],
    requirement: Requirement | None,
    statuses: Mapping[Version, VersionStatus] | None = None,
) -> tuple[PublishedVersion, ...]:
    """Return the versions that a requirement accepts, newest first; None accepts all."""
    said = statuses or {}
    return tuple(
        PublishedVersion(version, found[version], said.get(version))
        for version in sorted(found, reverse=True)
        if requirement is None or requirement.matches(version)
    )


def newest(versions: tuple[PublishedVersion, ...]) -> PublishedVersion:
    """Return the newest stable version, or the newest pre-release when there is nothing else.

    One that is yanked is returned only when all are.
    """
    usable = [each for each in versions if each.status is None or not each.status.is_yanked]
    stable = [each for each in usable if not each.version.is_prerelease]
    return (stable or usable or list(versions))[0]


def required(uri: AtomUri, text: str, services: Services) -> tuple[SourceUrl, Label]:
    """Return source and label of a URI that must have both."""
    if uri.label is None:
        from eka.workflow.errors import UriIncomplete  # noqa: PLC0415 - rarely needed

        raise UriIncomplete(text, "label")
    return source_of(uri, text, services), uri.label
