"""``eka import``: what another tool's lock file pins into the manifest and the lock."""

from __future__ import annotations

from eka.atom import Label, PypiSource, encode_lock, read_toml
from eka.atom.edit import add_direct
from eka.checking import TYPE_CHECKING
from eka.direct import ForeignLockInvalid, ForeignLockMissing
from eka.errors import EkaError
from eka.values import dataclass
from eka.workflow.foreign_lock import lock_bytes
from eka.workflow.import_draft import Draft
from eka.workflow.import_python import PythonFound, find_python
from eka.workflow.lock_signers import lock_changes
from eka.workflow.pair import project_lock, write_files
from eka.workflow.previous import Previous, read_previous
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.resolution import LockOptions, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Lock, LockedDirect, Manifest, TomlValue
    from eka.workflow.lock_changes import Change
    from eka.workflow.project import Project
    from eka.workflow.services import Services

DEFAULT_NAME = "site"
V1_TABLES = frozenset({"sets", "deps", "locker", "compose"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How to import."""

    name: str | None = None  # of the direct source
    python: str | None = None
    platform: str | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import came to."""

    form: str  # python, or atom-v1
    declared: tuple[tuple[str, str], ...]  # kind, or set, and name of what the manifest has now
    left: tuple[tuple[str, str], ...] = ()  # what does not map, and why
    python: str = ""
    platform: str = ""
    packages: tuple[LockedDirect, ...] = ()  # for each system
    changes: tuple[Change, ...] = ()
    written: bool = False  # False: a dry run, or everything was so already


def import_lock(
    services: Services, project: Project, path: Path, options: ImportOptions
) -> ImportReport:
    """Declare in a project what a lock file pins, and lock it. All or nothing is written.

    Args:
        services: Ports.
        project: What is to have it.
        path: A ``uv.lock``, ``poetry.lock`` or ``pylock.toml`` in the project's directory, or an
            ``atom.lock`` of version 1 anywhere.
        options: How.

    Raises:
        ForeignLockMissing, ForeignLockInvalid: it cannot be read, or is none of these.
        PythonUnknown: nothing says for which Python.
        PackagesUnmapped: a package that is needed cannot be pinned.

    Source: atom-spec/direct.md [pypi-import], atom-spec/workflow.md [flow-pair].
    """
    with project_lock(project.directory):
        manifest_bytes, old_bytes = project.manifest_bytes(), project.lock_bytes()
        previous = read_previous(services, project)
        draft = _draft(services, project, path, previous, options)
        edited = draft.text.encode()
        choice = LockOptions(dry_run=options.dry_run)
        lock = resolve(services, project, edited, choice, draft.previous)
        new_bytes = encode_lock(lock)
        is_changed = (edited, new_bytes) != (manifest_bytes, old_bytes)
        written = is_changed and not options.dry_run
        if written:
            write_files(project.directory, {MANIFEST: edited, LOCK: new_bytes})
    return ImportReport(
        form=draft.form,
        declared=draft.declared,
        left=draft.left,
        python=draft.found.python,
        platform=draft.found.platform,
        packages=_packages(lock, draft),
        changes=lock_changes(services, previous.lock, lock),
        written=written,
    )


def _draft(
    services: Services, project: Project, path: Path, previous: Previous, options: ImportOptions
) -> Draft:
    place = path.parent.resolve() / path.name
    data = lock_bytes(place.parent, place.name)
    try:
        tables = read_toml(data, str(path), max_bytes=len(data) + 1).data
    except EkaError as error:
        raise ForeignLockInvalid(error.where, error.why) from error
    text = project.manifest_bytes().decode("utf-8")
    if "package" not in tables and V1_TABLES & tables.keys():
        from eka.workflow.import_v1 import draft_v1  # noqa: PLC0415 - few have such locks

        return draft_v1(text, project.parse(text.encode()), data, str(path))
    if not place.is_relative_to(project.directory):
        why = "it lies outside of the atom's directory, and stays the truth; copy it there"
        raise ForeignLockMissing(str(path), why)
    relative = place.relative_to(project.directory).as_posix()
    return _python_draft(services, project, relative, previous, options)


def _python_draft(
    services: Services, project: Project, lock: str, previous: Previous, options: ImportOptions
) -> Draft:
    manifest = project.manifest()
    known = _known(manifest, lock, options.name)
    name = Label(options.name) if options.name else known.name if known else Label(DEFAULT_NAME)
    if options.python or known:
        old = PythonFound(known.python, known.platform) if known else PythonFound()
        found = PythonFound(options.python or old.python, options.platform or old.platform)
    else:
        pins = previous.lock
        if pins is None and manifest.direct:
            trial = LockOptions(dry_run=True)
            pins = resolve(services, project, project.manifest_bytes(), trial, previous)
            previous = Previous(pins, previous.preferred)
        found = find_python(manifest, pins, options.platform)
    spec: dict[str, TomlValue] = {"lock": lock, "python": found.python}
    if found.platform:
        spec["platform"] = found.platform
    lists = {"extras": options.extras, "groups": options.groups, "skip": options.skip}
    for key, asked in lists.items():
        values = asked or (getattr(known, key) if known else ())
        if values:
            spec[key] = list(values)
    if known is not None and known.interpreter:
        spec["interpreter"] = known.interpreter
    text = add_direct(project.manifest_bytes().decode("utf-8"), "pypi", name, spec)
    declared = (("pypi", name.text),)
    return Draft(form="python", text=text, previous=previous, declared=declared, found=found)


def _known(manifest: Manifest, lock: str, name: str | None) -> PypiSource | None:
    """Return the source that was imported from this file before."""
    for source in manifest.direct:
        wanted = source.name.text == name if name else True
        if isinstance(source, PypiSource) and wanted and (name or source.lock == lock):
            return source
    return None


def _packages(lock: Lock, draft: Draft) -> tuple[LockedDirect, ...]:
    names = set(draft.declared)
    return tuple(
        pin
        for pin in lock.direct
        if pin.owner is None and pin.kind == "pypi" and (pin.kind, pin.name) in names
    )
