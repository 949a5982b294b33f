"""The locks a command reads: of the project here, or of every atom of the set that is here."""

from __future__ import annotations

from functools import cache, partial

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.values import dataclass
from eka.workflow.errors import SetEmpty
from eka.workflow.locked import checked_with_set
from eka.workflow.own_set import member_directories, own_set_at
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Aliases, Genesis, Lock, Manifest
    from eka.workflow.local import LocalAtoms
    from eka.workflow.own_set import OwnSet
    from eka.workflow.services import Services

OWN_SOURCE = "::"


@dataclass(frozen=True, slots=True)
class LockedProject:
    """A project and its lock, which belong together.

    Attributes:
        project: Where they are.
        manifest: As it is now.
        lock: Of this manifest.
        local: The atoms of the lock that stand in directories here.
    """

    project: Project
    manifest: Manifest
    lock: Lock
    local: LocalAtoms

    @property
    def genesis(self) -> Genesis | None:
        """The set the project itself is of, as far as the lock tells."""
        return next((each.genesis for each in self.lock.sets if each.own), None)

    def set_names(self) -> dict[Genesis, str]:
        """Return what the project calls each set of its lock; one it does not name by its URL."""
        names: dict[str, str] = {}
        for name, declared in self.manifest.package.sets.items():
            for url in declared.urls[:1]:
                names.setdefault(url.absolute(str(self.project.directory)).public, name)
        return {
            each.genesis: OWN_SOURCE if each.own else names.get(each.urls[0], each.urls[0])
            for each in self.lock.sets
        }


def locked_here(services: Services) -> list[LockedProject]:
    """Return the project in the directory of the command, or every atom of the set there.

    Raises:
        ProjectNotFound, SetEmpty: there is neither.
        LockMissing, LockStale, LockSourceRefused: a lock cannot be used; `Problems` of several.
    """
    directory = services.directory
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        project = Project.at(directory, services.aliases)
        return [LockedProject(project, *checked_with_set(services, project))]
    open_set = cache(partial(_own_set, directory, services.aliases))
    members = member_directories(directory)
    if not members:
        raise SetEmpty(str(directory / SET_MANIFEST))
    found: list[LockedProject] = []
    problems: list[EkaError] = []
    for member in members:
        try:
            project = Project.at(member, services.aliases)
            found.append(LockedProject(project, *checked_with_set(services, project, open_set)))
        except EkaError as error:
            problems.append(error)
    raise_problems(problems)
    return sorted(found, key=lambda each: each.manifest.package.label)


def _own_set(root: Path, aliases: Aliases, genesis: Genesis) -> OwnSet:
    return own_set_at(root, genesis, aliases)
