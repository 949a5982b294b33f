"""``eka add``: a dependency into the manifest, and its closure into the lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import InvalidTag, Requirement, Tag, encode_lock, parse_atom_uri
from eka.atom.edit import add_dependency
from eka.compose import ROOT, Selector
from eka.workflow.errors import AtomNotFound, OwnSetOnly, SetNameTaken, UriIncomplete
from eka.workflow.listing import Listings
from eka.workflow.lock_signers import lock_changes
from eka.workflow.own_set import find_set_root, open_own_set
from eka.workflow.pair import project_lock, write_files
from eka.workflow.places import source_of
from eka.workflow.previous import read_previous
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.resolution import LockOptions, resolve
from eka.workflow.statuses import read_statuses
from eka.workflow.versions import newest, select

if TYPE_CHECKING:
    from eka.atom import Dependency, Label, Lock, Manifest, SourceUrl, Version
    from eka.workflow.lock_changes import Change
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
    before: str | None  # the requirement that stood there before
    written: bool  # False: a dry run, or everything was so already


def add_atom(services: Services, project: Project, text: str, options: AddOptions) -> AddReport:
    """Add the atom a URI names to a project and lock the whole closure.

    Manifest and lock change together or not at all. Without a requirement the newest stable
    version is taken, with Cargo's caret.

    Raises:
        UriIncomplete: the URI names no label.
        OwnSetOnly: it names no source, and there is no such atom around the project.
        AtomNotFound: the source has no such atom, or no version of it that fits.
        SetNameTaken: the manifest calls another set so.
        Unsatisfiable: it does not fit with the other dependencies; nothing is written.

    Source: atom-spec/workflow.md [flow-pair].
    """
    uri = parse_atom_uri(text, services.aliases)
    if uri.label is None:
        raise UriIncomplete(text, "label")
    with project_lock(project.directory):
        manifest_bytes, old_bytes = project.manifest_bytes(), project.lock_bytes()
        manifest, previous = project.parse(manifest_bytes), read_previous(services, project)
        source = source_of(uri, text, services) if uri.source is not None else None
        if source is None and find_set_root(project.directory) is None:
            raise OwnSetOnly(uri.label.text)
        requirement = uri.requirement or _default(services, project, uri.label, source)
        sets = _Sets(manifest, str(project.directory))
        name = sets.name_for(source, options.set_name)
        line = _Line(name, uri.label, dev=options.dev)
        before = line.found_in(manifest)
        edited = line.written(manifest_bytes, requirement, sets.new_urls(name, source), services)
        choice = LockOptions(
            accepted_sources=options.accepted_sources, typed_sources=(source,) if source else ()
        )
        lock = resolve(services, project, edited, choice, previous)
        new_bytes = encode_lock(lock)
        is_changed = (edited, new_bytes) != (manifest_bytes, old_bytes)
        written = is_changed and not options.dry_run
        if written:
            write_files(project.directory, {MANIFEST: edited, LOCK: new_bytes})
    if written and source is not None and source.password is not None:
        services.progress.note("the password is not written; later commands ask git for it")
    return AddReport(
        project=project,
        label=uri.label,
        requirement=requirement.text,
        set_name=name,
        source=source,
        selected=line.selected(lock, project, project.parse(edited)),
        changes=lock_changes(services, previous.lock, lock),
        before=before.requirement.text if before else None,
        written=written,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """The line of a manifest that is added or changed."""

    set_name: str
    label: Label
    dev: bool

    def found_in(self, manifest: Manifest) -> Dependency | None:
        """Return the line as a manifest has it."""
        lines = manifest.dev_dependencies if self.dev else manifest.dependencies
        wanted = (self.set_name, self.label)
        return next((line for line in lines if (line.set_name, line.label) == wanted), None)

    def written(
        self,
        manifest: bytes,
        requirement: Requirement,
        urls: tuple[str, ...] | None,
        services: Services,
    ) -> bytes:
        """Return a manifest with this line."""
        return add_dependency(
            manifest.decode("utf-8"),
            set_name=self.set_name,
            urls=urls,
            label=self.label,
            requirement=requirement.text,
            dev=self.dev,
            aliases=services.aliases,
        ).encode()

    def selected(self, lock: Lock, project: Project, manifest: Manifest) -> Version:
        """Return the version that a lock has for this line."""
        line = self.found_in(manifest)
        if line is None:  # pragma: no cover - the edit would have failed
            raise AssertionError(self)
        place = str(project.directory)
        return Selector(lock).select(ROOT, manifest, line, place=place).version


@dataclass(frozen=True, slots=True)
class _Sets:
    """The sets that a manifest declares, seen from its directory."""

    manifest: Manifest
    directory: str

    def name_for(self, source: SourceUrl | None, wish: str | None) -> str:
        """Return the name of a source: the wish, or the one it has, or a new one.

        Raises:
            SetNameTaken: the wish names another set.
        """
        sets = self.manifest.package.sets
        if wish is not None:
            if wish in sets and not self._is(wish, source):
                raise SetNameTaken(wish, [url.public for url in sets[wish].urls] or ["::"])
            return wish
        known = next((name for name in sets if self._is(name, source)), None)
        if known is not None:
            return known
        stem = OWN_SET_NAME if source is None else _stem(source)
        name, count = stem, 2
        while name in sets:
            name, count = f"{stem}-{count}", count + 1
        return name

    def new_urls(self, name: str, source: SourceUrl | None) -> tuple[str, ...] | None:
        """Return what must be declared for a set; None means the own set."""
        if source is None:
            return None
        return () if name in self.manifest.package.sets else (source.public,)

    def _is(self, name: str, source: SourceUrl | None) -> bool:
        declared = self.manifest.package.sets[name]
        if source is None:
            return declared.own
        return any(url.absolute(self.directory).public == source.public for url in declared.urls)


def _default(
    services: Services, project: Project, label: Label, source: SourceUrl | None
) -> Requirement:
    if source is None:
        found = open_own_set(services, project.directory).versions(label)
        if not found:
            raise OwnSetOnly(label.text)
        return Requirement.parse(f"^{max(found).text}")
    listings = Listings(services)
    listed = listings.versions((source,), [label])[label]
    if not listed:
        from eka.workflow.suggest import hint  # noqa: PLC0415 - only an error needs it

        raise AtomNotFound(
            label.text,
            source.public,
            why="no version of it is published there",
            known=hint(services, source, label),
        )
    statuses = read_statuses(services, listings, (source,), [label])
    said = {version: status for (_, version), status in statuses.items()}
    return Requirement.parse(f"^{newest(select(listed, None, said)).version.text}")


def _stem(source: SourceUrl) -> str:
    last = source.path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    try:
        return Tag.typed(last).text
    except InvalidTag:
        return DEFAULT_SET_NAME
