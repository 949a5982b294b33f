"""Checks the atoms of a commit before anything of them is published; finds all problems at once.

Source: atom-spec/publishing.md, the clauses on checks.
"""

from __future__ import annotations

import hashlib

from eka.atom import (
    Label,
    PatchPublished,
    PypiSource,
    case_fold,
    check_foreign,
    check_tree,
    lock_version,
    parse_lock,
    requirements_digest,
    skeleton,
)
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Problems
from eka.git.own_cycles import find_cycles
from eka.git.publish_errors import (
    ConfusableLabel,
    DuplicateLabel,
    LabelNotInSet,
    LockNotCommitted,
    LockOutdated,
    OwnDependencyCycle,
    OwnDependencyMissing,
    OwnDependencyUnmet,
    PatchNotPublishable,
)
from eka.git.source_set import TOP
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import Dependency, Lock, Version
    from eka.git.batch_reader import BatchReader
    from eka.git.source_set import SourceAtom, SourceSet

_READ_TOGETHER = 20_000  # objects of several atoms that are read at once
_SMALL_BYTES = 1024  # what the tree policy may want to read: pointers, symlinks
_LOCK_VERSION = 2


@dataclass(frozen=True, slots=True)
class AtomProblems:
    """What speaks against publishing atoms."""

    always: list[EkaError]
    if_new: dict[tuple[Label, Version], EkaError]
    """What is wrong with a version only where it is not published yet."""


def select(
    source: SourceSet, labels: Sequence[Label] | None
) -> tuple[tuple[SourceAtom, ...], list[EkaError]]:
    """Return the atoms that are asked for (None: all), and what is wrong with the asking."""
    if labels is None:
        return source.atoms, list(source.broken.values())
    chosen: list[SourceAtom] = []
    problems: list[EkaError] = []
    for label in dict.fromkeys(labels):
        found = source.labelled(label)
        chosen += found
        if not found:
            known = sorted(atom.label.text for atom in source.atoms)
            problems.append(LabelNotInSet(label, known, _why_absent(source)))
    if problems:
        # The label may be in a manifest that could not be read.
        problems += source.broken.values()
    return tuple(chosen), problems


def check_atoms(
    source: SourceSet, chosen: Sequence[SourceAtom], reader: BatchReader, *, for_others: bool
) -> AtomProblems:
    """Return everything that speaks against publishing the ``chosen`` atoms.

    Args:
        source: The whole set of the commit.
        chosen: What is to be published of it.
        reader: Where the commit's objects are.
        for_others: Whether it is published where other people, on other machines, get it.
    """
    problems = _label_problems(source, chosen)
    by_label = {atom.label: atom for atom in source.atoms}
    own_problems = [
        problem for atom in chosen for problem in _own_dependency_problems(atom, by_label)
    ]
    if any(isinstance(problem, OwnDependencyMissing) for problem in own_problems):
        problems += source.broken.values()  # the atom may be among those that cannot be read
    problems += own_problems
    problems += _patch_problems(chosen)
    problems += _cycle_problems(chosen, by_label)
    found = AtomProblems(problems, {})
    versions = {atom.label: atom.version for atom in source.atoms}
    for group in grouped(chosen):
        preload(group, reader, max_bytes=_SMALL_BYTES)
        for atom in group:
            _check_content(atom, reader, versions, found)
    if for_others:
        problems += _foreign_problems(chosen)
    return found


def grouped(atoms: Sequence[SourceAtom]) -> Iterable[Sequence[SourceAtom]]:
    """Yield the atoms in groups whose objects are read together."""
    group: list[SourceAtom] = []
    size = 0
    for atom in atoms:
        if group and size + len(atom.items) > _READ_TOGETHER:
            yield group
            group, size = [], 0
        group.append(atom)
        size += len(atom.items)
    if group:
        yield group


