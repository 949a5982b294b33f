"""``eka info``: what an atom says about itself, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import AtomCommit, AtomId, Genesis, atom_id, parse_atom_uri, read_toml
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import NoSet
from eka.workflow.errors import UriIncomplete
from eka.workflow.listing import Listings
from eka.workflow.project import MANIFEST, Project
from eka.workflow.published import find_version, open_version, place_of
from eka.workflow.signatures import SubjectVersion, signatures_of
from eka.workflow.statuses import read_statuses
from eka.workflow.versions import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import Manifest, ObjectId, SourceUrl, TomlValue, TreeSummary, Version
    from eka.git import VersionStatus
    from eka.git.signatures import SignatureFinding
    from eka.workflow.published import Opened
    from eka.workflow.services import Services
    from eka.workflow.versions import PublishedVersion


@dataclass(frozen=True, slots=True)
class Other:
    """Another version of the same label."""

    published: PublishedVersion
    is_cached: bool
    """Whether it can be used offline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where a published atom comes from, and what is known of it beside its manifest.

    Attributes:
        source: The repository that lists it.
        rev: Its commit.
        commit: The same, decoded.
        genesis: Of its set; None: the source does not say what set it is.
        id: None without a genesis.
        size: What its tree unfolds to.
        status: What its owner says of the version since it was published.
        signatures: What each is worth; None: they cannot be asked for.
        first_seen_s: When this machine first saw the version, in seconds since 1970.
        was_cached: Whether it was in the local cache before it was asked for.
        versions: How many the label has.
        others: The other versions, newest first.
    """

    source: SourceUrl
    rev: ObjectId
    commit: AtomCommit
    genesis: Genesis | None
    id: AtomId | None
    size: TreeSummary
    status: VersionStatus | None
    signatures: tuple[SignatureFinding, ...] | None
    first_seen_s: int | None
    was_cached: bool
    versions: int
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class InfoReport:
    """One atom's manifest, and where it was published unless it is a local project."""

    manifest: Manifest
    written: Mapping[str, TomlValue]
    """The manifest as TOML has it."""
    published: Published | None


def project_info(project: Project) -> InfoReport:
    """Return what the project in a directory says."""
    manifest = project.manifest()
    written = read_toml(project.manifest_bytes(), str(project.manifest_path)).data
    return InfoReport(manifest, written, None)


def atom_info(services: Services, text: str) -> InfoReport:
    """Return what a published atom says, the version that the URI means; or a project's directory.

    Raises:
        AtomNotFound: there is no such atom or version.
        NotAnAtomCommit, TreePolicyViolation, ClaimMismatch: what is published there is no atom.
    """
    uri = parse_atom_uri(text, services.aliases)
    if uri.label is None:
        if uri.source is not None and uri.source.is_local:
            place = services.directory / uri.source.path
            if (place / MANIFEST).is_file():
                return project_info(Project.at(place, services.aliases))
        raise UriIncomplete(text, "label")
    source, label = place_of(uri, text, services), uri.label
    listings = Listings(services)
    chosen, found = find_version(services, listings, source, label, uri.requirement)
    was_cached = chosen.commit in services.cache.has([chosen.commit])
    opened = open_version(services, source, label, chosen)
    genesis = genesis_of(listings, source)
    identity = atom_id(genesis, label) if genesis else None
    statuses = read_statuses(services, listings, (source,), [label])
    said = {version: status for (_, version), status in statuses.items()}
    published = Published(
        source=source,
        rev=opened.rev,
        commit=opened.commit,
        genesis=genesis,
        id=identity,
        size=opened.size,
        status=said.get(opened.version),
        signatures=_signatures(services, opened, genesis),
        first_seen_s=services.first_seen.when(source, identity, opened.version)
        if identity
        else None,
        was_cached=was_cached,
        versions=len(found),
        others=_others(services, found, said, opened.version),
    )
    return InfoReport(opened.manifest, opened.written, published)


def _others(
    services: Services,
    found: Mapping[Version, ObjectId],
    said: Mapping[Version, VersionStatus],
    shown: Version,
) -> tuple[Other, ...]:
    here = services.cache.has(found.values())
    return tuple(
        Other(each, each.commit in here)
        for each in select(found, None, said)
        if each.version != shown
    )


def _signatures(
    services: Services, opened: Opened, genesis: Genesis | None
) -> tuple[SignatureFinding, ...] | None:
    """Return what the signatures are worth; not to know them does not stop anybody here."""
    version = SubjectVersion(opened.label, opened.version, opened.rev)
    try:
        return signatures_of(services, (opened.source,), genesis, [version])[version.key]
    except EkaError as error:
        services.progress.note(f"its signatures are not known: {error}")
        return None


def genesis_of(listings: Listings, source: SourceUrl) -> Genesis | None:
    """Return the genesis of a source; None where it is no set."""
    try:
        return listings.genesis((source,))
    except NoSet:
        return None
