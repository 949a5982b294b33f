"""``eka info``: what an atom says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import AtomCommit, AtomId, Genesis, atom_id, parse_atom_uri
from eka.git import NoSet
from eka.workflow.candidate import read_candidate
from eka.workflow.errors import AtomNotFound
from eka.workflow.listing import Listings
from eka.workflow.provider import ensure
from eka.workflow.versions import newest, required, select

if TYPE_CHECKING:
    from eka.atom import Manifest, ObjectId, SourceUrl, TreeSummary
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class Published:
    """Where a published atom comes from."""

    source: SourceUrl
    rev: ObjectId
    commit: AtomCommit
    genesis: Genesis | None  # None: the source does not say what set it is
    id: AtomId | None
    size: TreeSummary
    versions: int  # how many the label has


@dataclass(frozen=True, slots=True)
class InfoReport:
    """One atom's manifest, and where it was published unless it is a local project."""

    manifest: Manifest
    published: Published | None


def project_info(project: Project) -> InfoReport:
    """Return what the project in a directory says."""
    return InfoReport(project.manifest(), None)


def atom_info(services: Services, text: str) -> InfoReport:
    """Return what a published atom says; the newest version that the URI admits.

    Raises:
        AtomNotFound: there is no such atom or version.
        NotAnAtomCommit, TreePolicyViolation, ClaimMismatch: what is published there is no atom.
    """
    uri = parse_atom_uri(text, services.aliases)
    source, label = required(uri, text, services)
    listings = Listings(services)
    found = listings.versions((source,), [label])[label]
    matching = select(found, uri.requirement)
    if not matching:
        raise AtomNotFound(label.text, source.public, why="no such version is published there")
    chosen = newest(matching)
    ensure(services, (source,), [chosen.commit])
    candidate = read_candidate(services.reader(), chosen.commit, label, chosen.version)
    genesis = _genesis(listings, source)
    identity = atom_id(genesis, label) if genesis else None
    return InfoReport(
        candidate.manifest,
        Published(
            source,
            chosen.commit,
            candidate.commit,
            genesis,
            identity,
            candidate.size,
            len(found),
        ),
    )


def _genesis(listings: Listings, source: SourceUrl) -> Genesis | None:
    try:
        return listings.genesis((source,))
    except NoSet:
        return None
