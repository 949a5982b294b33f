"""``eka add``: a dependency into the manifest, and its closure into the lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import InvalidTag, Requirement, Tag, encode_lock, parse_atom_uri
from eka.atom.edit import add_dependency
from eka.workflow.errors import AtomNotFound, OwnSetOnly
from eka.workflow.listing import Listings
from eka.workflow.lock import Change, LockOptions, diff_locks, resolve
from eka.workflow.own_set import open_own_set
from eka.workflow.pair import project_lock, write_files
from eka.workflow.places import source_of
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.versions import newest, select

if TYPE_CHECKING:
    from eka.atom import Label, Lock, Manifest, SourceUrl, Version
    from eka.workflow.project import Project
    from eka.workflow.services import Services

OWN_SET_NAME = "here"
DEFAULT_SET_NAME = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """How to add."""

    set_name: str | None = None
    dev: bool = False
    dry_run: bool = False
    locked: bool = False
    accepted_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddReport:
    """What was added."""

    project: Project
    label: Label
    requirement: str
    set_name: str
    source: SourceUrl | None  # None: the project's own set
    selected: Version
    changes: tuple[Change, ...]
    lock: Lock
    written: bool


def add_atom(services: Services, project: Project, text: str, options: AddOptions) -> AddReport:
    """Add the atom a URI names to a project and lock the whole closure.

    Manifest and lock change together or not at all. Without a requirement the newest stable
    version is taken, with Cargo's caret.

    Raises:
        AtomNotFound: the source has no such atom, or no version of it that fits.
        Unsatisfiable: it does not fit with the other dependencies; nothing is written.
    """
    uri = parse_atom_uri(text, services.aliases)
    if uri.label is None:
        raise AtomNotFound(text, "", why="the URI names no label", known="write SOURCE::LABEL")
    with project_lock(project.directory):
        manifest_bytes = project.manifest_bytes()
        manifest = project.parse(manifest_bytes)
        source = source_of(uri, text, services) if uri.source is not None else None
        requirement = uri.requirement or _default(services, project, uri.label, source)
        set_name = options.set_name or _set_name(manifest, source)
        edited = add_dependency(
            manifest_bytes.decode("utf-8"),
            set_name=set_name,
            urls=None if source is None else (source.public,),
            label=uri.label,
            requirement=requirement.text,
            dev=options.dev,
            aliases=services.aliases,
        ).encode()
        old = project.lock()
        lock = resolve(
            services, project, edited, LockOptions(accepted_sources=options.accepted_sources)
        )
        written = not options.dry_run
        if written:
            write_files(project.directory, {MANIFEST: edited, LOCK: encode_lock(lock)})
    return AddReport(
        project,
        uri.label,
        requirement.text,
        set_name,
        source,
        _selected(lock, uri.label, requirement),
        diff_locks(old, lock),
        lock,
        written,
    )


def _default(
    services: Services, project: Project, label: Label, source: SourceUrl | None
) -> Requirement:
    if source is None:
        found = open_own_set(services, project.directory).versions(label)
        if not found:
            raise OwnSetOnly(label.text)
        return Requirement.parse(f"^{max(found).text}")
    listed = Listings(services).versions((source,), [label])[label]
    if not listed:
        raise AtomNotFound(label.text, source.public, why="no version of it is published there")
    return Requirement.parse(f"^{newest(select(listed, None)).version.text}")


def _set_name(manifest: Manifest, source: SourceUrl | None) -> str:
    """Return the manifest's name for a source, or a new one made from its last path part."""
    for name, declared in manifest.package.sets.items():
        if source is None and declared.own:
            return name
        if source is not None and any(url.public == source.public for url in declared.urls):
            return name
    wish = OWN_SET_NAME if source is None else _wish(source)
    name, count = wish, 2
    while name in manifest.package.sets:
        name, count = f"{wish}-{count}", count + 1
    return name


def _wish(source: SourceUrl) -> str:
    last = source.path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    try:
        return Tag.typed(last).text
    except InvalidTag:
        return DEFAULT_SET_NAME


def _selected(lock: Lock, label: Label, requirement: Requirement) -> Version:
    return max(
        key.version
        for key in lock.requires
        if key.label == label and requirement.matches(key.version)
    )
