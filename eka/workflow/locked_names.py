"""Which atoms of a lock a person means: ``LABEL``, ``LABEL@VERSION`` or ``SET::LABEL``."""

from __future__ import annotations

from eka.atom import Label, Requirement, Version, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.values import dataclass
from eka.workflow.suggest import similar_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import AtomKey, Genesis
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.services import Services

DELIMITER = "::"
MOST_NEAR = 3


class AtomNotLocked(EkaError):
    """No atom of a lock is what a person named."""

    code = "atom-not-locked"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, where: str, *, near: Sequence[str]) -> None:
        super().__init__(
            what=f"{name} is not locked",
            where=where,
            why="nothing there needs it, directly or not",
            fix=f"did you mean {' or '.join(near)}?" if near else "eka tree shows what is locked",
        )
        self.near = tuple(near)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a person typed, taken apart."""

    set_name: str | None
    label: Label
    exact: Version | None
    requirement: Requirement | None

    @classmethod
    def parse(cls, text: str) -> _Wanted:
        place, found, rest = text.rpartition(DELIMITER)
        label, _, version = rest.partition("@")
        requirement = Requirement.parse(version) if version else None
        return cls(place if found else None, Label.typed(label), _whole(version), requirement)

    def matches(self, version: Version) -> bool:
        return self.requirement is None or self.requirement.matches(version)


def _whole(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except EkaError:
        return None


def find_locked(
    services: Services, projects: Sequence[LockedProject], names: Sequence[str]
) -> list[list[AtomKey]]:
    """Return the atoms that ``names`` mean, for each project, in order of the names.

    A whole version that is locked is meant exactly; any other text after the ``@`` is a
    requirement, and all versions that it accepts are meant. A set is named as the project's
    manifest calls it, by its address, or by nothing (``::LABEL``) for the own one.

    Raises:
        AtomNotLocked: one of the names means nothing in any of the locks.
    """
    found: list[dict[AtomKey, None]] = [{} for _ in projects]
    for name in names:
        wanted = _Wanted.parse(name)
        is_there = False
        for each, keys in zip(projects, found, strict=True):
            meant = _meant(services, each, wanted)
            is_there = is_there or bool(meant)
            keys.update(dict.fromkeys(meant))
        if not is_there:
            raise _not_locked(name, wanted, projects)
    return [list(keys) for keys in found]


def find_projects(
    projects: Sequence[LockedProject], names: Sequence[str]
) -> tuple[list[LockedProject], list[str]]:
    """Return the projects that names mean, ``LABEL`` or ``LABEL@V``; and the other names."""
    found: list[LockedProject] = []
    left: list[str] = []
    for name in names:
        wanted = _Wanted.parse(name)
        mine = [
            each
            for each in projects
            if each.manifest.package.label == wanted.label
            and wanted.set_name is None
            and wanted.matches(each.manifest.package.version)
        ]
        found += mine
        left += [] if mine else [name]
    return found, left


def _meant(services: Services, locked: LockedProject, wanted: _Wanted) -> list[AtomKey]:
    named = [atom.key for atom in locked.lock.atoms if atom.key.label == wanted.label]
    if wanted.set_name is not None and named:
        genesis = _genesis(services, locked, wanted.set_name)
        named = [key for key in named if key.genesis == genesis]
    exact = [key for key in named if key.version == wanted.exact]
    return exact or [key for key in named if wanted.matches(key.version)]


def _genesis(services: Services, locked: LockedProject, name: str) -> Genesis | None:
    declared = locked.manifest.package.sets.get(name)
    if not name or (declared is not None and declared.own):
        return locked.genesis
    for genesis, known in locked.set_names().items():
        if known == name:
            return genesis
    try:
        url = parse_source_url(name, services.aliases).absolute(services.place).public
    except EkaError:
        return None
    return next((each.genesis for each in locked.lock.sets if url in each.urls), None)


def _not_locked(name: str, wanted: _Wanted, projects: Sequence[LockedProject]) -> AtomNotLocked:
    where = ", ".join(str(each.project.lock_path) for each in projects[:MOST_NEAR])
    if len(projects) > MOST_NEAR:
        where += f" and {len(projects) - MOST_NEAR} more"
    atoms = [atom.key for each in projects for atom in each.lock.atoms]
    near = [f"{key.label.text}@{key.version.text}" for key in atoms if key.label == wanted.label]
    if not near:
        near = _near(wanted.label.text, {key.label.text for key in atoms})
    return AtomNotLocked(name, where, near=sorted(set(near))[:MOST_NEAR])


def _near(typed: str, known: Iterable[str]) -> list[str]:
    """Return labels that hold what was typed, or the one that is most like it."""
    labels = list(known)
    holding = sorted(each for each in labels if typed.casefold() in each.casefold())
    similar = similar_label(typed, labels)
    return holding or ([similar] if similar else [])