def preload(atoms: Sequence[SourceAtom], reader: BatchReader, *, max_bytes: int) -> None:
    """Read the directories of some atoms, and their files of up to ``max_bytes``, at once."""
    wanted = [atom.tree for atom in atoms]
    for atom in atoms:
        wanted += [
            item.oid
            for item in atom.items
            if item.kind == "tree" or (item.size_bytes or 0) <= max_bytes
        ]
    reader.preload(wanted)


def _why_absent(source: SourceSet) -> str:
    if not source.outside:
        return ""
    shown = ", ".join(sorted(source.outside)[:3])
    return f"atoms that `[set] packages` does not name: {shown}"


def _label_problems(source: SourceSet, chosen: Sequence[SourceAtom]) -> list[EkaError]:
    """Return the labels of ``chosen`` that are, or look like, another label of the set."""
    problems: list[EkaError] = []
    by_label: dict[Label, list[SourceAtom]] = {}
    for atom in source.atoms:
        by_label.setdefault(atom.label, []).append(atom)
    wanted = {atom.label for atom in chosen}
    for label, atoms in by_label.items():
        if label in wanted and len(atoms) > 1:
            problems.append(DuplicateLabel(label, [atom.path for atom in atoms]))
    files = {label: atoms[0].manifest_file for label, atoms in by_label.items()}
    problems += confusable_labels(files, wanted)
    return problems


def confusable_labels(
    files: Mapping[Label, str], wanted: Iterable[Label]
) -> list[ConfusableLabel]:
    """Return each pair of labels that could be taken for one another, one of them ``wanted``.

    Args:
        files: Every label of the set, and where it stands.
        wanted: The labels that matter.

    Source: atom-spec/publishing.md [publish-confusable].
    """
    problems: list[ConfusableLabel] = []
    chosen = set(wanted)
    for key, is_case in ((case_fold, True), (skeleton, False)):
        alike: dict[str, list[Label]] = {}
        for label in sorted(files):
            alike.setdefault(key(label), []).append(label)
        for first, *others in alike.values():
            for other in others:
                if not chosen.isdisjoint((first, other)) and not _is_told(problems, first, other):
                    where = f"{files[first]}, {files[other]}"
                    problems.append(ConfusableLabel(other, first, where, is_case=is_case))
    return problems


def _is_told(problems: Iterable[ConfusableLabel], first: Label, other: Label) -> bool:
    return any((p.label, p.other) == (other.text, first.text) for p in problems)


def _own_dependency_problems(
    atom: SourceAtom, by_label: Mapping[Label, SourceAtom]
) -> Iterable[EkaError]:
    for dependency in own_dependencies(atom):
        found = by_label.get(dependency.label)
        if found is None:
            known = sorted(label.text for label in by_label)
            yield OwnDependencyMissing(dependency.label, known, dependency.span)
        elif not dependency.requirement.matches(found.version):
            yield OwnDependencyUnmet(
                dependency.label,
                expected=dependency.requirement,
                found=found.version,
                span=dependency.span,
            )


def _cycle_problems(
    chosen: Sequence[SourceAtom], by_label: Mapping[Label, SourceAtom]
) -> Iterable[EkaError]:
    """Yield circles of dependencies; those of development never reach consumers."""
    needs = {
        label: [each.label for each in own_dependencies(atom, dev=False) if each.label in by_label]
        for label, atom in by_label.items()
    }
    for circle in find_cycles(needs, [atom.label for atom in chosen]):
        first = by_label[circle[0]]
        yield OwnDependencyCycle([label.text for label in circle], first.manifest_file)


def _stale_entry(lock: Lock, versions: Mapping[Label, Version]) -> str:
    """Return why a lock has other atoms of the set than the commit; empty when it has not.

    Source: atom-spec/publishing.md [publish-lock-own].
    """
    for each in lock.atoms:
        now = versions.get(each.key.label)
        if each.is_own and now != each.key.version:
            what = now.text if now else "no longer in the set"
            return f"it has {each.key.label.text} {each.key.version.text}, which is {what}"
    return ""


