"""``eka pin`` and ``eka unpin``: a requirement that accepts one version, and back.

Source: atom-spec/changes.md [change-pin], [change-unpin].
"""

from __future__ import annotations

from eka.atom import Operator, Requirement, Version, encode_lock, requirements_digest
from eka.atom.edit import set_requirement
from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, InputUnpinned, Selector
from eka.errors import EkaError, Exit, raise_problems
from eka.values import dataclass
from eka.workflow.direct_changes import diff_direct
from eka.workflow.listing import Listings
from eka.workflow.lock_signers import lock_changes
from eka.workflow.named_lines import find_lines
from eka.workflow.pair import project_lock, write_files
from eka.workflow.previous import read_previous
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.resolution import LockOptions, Shared, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import Dependency, Lock, Manifest
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change
    from eka.workflow.named_lines import NamedLine
    from eka.workflow.previous import Previous
    from eka.workflow.project import Project
    from eka.workflow.services import Services

WHOLE = 3  # numbers of a requirement that names one version


class PinnedTwice(EkaError):
    """One command pins an atom to different versions."""

    code = "pinned-twice"
    exit_status = Exit.USAGE

    def __init__(self, title: str, texts: Sequence[str]) -> None:
        super().__init__(
            what=f"{title} cannot have several versions",
            where=", ".join(texts),
            fix="name it once",
        )


@dataclass(frozen=True, slots=True)
class PinnedLine:
    """A line of the manifest, before and after."""

    line: NamedLine
    after: Requirement

    @property
    def is_change(self) -> bool:
        """False: it was so already."""
        return self.line.line.requirement != self.after


@dataclass(frozen=True, slots=True)
class PinReport:
    """What was pinned, or is free again."""

    project: Project
    lines: tuple[PinnedLine, ...]
    changes: tuple[Change, ...]
    direct_changes: tuple[DirectChange, ...]
    written: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """A project whose lines are to be changed."""

    services: Services
    project: Project
    manifest_bytes: bytes
    manifest: Manifest
    previous: Previous
    shared: Shared


def pin_versions(
    services: Services, project: Project, names: Sequence[str], *, dry_run: bool
) -> PinReport:
    """Let lines accept one version only: the one named, or the one that is locked.

    Args:
        services: Ports.
        project: Whose manifest and lock change.
        names: ``LABEL``, ``SET::LABEL``, either with ``@VERSION``.
        dry_run: Write nothing.

    Raises:
        NotDirect, LineAmbiguous: a name is not that of one dependency.
        InvalidVersion: what follows the ``@`` is not a whole version.
        Unsatisfiable, NoMatchingVersion: the version does not fit, or does not exist.
    """

    def pinned(task: _Task) -> list[PinnedLine]:
        found: dict[NamedLine, Requirement] = {}
        locked = _Locked(task)
        for name, lines in _named(task, names).items():
            text = name.partition("@")[2]
            version = Version.parse(text.removeprefix("=").strip()) if text else None
            for line in lines:
                known = line.line.requirement
                wanted = Requirement(f"={version.text}") if version else None
                if wanted is None:
                    wanted = known if is_pin(known) else locked.pin(line.line)
                other = found.setdefault(line, wanted)
                if other != wanted:
                    raise PinnedTwice(line.title, [other.text, wanted.text])
        return [PinnedLine(line, after) for line, after in found.items()]

    return _changed(services, project, pinned, dry_run=dry_run)


def unpin_versions(
    services: Services, project: Project, names: Sequence[str], *, dry_run: bool
) -> PinReport:
    """Let lines that accept one version accept all that are compatible with it.

    Raises: as `pin_versions`.
    """

    def unpinned(task: _Task) -> list[PinnedLine]:
        found: dict[NamedLine, Requirement] = {}
        for lines in _named(task, names).values():
            for line in lines:
                known = line.line.requirement
                is_one = is_pin(known)
                found[line] = Requirement(f"^{_version(known)}") if is_one else known
        return [PinnedLine(line, after) for line, after in found.items()]

    return _changed(services, project, unpinned, dry_run=dry_run)


def _named(task: _Task, names: Sequence[str]) -> dict[str, list[NamedLine]]:
    """Return the lines that each name means, without its version."""
    found: dict[str, list[NamedLine]] = {}
    problems: list[EkaError] = []
    for name in names:
        try:
            called = name.partition("@")[0]
            found[name] = find_lines(task.manifest, task.previous.lock, called)
        except EkaError as error:
            problems.append(error)
    raise_problems(problems)
    return found


def is_pin(requirement: Requirement) -> bool:
    """Whether a requirement accepts one version only, by naming it."""
    return len(requirement.comparators) == 1 and all(
        each.operator is Operator.EXACT and len(each.given) == WHOLE
        for each in requirement.comparators
    )


def _version(pin: Requirement) -> str:
    return pin.text.strip(" ").removeprefix("=").strip(" ")


class _Locked:
    """The lock of a project as its manifest is now, found out when it is asked for."""

    def __init__(self, task: _Task) -> None:
        self._task = task
        self._lock: Lock | None = None

    def pin(self, line: Dependency) -> Requirement:
        """Return the requirement that accepts what is locked for a line, and nothing else."""
        task = self._task
        place = str(task.project.directory)
        try:
            key = Selector(self._current()).select(ROOT, task.manifest, line, place=place)
        except InputUnpinned:
            # A directory stands for it, or the lock is of another tree: choose anew.
            self._lock = self._resolved()
            key = Selector(self._lock).select(ROOT, task.manifest, line, place=place)
        return Requirement(f"={key.version.text}")

    def _current(self) -> Lock:
        if self._lock is None:
            lock = self._task.previous.lock
            is_current = lock is not None and lock.requirements == requirements_digest(
                self._task.manifest
            )
            self._lock = lock if lock is not None and is_current else self._resolved()
        return self._lock

    def _resolved(self) -> Lock:
        task = self._task
        return resolve(
            task.services, task.project, task.manifest_bytes, LockOptions(dry_run=True),
            task.previous, task.shared,
        )  # fmt: skip


def _changed(
    services: Services,
    project: Project,
    find: Callable[[_Task], list[PinnedLine]],
    *,
    dry_run: bool,
) -> PinReport:
    with project_lock(project.directory):
        manifest_bytes, old_bytes = project.manifest_bytes(), project.lock_bytes()
        manifest, previous = project.parse(manifest_bytes), read_previous(services, project)
        shared = Shared(None, Listings(services))
        task = _Task(services, project, manifest_bytes, manifest, previous, shared)
        lines = find(task)
        text = manifest_bytes.decode("utf-8")
        for each in lines:
            if each.is_change:
                text = set_requirement(text, each.line.line, each.after, dev=each.line.dev)
        edited = text.encode()
        if edited == manifest_bytes:
            return PinReport(project, tuple(lines), (), (), written=False)
        lock = resolve(services, project, edited, LockOptions(dry_run=dry_run), previous, shared)
        new_bytes = encode_lock(lock)
        texts = {MANIFEST: edited, LOCK: new_bytes}
        if new_bytes == old_bytes:
            del texts[LOCK]
        if not dry_run:
            write_files(project.directory, texts)
    changes = lock_changes(services, previous.lock, lock)
    direct = diff_direct(previous.lock, lock)
    return PinReport(project, tuple(lines), changes, direct, written=not dry_run)
