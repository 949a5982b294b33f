"""``eka bump``: a new version of an atom, and what follows from it in its set."""

from __future__ import annotations

from eka.atom import Version, VersionPart, next_version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.git import DuplicateLabel
from eka.values import dataclass
from eka.workflow.bump_plan import BumpPlanner, Member
from eka.workflow.errors import NotInSet
from eka.workflow.own_set import find_set_root, member_directories
from eka.workflow.places import relative_to
from eka.workflow.project import Project
from eka.workflow.set_files import write_set

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Label
    from eka.workflow.bump_plan import BumpPlan
    from eka.workflow.services import Services


class VersionNotHigher(EkaError):
    """A version that would replace a higher one."""

    code = "version-not-higher"
    exit_status = Exit.CONFLICT

    def __init__(self, label: str, where: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"{label} would go backwards",
            where=where,
            why=f"expected a version above {expected}, found {found}",
            fix="name a higher one, or say --allow-backwards",
        )
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpOptions:
    """How to bump."""

    to: VersionPart | Version
    dependents: bool = False
    """Whether requirements, versions and locks of the set follow."""
    dependents_part: VersionPart = VersionPart.PATCH
    """What goes up in atoms that follow."""
    allow_backwards: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class BumpReport:
    """What was changed."""

    root: Path
    plan: BumpPlan
    written: bool


def bump_atom(services: Services, label: Label, options: BumpOptions) -> BumpReport:
    """Give an atom of the set around the command another version.

    Raises:
        NotInSet: no atom there has the label; what is wrong with members that cannot be read.
        VersionNotHigher: the version is lower, and that is not allowed.
        RequirementNotFollowed, EditFailed: a file must be edited by hand; nothing is written.
        FilesMoved: somebody edited a file at the same moment; nothing is written.
    """
    root, members, broken = _members(services)
    is_twice = any(
        isinstance(each, DuplicateLabel) and each.label == label.text for each in broken
    )
    if options.dependents or is_twice or label not in members:
        raise_problems(broken)
    if label not in members:
        raise NotInSet(label.text, sorted(known.text for known in members))
    member = members[label]
    version = options.to
    if isinstance(version, VersionPart):
        version = next_version(member.version, version)
    if version < member.version and not options.allow_backwards:
        where = str(member.project.manifest_path)
        raise VersionNotHigher(label.text, where, expected=member.version.text, found=version.text)
    planner = BumpPlanner(root, members, options.dependents_part)
    plan = planner.plan(label, version, follows=options.dependents)
    written = bool(plan.files) and not options.dry_run
    if written:
        write_set(root, plan.files)
    return BumpReport(root, plan, written)


def _members(services: Services) -> tuple[Path, dict[Label, Member], list[EkaError]]:
    """Return the root of the set, its atoms by label, and why others are not among them."""
    root = find_set_root(services.directory)
    if root is None:
        project = Project.at(services.directory, services.aliases)
        member = Member.read(project)
        return project.directory, {member.label: member}, []
    members: dict[Label, Member] = {}
    broken: list[EkaError] = []
    for directory in member_directories(root):
        try:
            member = Member.read(Project.at(directory, services.aliases))
        except EkaError as error:
            broken.append(error)
            continue
        if member.label in members:
            both = (members[member.label].project.directory, directory)
            places = [relative_to(each, root.resolve()) for each in both]
            broken.append(DuplicateLabel(member.label, places))
        members[member.label] = member
    return root.resolve(), members, broken
