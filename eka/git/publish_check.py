"""Says what a publish would do and what stands in its way; writes nothing, ever.

Source: atom-spec/publishing.md [publish-check].
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum

from eka.atom import Aliases
from eka.checking import TYPE_CHECKING
from eka.git.genesis import refuse_shallow
from eka.git.preparation import Preparation
from eka.git.publication import silent
from eka.git.publish_errors import VersionConflict
from eka.git.registries import nobody_listens
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from eka.atom import Label, ObjectId, Version
    from eka.errors import EkaError
    from eka.git.publication import ExistingVersion, PublishProgress, PublishRequest, VersionKey
    from eka.git.publish_plan import Survey
    from eka.git.source_set import SourceAtom
    from eka.git.work_repository import WorkRepository


class CheckState(StrEnum):
    """What would become of an atom."""

    NEW = "new"
    """Its version would be published."""
    UNCHANGED = "unchanged"
    """Its version is published with this tree."""
    NEEDS_BUMP = "needs-bump"
    """Its version is published with another tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAtom:
    """An atom of the commit, held against what is published."""

    label: Label
    version: Version
    path: str
    tree: ObjectId
    state: CheckState
    newest: Version | None
    """The newest published version."""
    published_tree: ObjectId | None
    """What is published under this version; None where nothing is, or no atom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a publish would do."""

    commit: ObjectId
    remote: str | None
    """The remote's URL without credentials; None: this repository alone."""
    atoms: tuple[CheckedAtom, ...]
    problems: tuple[EkaError, ...]
    """What else stands in the way; an atom that needs a bump is no problem of its own."""
    left_out: tuple[str, ...] = field(default=())
    """Files with changes that are in no commit: they were not looked at."""

    @property
    def needs_bump(self) -> tuple[CheckedAtom, ...]:
        """The atoms that changed since their version was published."""
        return tuple(atom for atom in self.atoms if atom.state is CheckState.NEEDS_BUMP)

    @property
    def is_fine(self) -> bool:
        """Whether a publish of this commit would go through."""
        return not self.problems and not self.needs_bump


def check_publish(
    repository: WorkRepository,
    request: PublishRequest,
    *,
    aliases: Aliases | None = None,
    progress: PublishProgress = silent,
) -> CheckReport:
    """Return what publishing would do.

    Whether the remote holds the source commit is not asked: a check runs before that is pushed.

    Raises:
        What keeps the question from being asked: no such commit, no remote, a remote that does
        not answer (`Problems` with what was found by then).
    """
    refuse_shallow(repository)
    with ExitStack() as stack:
        start = Preparation(repository, aliases or Aliases(), progress, nobody_listens)
        prepared = start.prepare(replace(request, allow_dirty=True), stack)
        survey = prepared.planner.survey(request)
        checked = prepared.planner.checked
    remote = prepared.destination.remote
    atoms = tuple(_held_against(checked.chosen, survey))
    changed = [atom for atom in atoms if atom.state is CheckState.NEEDS_BUMP]
    bumps = {(atom.label.text, atom.version.text) for atom in changed}
    return CheckReport(
        commit=checked.source.commit,
        remote=None if remote is None else remote.url.public,
        atoms=atoms,
        problems=tuple(each for each in survey.problems if not _is_told(each, bumps)),
        left_out=checked.left_out,
    )


def _held_against(chosen: Iterable[SourceAtom], survey: Survey) -> Iterable[CheckedAtom]:
    newest: dict[Label, Version] = {}
    published: dict[VersionKey, ExistingVersion] = {}
    for found in survey.theirs:
        label, version = found.key
        newest[label] = max(newest.get(label, version), version)
        published[found.key] = found
    for atom in chosen:
        there = published.get((atom.label, atom.version))
        tree = there.commit.tree if there is not None and there.commit is not None else None
        state = CheckState.NEW
        if there is not None:
            state = CheckState.UNCHANGED if tree == atom.tree else CheckState.NEEDS_BUMP
        yield CheckedAtom(
            label=atom.label,
            version=atom.version,
            path=atom.path,
            tree=atom.tree,
            state=state,
            newest=newest.get(atom.label),
            published_tree=tree,
        )


def _is_told(problem: EkaError, bumps: Collection[tuple[str, str]]) -> bool:
    """Return whether a problem is the same as that an atom needs a bump."""
    return isinstance(problem, VersionConflict) and (problem.label, problem.version) in bumps
