"""What a new version of one atom changes in the other atoms of its set; reads, writes nothing.

Source: atom-spec/publishing.md, the clauses on new versions.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from eka.atom import (
    encode_lock,
    followed_requirement,
    lock_with_versions,
    next_in_kind,
    parse_lock,
    requirements_digest,
    source_digest,
)
from eka.atom.edit import set_requirement, set_version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.values import dataclass, field
from eka.workflow.direct_kinds import pinned_kind
from eka.workflow.set_files import FileChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from eka.atom import (
        AtomKey,
        Dependency,
        Label,
        Lock,
        Manifest,
        Requirement,
        Version,
        VersionPart,
    )
    from eka.errors import Span
    from eka.workflow.project import Project


class RequirementNotFollowed(EkaError):
    """A requirement that cannot be changed in its own style."""

    code = "requirement-not-followed"

    def __init__(self, label: str, written: str, version: str, span: Span | None) -> None:
        super().__init__(
            what=f"the requirement {written} on {label} cannot follow to {version}",
            why="no requirement of the same style accepts that version",
            fix="change it by hand, and run the command again",
            span=span,
        )
        self.label, self.written, self.version = label, written, version


class Why(StrEnum):
    """Why an atom gets another version."""

    ASKED = "asked"
    REQUIREMENT = "requirement"
    """Its requirement on an atom that has a new version was changed."""
    LOCK = "lock"
    """Its lock has an atom that has a new version."""


@dataclass(frozen=True, slots=True)
class Member:
    """An atom of the set, as the working tree has it."""

    project: Project
    text: bytes
    manifest: Manifest
    lock_text: bytes | None

    @classmethod
    def read(cls, project: Project) -> Member:
        """Return what a project's files say."""
        text = project.manifest_bytes()
        return cls(project, text, project.parse(text), project.lock_bytes())

    @property
    def label(self) -> Label:
        """What the manifest calls it."""
        return self.manifest.package.label

    @property
    def version(self) -> Version:
        """The version it has now."""
        return self.manifest.package.version

    def lock(self) -> Lock | None:
        """Return the lock if it belongs to the manifest."""
        if self.lock_text is None:
            return None
        try:
            lock = parse_lock(self.lock_text, str(self.project.lock_path))
        except EkaError:
            return None
        return lock if lock.requirements == requirements_digest(self.manifest) else None

    def own_lines(self) -> Iterator[tuple[Dependency, bool]]:
        """Yield the lines that ask for atoms of the own set; True for those of development."""
        manifest = self.manifest
        for lines, dev in ((manifest.dependencies, False), (manifest.dev_dependencies, True)):
            for line in lines:
                if manifest.package.sets[line.set_name].own:
                    yield line, dev


@dataclass(frozen=True, slots=True)
class VersionChange:
    """An atom and its new version."""

    label: Label
    path: str
    before: Version
    after: Version
    why: Why


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """A dependency line that asks for other versions."""

    label: Label
    """Whose line it is."""
    line: Dependency
    dev: bool
    after: Requirement


