"""``eka remove``: dependencies out of the manifest, and what only they needed out of the lock."""

from __future__ import annotations

from eka.atom import encode_lock
from eka.atom.edit_remove import Removal, remove_dependency, remove_direct
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Problems, raise_problems
from eka.values import dataclass
from eka.workflow.direct_changes import diff_direct
from eka.workflow.lock_signers import lock_changes
from eka.workflow.named_lines import LineAmbiguous, NamedLine, lines_of, not_direct
from eka.workflow.pair import project_lock, write_files
from eka.workflow.previous import read_previous
from eka.workflow.project import LOCK, MANIFEST
from eka.workflow.prune import pruned
from eka.workflow.resolution import LockOptions, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import DirectSource, Lock, Manifest
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change
    from eka.workflow.previous import Previous
    from eka.workflow.project import Project
    from eka.workflow.services import Services


class StillUsed(EkaError):
    """Something else in a manifest names what is to be removed from it."""

    code = "still-used"
    exit_status = Exit.CONFLICT

    def __init__(self, names: Sequence[str], where: str, problem: EkaError) -> None:
        parts = problem.problems if isinstance(problem, Problems) else (problem,)
        told = [each.span.text.strip() if each.span else each.what for each in parts]
        super().__init__(
            what=f"atom.toml still uses {', '.join(names)}",
            where=where,
            why="\n".join(f"it says: {each}" for each in dict.fromkeys(told)),
            fix="change that first, then remove the dependency",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOptions:
    """How to remove."""

    dev: bool | None = None  # None: whichever line there is
    direct: str | None = None  # the kind of direct sources that are meant
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """What was removed."""

    project: Project
    lines: tuple[NamedLine, ...]
    direct: tuple[DirectSource, ...]
    rest: Removal  # what went, or stayed, with them
    changes: tuple[Change, ...]
    direct_changes: tuple[DirectChange, ...]
    written: bool


def remove_dependencies(
    services: Services, project: Project, names: Sequence[str], options: RemoveOptions
) -> RemoveReport:
    """Remove what ``names`` call from a project, and from its lock what only that needed.

    Manifest and lock change together or not at all; no version of what stays changes.

    Raises:
        NotDirect: a name is not in the manifest (`Problems` if several are not).
        LineAmbiguous: a name may mean several things in it.
        StillUsed: the manifest needs it elsewhere; nothing is written.
        EditFailed: it is written in a way that cannot be edited.

    Source: atom-spec/changes.md [change-remove].
    """
    with project_lock(project.directory):
        manifest_bytes, old_bytes = project.manifest_bytes(), project.lock_bytes()
        manifest, previous = project.parse(manifest_bytes), read_previous(services, project)
        lines, direct = _found(manifest, previous.lock, names, options)
        rest = _without(manifest_bytes.decode("utf-8"), lines, direct)
        edited = rest.text.encode()
        try:
            new = project.parse(edited)
        except EkaError as error:
            titles = [*(each.title for each in lines), *(each.name.text for each in direct)]
            raise StillUsed(titles, str(project.manifest_path), error) from error
        lock = _lock(services, project, (manifest, new, edited), previous, options)
        new_bytes = encode_lock(lock)
        written = not options.dry_run
        if written:
            texts = {MANIFEST: edited, LOCK: new_bytes}
            write_files(project.directory, texts if new_bytes != old_bytes else {MANIFEST: edited})
    return RemoveReport(
        project, tuple(lines), tuple(direct), rest,
        lock_changes(services, previous.lock, lock), diff_direct(previous.lock, lock), written,
    )  # fmt: skip


def _lock(
    services: Services,
    project: Project,
    manifests: tuple[Manifest, Manifest, bytes],
    previous: Previous,
    options: RemoveOptions,
) -> Lock:
    old, new, edited = manifests
    if previous.lock is not None:
        lock = pruned(previous.lock, old, new, str(project.directory))
        if lock is not None:
            return lock
    return resolve(services, project, edited, LockOptions(dry_run=options.dry_run), previous)


def _found(
    manifest: Manifest, lock: Lock | None, names: Sequence[str], options: RemoveOptions
) -> tuple[list[NamedLine], list[DirectSource]]:
    lines: dict[NamedLine, None] = {}
    direct: dict[tuple[str, str], DirectSource] = {}
    problems: list[EkaError] = []
    for name in names:
        try:
            found = _one(manifest, lock, name, options)
        except EkaError as error:
            problems.append(error)
            continue
        if isinstance(found, NamedLine):
            lines[found] = None
        else:
            direct[found.kind, found.name.text] = found
    raise_problems(problems)
    return list(lines), list(direct.values())


def _one(
    manifest: Manifest, lock: Lock | None, name: str, options: RemoveOptions
) -> NamedLine | DirectSource:
    """Return the one thing in a manifest that a name means."""
    lines = [
        each
        for each in lines_of(manifest)
        if options.direct is None and options.dev in (None, each.dev)
    ]
    direct = [
        each
        for each in manifest.direct
        if options.direct in (None, each.kind) and options.dev is not True
    ]
    called = [each for each in lines if each.is_called(name)]
    sources = [each for each in direct if each.name.text == name]
    if len(called) + len(sources) > 1:
        words = [_words(each, called) for each in called]
        raise LineAmbiguous(name, [*words, *(f"--direct {each.kind} {name}" for each in sources)])
    if not called and not sources:
        raise not_direct(name, lines, direct, lock)
    return called[0] if called else sources[0]


def _words(line: NamedLine, others: Sequence[NamedLine]) -> str:
    """Return how to name a line so that it is the only one."""
    is_twice = sum(each.title == line.title for each in others) > 1
    option = ("--dev " if line.dev else "--no-dev ") if is_twice else ""
    return f"{option}{line.title}"


def _without(text: str, lines: Sequence[NamedLine], direct: Sequence[DirectSource]) -> Removal:
    rest = Removal(text)
    for each in lines:
        rest = _joined(rest, remove_dependency(rest.text, each.line, dev=each.dev))
    for source in direct:
        rest = _joined(rest, remove_direct(rest.text, source.kind, source.name))
    return rest


def _joined(one: Removal, other: Removal) -> Removal:
    commented = dict.fromkeys((*one.commented, *other.commented))
    return Removal(other.text, one.tables + other.tables, one.sets + other.sets, tuple(commented))