def own_dependencies(atom: SourceAtom, *, dev: bool = True) -> list[Dependency]:
    """Return the dependencies of an atom on atoms of its own set, those of development if so."""
    manifest = atom.manifest
    lines = (*manifest.dependencies, *(manifest.dev_dependencies if dev else ()))
    own = {name for name, declared in manifest.package.sets.items() if declared.own}
    return [dependency for dependency in lines if dependency.set_name in own]


def _patch_problems(chosen: Sequence[SourceAtom]) -> Iterable[EkaError]:
    for atom in chosen:
        if patches := atom.manifest.patches:
            labels = [patch.label.text for patch in patches]
            yield PatchNotPublishable(atom.manifest_file, labels, patches[0].span)


def _foreign_problems(chosen: Sequence[SourceAtom]) -> list[EkaError]:
    """Return the sets that other people could not find by what the manifests say."""
    problems: list[EkaError] = []
    for atom in chosen:
        try:
            check_foreign(atom.manifest)
        except EkaError as error:
            found = flattened(error)
            problems += [each for each in found if not isinstance(each, PatchPublished)]
    return problems


def _check_content(
    atom: SourceAtom, reader: BatchReader, versions: Mapping[Label, Version], found: AtomProblems
) -> None:
    """Add to ``found`` what is wrong with the tree and the lock of one atom."""
    try:
        check_tree(atom.tree, reader)
    except EkaError as error:
        found.always.extend(_placed(problem, atom) for problem in flattened(error))
    try:
        lock = _checked_lock(atom, reader)
    except EkaError as error:
        found.always.extend(flattened(error))
        return
    if lock is not None and (why := _stale_entry(lock, versions)):
        found.if_new[atom.label, atom.version] = LockOutdated(atom.lock_file, why)


def _checked_lock(atom: SourceAtom, reader: BatchReader) -> Lock | None:
    """Return the lock an atom carries, if it is what its manifest asks for.

    Whoever depends on the atom takes its pins of direct sources from there.
    """
    if atom.lock_blob is None:
        if atom.manifest.direct:
            raise LockNotCommitted(atom.lock_file)
        return None
    data = reader.blob(atom.lock_blob)
    if lock_version(data, atom.lock_file) < _LOCK_VERSION:
        return None  # of another eka: its own business
    lock = parse_lock(data, atom.lock_file)
    if lock.requirements != requirements_digest(atom.manifest):
        raise LockOutdated(atom.lock_file)
    if name := _foreign_lock_changed(atom, lock, reader):
        raise LockOutdated(atom.lock_file, f"{name} is another than the one that was pinned")
    return lock


def _foreign_lock_changed(atom: SourceAtom, lock: Lock, reader: BatchReader) -> str:
    """Return a lock file of another tool that the pins of a lock are not from; else nothing.

    Source: atom-spec/publishing.md [publish-lock-foreign].
    """
    pinned = {pin.name: pin.lock_sha256 for pin in lock.direct if pin.owner is None}
    for source in atom.manifest.direct:
        if isinstance(source, PypiSource) and source.lock:
            path = f"{atom.path}/{source.lock}" if atom.path != TOP else source.lock
            blobs = [item.oid for item in atom.items if item.path == path.encode()]
            found = hashlib.sha256(reader.blob(blobs[0])).hexdigest() if blobs else ""
            if pinned.get(source.name.text) != found:
                return source.lock
    return ""


def _placed(problem: EkaError, atom: SourceAtom) -> EkaError:
    """Let a problem say where in the repository it is, not where in the atom."""
    if atom.path != TOP:
        problem.where = f"{atom.path}/{problem.where}" if problem.where else atom.path
    return problem


def flattened(error: EkaError) -> list[EkaError]:
    """Return the single problems an error stands for."""
    return list(error.problems) if isinstance(error, Problems) else [error]