@dataclass(frozen=True, slots=True)
class BumpPlan:
    """Everything a bump changes."""

    versions: tuple[VersionChange, ...]
    """The one that was asked for first; empty when it has that version already."""
    requirements: tuple[RequirementChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    locked: tuple[str, ...] = ()
    """Locks that were made to fit, by the path of their atom."""
    unlocked: tuple[str, ...] = ()
    """Atoms whose lock must be made anew by ``eka lock``."""
    unmet: tuple[Label, ...] = ()
    """Atoms whose requirement does not accept the new version, where nothing follows."""
    stale: tuple[Label, ...] = ()
    """Atoms whose lock has the old version, where nothing follows."""


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    versions: dict[Label, VersionChange] = field(default_factory=dict["Label", VersionChange])
    requirements: list[RequirementChange] = field(default_factory=list[RequirementChange])


class BumpPlanner:
    """Follows a new version through a set."""

    def __init__(self, root: Path, members: Mapping[Label, Member], part: VersionPart) -> None:
        self._root = root
        self._members = members
        self._part = part
        self._locks = {label: member.lock() for label, member in members.items()}
        self._needed_by: dict[Label, set[Label]] = {}
        for label, member in members.items():
            needs = {line.label for line, _ in member.own_lines()} | self._locked_by(label)
            for need in needs - {label}:
                self._needed_by.setdefault(need, set()).add(label)

    def plan(self, label: Label, version: Version, *, follows: bool) -> BumpPlan:
        """Return what changes when ``label`` gets ``version``.

        Args:
            label: An atom of the set.
            version: What it gets.
            follows: Whether its dependants follow; otherwise they are named.

        Raises:
            RequirementNotFollowed, EditFailed: a file must be edited by hand.
        """
        if self._members[label].version == version:
            return BumpPlan(())
        draft = _Draft()
        self._change(draft, label, version, Why.ASKED)
        if not follows:
            return self._alone(draft, label, version)
        waiting = deque([label])
        while waiting:
            moved = draft.versions[waiting.popleft()]
            for other in sorted(self._needed_by.get(moved.label, ())):
                why = self._follow(draft, other, moved)
                if why is not None and other not in draft.versions:
                    after = next_in_kind(self._members[other].version, self._part)
                    self._change(draft, other, after, why)
                    waiting.append(other)
        return self._whole(draft)

    def _change(self, draft: _Draft, label: Label, version: Version, why: Why) -> None:
        member = self._members[label]
        draft.versions[label] = VersionChange(
            label, self._path(member), member.version, version, why
        )

    def _path(self, member: Member) -> str:
        return member.project.directory.relative_to(self._root).as_posix()

    def _follow(self, draft: _Draft, label: Label, moved: VersionChange) -> Why | None:
        """Let the lines of one atom follow; return why it changes, None if it does not."""
        why = Why.LOCK if moved.label in self._locked_by(label) else None
        for line, dev in self._members[label].own_lines():
            if line.label != moved.label or line.requirement.matches(moved.after):
                continue
            after = followed_requirement(line.requirement, moved.after)
            if after is None:
                name, text = moved.label.text, line.requirement.text
                raise RequirementNotFollowed(name, text, moved.after.text, line.span)
            draft.requirements.append(RequirementChange(label, line, dev, after))
            why = Why.REQUIREMENT
        return why

    def _locked_by(self, label: Label) -> set[Label]:
        """Return the atoms of the set that the lock of an atom has."""
        lock = self._locks[label]
        return {atom.key.label for atom in lock.atoms if atom.is_own} if lock else set()

    def _alone(self, draft: _Draft, label: Label, version: Version) -> BumpPlan:
        others = sorted(self._needed_by.get(label, ()))
        unmet = [
            other
            for other in others
            if any(
                line.label == label and not line.requirement.matches(version)
                for line, _ in self._members[other].own_lines()
            )
        ]
        stale = [other for other in others if label in self._locked_by(other)]
        plan = self._whole(draft)
        return BumpPlan(
            plan.versions,
            files=plan.files,
            unlocked=plan.unlocked,
            unmet=tuple(unmet),
            stale=tuple(stale),
        )

    def _whole(self, draft: _Draft) -> BumpPlan:
        texts = {
            label: self._edited(self._members[label], change, draft)
            for label, change in draft.versions.items()
        }
        fitter = _LockFitter(self._members, draft.versions, texts)
        files: list[FileChange] = []
        locked: list[str] = []
        unlocked: list[str] = []
        for label, change in draft.versions.items():
            member = self._members[label]
            files.append(FileChange(member.project.manifest_path, member.text, texts[label]))
            lock, old = self._locks[label], member.lock_text
            if old is None:
                continue
            new = None if lock is None else fitter.fitted(label, lock)
            if new is None:
                unlocked.append(change.path)
            elif new != old:
                locked.append(change.path)
                files.append(FileChange(member.project.lock_path, old, new))
        return BumpPlan(
            tuple(draft.versions.values()),
            tuple(draft.requirements),
            tuple(files),
            tuple(locked),
            tuple(unlocked),
        )

    def _edited(self, member: Member, change: VersionChange, draft: _Draft) -> bytes:
        text = set_version(member.text.decode("utf-8"), change.after)
        for each in draft.requirements:
            if each.label == member.label:
                text = set_requirement(text, each.line, each.after, dev=each.dev)
        return text.encode()


class _LockFitter:
    """Makes locks fit a set after some of its manifests were edited."""

    def __init__(
        self,
        members: Mapping[Label, Member],
        changes: Mapping[Label, VersionChange],
        texts: Mapping[Label, bytes],
    ) -> None:
        self._versions = {label: member.version for label, member in members.items()}
        self._versions |= {label: change.after for label, change in changes.items()}
        self._manifests = {label: member.manifest for label, member in members.items()}
        for label, text in texts.items():
            self._manifests[label] = members[label].project.parse(text)

    def fitted(self, label: Label, lock: Lock) -> bytes | None:
        """Return the lock of an atom for the set as it will be; None if only locking can tell."""
        manifest = self._manifests[label]
        new = lock_with_versions(lock, self._versions, requirements_digest(manifest))
        if new is None:
            return None
        lines = (*manifest.dependencies, *manifest.dev_dependencies)
        is_met = _is_met(lines, new.requires) and all(
            _is_met(self._manifests[atom.key.label].dependencies, atom.requires)
            for atom in new.atoms
            if atom.is_own
        )
        return encode_lock(new) if is_met and self._are_pins_good(label, new) else None

    def _are_pins_good(self, label: Label, lock: Lock) -> bool:
        """Tell whether no address of a direct source has another version in it now."""
        versions = {key.label: key.version for key in lock.requires}
        local = {atom.key: atom.key.label for atom in lock.atoms if atom.rev is None}
        for pin in lock.direct:
            if pin.owner is not None and pin.owner not in local:
                continue
            manifest = self._manifests[label if pin.owner is None else local[pin.owner]]
            for source in manifest.direct:
                if (source.kind, source.name.text) != (pin.kind, pin.name):
                    continue
                if pin.declared != source_digest(source):
                    return False
                if pin.owner is None and pinned_kind(source).fault(source, pin, versions):
                    return False
        return True


def _is_met(lines: Collection[Dependency], requires: Collection[AtomKey]) -> bool:
    """Return whether what a lock has is just what some lines ask for."""
    is_met = all(
        any(key.label == line.label and line.requirement.matches(key.version) for key in requires)
        for line in lines
    )
    return is_met and {line.label for line in lines} == {key.label for key in requires}
