"""The set of the repository a project lives in, as its working tree has it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from eka.atom import parse_set_manifest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.git import DuplicateLabel, WorkRepository, is_pattern, package_matches
from eka.workflow.errors import NotInSet, SetNotFound
from eka.workflow.init import known_genesis
from eka.workflow.places import relative_to
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project, read_capped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import Aliases, Genesis, Label, Manifest, Version
    from eka.workflow.services import Services

REPOSITORY = ".git"


@dataclass(frozen=True, slots=True)
class OwnSet:
    """Atoms of one repository by label, read from the working tree."""

    root: Path
    genesis: Genesis
    projects: dict[Label, tuple[Project, Manifest]]
    broken: tuple[EkaError, ...] = ()  # why other members are not among them

    def versions(self, label: Label) -> tuple[Version, ...]:
        """Return the one version that an own atom has; none for a label that is not here.

        Raises what is wrong with members that cannot be read, for one of them may have the label.
        """
        if label not in self.projects:
            self.require_whole()
            return ()
        return (self.manifest(label).package.version,)

    def require_whole(self) -> None:
        """Raise what is wrong with members that cannot be read."""
        raise_problems(list(self.broken))

    def manifest(self, label: Label) -> Manifest:
        """Return the manifest of an own atom."""
        return self._found(label)[1]

    def project(self, label: Label) -> Project:
        """Return the project of an own atom."""
        return self._found(label)[0]

    def _found(self, label: Label) -> tuple[Project, Manifest]:
        if label not in self.projects:
            self.require_whole()
            raise NotInSet(label.text, sorted(known.text for known in self.projects))
        return self.projects[label]


def find_set_root(directory: Path) -> Path | None:
    """Return the nearest directory at or above ``directory`` that has an ``ekala.toml``.

    The search ends at the top of a repository: what lies above may be anybody's.
    """
    for candidate in (directory, *directory.parents):
        if (candidate / SET_MANIFEST).is_file():
            return candidate
        if (candidate / REPOSITORY).exists():
            return None
    return None


def member_directories(root: Path) -> list[Path]:
    """Return the directories that ``ekala.toml`` lists and that hold a manifest, sorted."""
    path = root / SET_MANIFEST
    manifest = parse_set_manifest(read_capped(path), str(path))
    top = root.resolve()
    plain = {pattern for pattern in manifest.packages if not is_pattern(pattern)}
    found = {(top / each).resolve() for each in plain if (top / each / MANIFEST).is_file()}
    patterns = sorted(set(manifest.packages) - plain)
    if patterns:
        found |= {
            directory
            for directory in _atom_directories(top)
            if any(package_matches(each, relative_to(directory, top)) for each in patterns)
        }
    return sorted(directory for directory in found if directory.is_relative_to(top))


def _atom_directories(root: Path) -> Iterator[Path]:
    """Yield the directories below ``root`` that hold a manifest; links are not followed."""
    for parent, directories, files in os.walk(root):
        directories[:] = [name for name in directories if name != ".git"]
        if MANIFEST in files:
            yield Path(parent)


def open_own_set(services: Services, directory: Path) -> OwnSet:
    """Return the set that ``directory`` belongs to.

    A member that cannot be read does not stand in the way of the others.

    Raises:
        SetNotFound: there is no ``ekala.toml`` above, or the repository has no genesis yet.
    """
    root = set_root(directory)
    repository = WorkRepository.open(root, services.runner)
    return own_set_at(root, known_genesis(services, repository), services.aliases)


def set_root(directory: Path) -> Path:
    """Return the root of the set that ``directory`` belongs to; raises SetNotFound."""
    root = find_set_root(directory)
    if root is None:
        raise SetNotFound(str(directory), f"no {SET_MANIFEST} here or above")
    return root


def own_set_at(root: Path, genesis: Genesis, aliases: Aliases) -> OwnSet:
    """Return the set at ``root``, whose genesis is known; git and network are not asked."""
    projects: dict[Label, tuple[Project, Manifest]] = {}
    broken: list[EkaError] = []
    for member in member_directories(root):
        try:
            project = Project.at(member, aliases)
            manifest = project.manifest()
        except EkaError as error:
            broken.append(error)
            continue
        label = manifest.package.label
        if label in projects:
            places = [relative_to(each, root) for each in (projects[label][0].directory, member)]
            broken.append(DuplicateLabel(label, places))
        projects[label] = (project, manifest)
    return OwnSet(root, genesis, projects, tuple(broken))
