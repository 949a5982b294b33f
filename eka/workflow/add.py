"""``eka add``: dependencies into the manifest, and their closure into the lock."""

from __future__ import annotations

from eka.atom import encode_lock
from eka.atom.edit import add_dependency, add_direct
from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, Selector
from eka.values import dataclass
from eka.workflow.add_sets import DeclaredSets
from eka.workflow.add_wishes import Place, required, understood
from eka.workflow.direct_changes import diff_direct
from eka.workflow.listing import Listings
from eka.workflow.lock_signers import lock_changes
from eka.workflow.pair import project_lock, write_files
from eka.workflow.previous import read_previous
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.resolution import LockOptions, Shared, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Dependency, Label, Lock, Manifest, Requirement, SourceUrl, Version
    from eka.workflow.add_kinds import TypedSource
    from eka.workflow.add_wishes import Wish
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """How to add."""

    set_name: str | None = None
    dev: bool = False
    dry_run: bool = False
    accepted_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """An atom that is required now."""

    label: Label
    requirement: str
    set_name: str
    source: SourceUrl | None  # None: the project's own set
    selected: Version
    before: str | None  # the requirement that stood there before


@dataclass(frozen=True, slots=True)
class AddedDirect:
    """A direct source that is declared now."""

    kind: str
    name: Label
    is_new: bool  # False: there was one of this name
    is_change: bool  # False: it was declared just so


@dataclass(frozen=True, slots=True)
class AddReport:
    """What was added."""

    project: Project
    atoms: tuple[Added, ...]
    direct: tuple[AddedDirect, ...]
    changes: tuple[Change, ...]
    direct_changes: tuple[DirectChange, ...]
    written: bool  # False: a dry run, or everything was so already


def add_dependencies(
    services: Services, project: Project, texts: Sequence[str], options: AddOptions
) -> AddReport:
    """Add what ``texts`` name to a project, and lock the whole closure.

    Manifest and lock change together or not at all. Without a requirement the newest stable
    version is taken, with Cargo's caret.

    Raises:
        UriIncomplete: a URI names no label.
        OwnSetOnly: one names no source, and there is no such atom around the project.
        AtomNotFound: a source has no such atom, or no version of it that fits.
        SetNameTaken: the manifest calls another set so.
        Unsatisfiable: it does not fit with the other dependencies; nothing is written.

    Source: atom-spec/changes.md [change-add-all], atom-spec/workflow.md [flow-pair].
    """
    with project_lock(project.directory):
        manifest_bytes, old_bytes = project.manifest_bytes(), project.lock_bytes()
        manifest, previous = project.parse(manifest_bytes), read_previous(services, project)
        place, listings = Place(services, manifest, project.directory), Listings(services)
        wishes, sources = understood(place, texts, options.set_name, dev=options.dev)
        wishes = required(place, wishes, listings)
        edit = _Edit(services, project, manifest_bytes.decode("utf-8"))
        lines = [edit.add(wish, options) for wish in wishes]
        direct = tuple(edit.declare(each) for each in sources)
        edited = edit.text.encode()
        choice = LockOptions(
            dry_run=options.dry_run,
            accepted_sources=options.accepted_sources,
            typed_sources=tuple(wish.typed for wish in wishes if wish.typed is not None),
        )
        lock = resolve(services, project, edited, choice, previous, Shared(None, listings))
        new_bytes = encode_lock(lock)
        is_changed = (edited, new_bytes) != (manifest_bytes, old_bytes)
        written = is_changed and not options.dry_run
        if written:
            write_files(project.directory, {MANIFEST: edited, LOCK: new_bytes})
    if written and any(each.password is not None for each in choice.typed_sources):
        services.progress.note("the password is not written; later commands ask git for it")
    new = project.parse(edited)
    return AddReport(
        project=project,
        atoms=tuple(line.added(lock, project, manifest, new) for line in lines),
        direct=direct,
        changes=lock_changes(services, previous.lock, lock),
        direct_changes=diff_direct(previous.lock, lock),
        written=written,
    )


class _Edit:
    """The text of a manifest while things are added to it, one after the other."""

    def __init__(self, services: Services, project: Project, text: str) -> None:
        self._services = services
        self._project = project
        self.text = text

    def add(self, wish: Wish, options: AddOptions) -> _Line:
        """Add an atom; a set that it brings along is known to those that follow."""
        manifest = self._project.parse(self.text.encode())
        sets = DeclaredSets(manifest, str(self._project.directory))
        name = wish.set_name or sets.name_for(wish.source, options.set_name)
        self.text = add_dependency(
            self.text,
            set_name=name,
            urls=sets.new_urls(name, wish.source),
            label=wish.label,
            requirement=_requirement(wish).text,
            dev=options.dev,
            aliases=self._services.aliases,
        )
        return _Line(wish, name, dev=options.dev)

    def declare(self, source: TypedSource) -> AddedDirect:
        """Add a direct source, or change its declaration."""
        before = self.text
        known = self._project.parse(before.encode()).direct
        is_new = (source.kind, source.name) not in {(each.kind, each.name) for each in known}
        self.text = add_direct(before, source.kind, source.name, source.spec)
        return AddedDirect(source.kind, source.name, is_new, self.text != before)


@dataclass(frozen=True, slots=True)
class _Line:
    """The line of a manifest that is added or changed."""

    wish: Wish
    set_name: str
    dev: bool

    def added(self, lock: Lock, project: Project, old: Manifest, new: Manifest) -> Added:
        """Return what became of it."""
        before, after = self._found_in(old), self._found_in(new)
        if after is None:  # pragma: no cover - the edit would have failed
            raise AssertionError(self)
        selected = Selector(lock).select(ROOT, new, after, place=str(project.directory))
        return Added(
            label=self.wish.label,
            requirement=_requirement(self.wish).text,
            set_name=self.set_name,
            source=self.wish.source,
            selected=selected.version,
            before=before.requirement.text if before else None,
        )

    def _found_in(self, manifest: Manifest) -> Dependency | None:
        lines = manifest.dev_dependencies if self.dev else manifest.dependencies
        wanted = (self.set_name, self.wish.label)
        return next((line for line in lines if (line.set_name, line.label) == wanted), None)


def _requirement(wish: Wish) -> Requirement:
    if wish.requirement is None:  # pragma: no cover - `required` gave it one
        raise AssertionError(wish)
    return wish.requirement
