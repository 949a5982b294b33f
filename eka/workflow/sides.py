"""The two things that `eka diff` compares: published versions, or the project as it is here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eka.atom import Requirement, parse_atom_uri, read_toml
from eka.checking import TYPE_CHECKING
from eka.git import NotARepository, WorkRepository
from eka.workflow.errors import UriIncomplete
from eka.workflow.listing import Listings
from eka.workflow.project import Project
from eka.workflow.published import (
    find_version,
    open_version,
    own_label,
    own_repository,
    place_of,
    source_at,
)
from eka.workflow.working_tree import WorkingTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eka.atom import AtomCommit, Label, ObjectId, SourceUrl, TomlValue, TreeReader, Version
    from eka.workflow.services import Services

_VERSIONS_ALONE = re.compile(r"[0-9^~<>=*]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two.

    Attributes:
        source: Where it comes from: a set, or the repository around a project; None: no
            repository.
        directory: Of a project; None for a published version.
        top: The working tree around a project; None where there is none.
        origin: The source commit; of a project the one it is based on; None: there is none.
        commit: The atom commit of a published version.
        manifest: As TOML has it.
    """

    label: Label
    version: Version
    source: SourceUrl | None
    directory: Path | None
    top: Path | None
    rev: ObjectId | None
    origin: ObjectId | None
    commit: AtomCommit | None
    tree: ObjectId
    trees: TreeReader
    manifest: Mapping[str, TomlValue]

    @property
    def title(self) -> str:
        """What to call it: ``zlib 1.3.1``."""
        return f"{self.label.text} {self.version.text}"


def open_sides(services: Services, words: tuple[str, ...]) -> tuple[Side, Side]:
    """Return what is compared with what, the older one first as it was typed.

    Args:
        services: The ports.
        words: None: the newest published version of the project here, and the project. One: that,
            and the project. Two: the one, and the other. A version alone is one of the project
            here as the first word, one of the first word's label as the second.

    Raises:
        UriIncomplete: a word names no atom.
        AtomNotFound: there is no such version.
        ProjectNotFound: the project is one side, and there is none.

    Source: atom-spec/queries.md [diff-sides].
    """
    listings = Listings(services)
    here = services.directory
    if not words:
        label, source = own_label(services), own_repository(services)
        project = Project.at(here, services.aliases)
        return _published(services, listings, source, label, None), _local(services, project)
    first = _named(services, listings, words[0])
    if len(words) == 1:
        return first, _local(services, Project.at(here, services.aliases))
    if _VERSIONS_ALONE.match(words[1]) and first.source is not None:
        wanted = Requirement.parse(words[1])
        return first, _published(services, listings, first.source, first.label, wanted)
    return first, _named(services, listings, words[1])


def _named(services: Services, listings: Listings, word: str) -> Side:
    """Return what a word names: an atom, a version of the project's, or a directory."""
    if _VERSIONS_ALONE.match(word):
        label, source = own_label(services), own_repository(services)
        return _published(services, listings, source, label, Requirement.parse(word))
    uri = parse_atom_uri(word, services.aliases)
    if uri.label is not None:
        source = place_of(uri, word, services)
        return _published(services, listings, source, uri.label, uri.requirement)
    if uri.source is None or not uri.source.is_local:
        raise UriIncomplete(word, "label")
    return _local(services, Project.at(services.directory / uri.source.path, services.aliases))


def _published(
    services: Services,
    listings: Listings,
    source: SourceUrl,
    label: Label,
    wanted: Requirement | None,
) -> Side:
    chosen, _ = find_version(services, listings, source, label, wanted)
    found = open_version(services, source, label, chosen)
    return Side(
        label=label,
        version=found.version,
        source=source,
        directory=None,
        top=None,
        rev=found.rev,
        origin=found.commit.origin,
        commit=found.commit,
        tree=found.commit.tree,
        trees=services.reader(),
        manifest=found.written,
    )


def _local(services: Services, project: Project) -> Side:
    try:
        repository = WorkRepository.open(project.directory, services.runner)
    except NotARepository:
        repository = None
    package = project.manifest().package
    algorithm = repository.algorithm if repository else "sha1"
    files = WorkingTree(project.directory, services.runner, algorithm=algorithm)
    return Side(
        label=package.label,
        version=package.version,
        source=source_at(repository) if repository else None,
        directory=project.directory,
        top=repository.work_tree if repository else None,
        rev=None,
        origin=repository.head if repository else None,
        commit=None,
        tree=files.root,
        trees=files,
        manifest=read_toml(project.manifest_bytes(), str(project.manifest_path)).data,
    )
