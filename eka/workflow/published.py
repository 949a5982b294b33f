"""A published version that a person names: found among refs, fetched, examined.

Every format that was ever published is read, format 1 with its ``<name>.atom`` included.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import (
    AtomCommit,
    CommitFormat,
    SourceUrl,
    Version,
    check_tree,
    parse_manifest_v1,
    read_toml,
)
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import NotARepository, WorkRepository, is_manifest
from eka.workflow.candidate import read_candidate
from eka.workflow.errors import AtomIncomplete, AtomNotFound, ClaimMismatch, UriIncomplete
from eka.workflow.objects import ensure
from eka.workflow.project import MANIFEST, Project
from eka.workflow.statuses import read_statuses
from eka.workflow.suggest import hint
from eka.workflow.versions import PublishedVersion, newest, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import AtomUri, Label, Manifest, ObjectId, Requirement, TomlValue, TreeSummary
    from eka.git import VersionStatus
    from eka.git.objects import PygitReader
    from eka.workflow.listing import Listings
    from eka.workflow.services import Services

OLD_MANIFEST = "NAME.atom"


@dataclass(frozen=True, slots=True)
class Opened:
    """A published version that was fetched whole and obeys the tree policy."""

    source: SourceUrl
    label: Label
    version: Version
    rev: ObjectId
    commit: AtomCommit
    manifest: Manifest
    written: Mapping[str, TomlValue]
    """The manifest as TOML has it."""
    size: TreeSummary


def place_of(uri: AtomUri, text: str, services: Services) -> SourceUrl:
    """Return the absolute source of a URI; without one the repository around the directory.

    Raises:
        UriIncomplete: it names none, and there is no repository.
    """
    if uri.source is not None:
        return uri.source.absolute(services.place)
    try:
        return own_repository(services)
    except NotARepository as error:
        is_directory = (services.directory / text).is_dir()
        fix = f"write ./{text} for the directory" if is_directory else ""
        raise UriIncomplete(text, "source", fix=fix) from error


def own_repository(services: Services) -> SourceUrl:
    """Return the repository around the directory as a source; raises NotARepository."""
    return source_at(WorkRepository.open(services.directory, services.runner))


def own_label(services: Services) -> Label:
    """Return the label of the project in the directory; raises ProjectNotFound."""
    return Project.at(services.directory, services.aliases).manifest().package.label


def source_at(repository: WorkRepository) -> SourceUrl:
    """Return a local repository as a source of atoms."""
    return SourceUrl("file", None, str(repository.common_dir.resolve()))


def choose(
    found: Mapping[Version, ObjectId],
    requirement: Requirement | None,
    said: Mapping[Version, VersionStatus],
) -> PublishedVersion | None:
    """Return the version that a person means; None when there is none.

    A whole version that is published is meant exactly, though as a requirement it would accept
    later ones; else the newest that is accepted, pre-releases last, yanked ones last of all.

    Source: atom-spec/queries.md [query-version].
    """
    if requirement is not None:
        exact = _whole(requirement.text)
        if exact is not None and exact in found:
            return PublishedVersion(exact, found[exact], said.get(exact))
    matching = select(found, requirement, said)
    return newest(matching) if matching else None


def _whole(text: str) -> Version | None:
    try:
        return Version.parse(text.strip())
    except EkaError:
        return None


def find_version(
    services: Services,
    listings: Listings,
    source: SourceUrl,
    label: Label,
    requirement: Requirement | None,
) -> tuple[PublishedVersion, Mapping[Version, ObjectId]]:
    """Return the version that is meant, and all that are published.

    Raises:
        AtomNotFound: there is no such label, or no version that is accepted.
    """
    found = listings.versions((source,), [label])[label]
    if not found:
        raise AtomNotFound(
            label.text,
            source.public,
            why="no version of it is published there",
            known=hint(services, source, label),
        )
    statuses = read_statuses(services, listings, (source,), [label])
    said = {version: status for (_, version), status in statuses.items()}
    chosen = choose(found, requirement, said)
    if chosen is None:
        wanted = f"{label.text} {requirement.text if requirement else ''}".strip()
        raise AtomNotFound(
            wanted,
            source.public,
            why="no published version meets the requirement",
            known=f"ask for one that exists; the newest is {max(found).text}",
        )
    return chosen, found


def open_version(
    services: Services, source: SourceUrl, label: Label, chosen: PublishedVersion
) -> Opened:
    """Fetch a version whole and examine it.

    Raises:
        NotAnAtomCommit, TreePolicyViolation, ClaimMismatch, AtomIncomplete: it is no atom.
    """
    ensure(services, (source,), [chosen.commit])
    reader = services.reader()
    commit = AtomCommit.decode(reader.commit(chosen.commit))
    if commit.format is CommitFormat.V1:
        return _open_old(reader, source, label, chosen, commit)
    found = read_candidate(reader, chosen.commit, label, chosen.version)
    oid = _manifest_of(reader, commit, is_old=False)
    written = read_toml(reader.blob(oid), _file(label, chosen.version, MANIFEST)).data
    return Opened(
        source, label, chosen.version, chosen.commit, commit, found.manifest, written, found.size
    )


def _open_old(
    reader: PygitReader,
    source: SourceUrl,
    label: Label,
    chosen: PublishedVersion,
    commit: AtomCommit,
) -> Opened:
    name = f"{label.text}@{chosen.version.text}"
    _agree(name, f"{commit.label.text}@{commit.version.text}", "commit")
    size = check_tree(commit.tree, reader)
    data = reader.blob(_manifest_of(reader, commit, is_old=True))
    file = _file(label, chosen.version, OLD_MANIFEST)
    manifest = parse_manifest_v1(data, file)
    package = manifest.package
    _agree(name, f"{package.label.text}@{package.version.text}", OLD_MANIFEST)
    written = read_toml(data, file).data
    return Opened(source, label, chosen.version, chosen.commit, commit, manifest, written, size)


def manifest_bytes(reader: PygitReader, rev: ObjectId) -> bytes:
    """Return the manifest of an atom of any format that is here; nothing of it is checked.

    Raises:
        NotAnAtomCommit, AtomIncomplete: it is no atom.
    """
    commit = AtomCommit.decode(reader.commit(rev))
    return reader.blob(_manifest_of(reader, commit, is_old=commit.format is CommitFormat.V1))


def _manifest_of(reader: PygitReader, commit: AtomCommit, *, is_old: bool) -> ObjectId:
    found = [each.oid for each in reader.tree(commit.tree) if is_manifest(each, is_old=is_old)]
    if len(found) != 1:
        raise AtomIncomplete(commit.tree.hex, OLD_MANIFEST if is_old else MANIFEST)
    return found[0]


def _file(label: Label, version: Version, name: str) -> str:
    return f"{label.text}@{version.text}/{name}"


def _agree(name: str, found: str, where: str) -> None:
    if found != name:
        raise ClaimMismatch(name, where, expected=name, found=found)
