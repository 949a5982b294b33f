"""``[patch]``: directories that stand for atoms of other sets while a project is developed.

The directory comes from the project's own manifest, never from a lock or a dependency.

Source: atom-spec/workflow.md [flow-patch], [flow-patch-root].
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.workflow.errors import ProjectNotFound
from eka.workflow.project import Project, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eka.atom import Genesis, Lock, Manifest, Patch, SetDeclaration, Version
    from eka.resolve import ResolveKey


class PatchNotFound(EkaError):
    """A line of ``[patch]`` leads to a directory without an atom."""

    code = "patch-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, patch: Patch, directory: str) -> None:
        super().__init__(
            what=f"[patch.{patch.set_name}] names no atom for {patch.label.text}",
            where=directory,
            why="there is no atom.toml in that directory",
            fix="correct the path, or remove the line to take a published version",
            span=patch.span,
        )


class PatchMisplaced(EkaError):
    """A line of ``[patch]`` leads to another atom than it names."""

    code = "patch-misplaced"

    def __init__(self, patch: Patch, directory: str, found: str) -> None:
        super().__init__(
            what=f"[patch.{patch.set_name}] names another atom for {patch.label.text}",
            where=directory,
            why=f"expected the label {patch.label.text}, found {found}",
            fix="correct the path or the label",
            span=patch.span,
        )
        self.expected, self.found = patch.label.text, found


class PatchTwice(EkaError):
    """Two lines of ``[patch]`` for one atom: two names stand for one set."""

    code = "patch-twice"

    def __init__(self, patch: Patch, other: Patch) -> None:
        super().__init__(
            what=f"two directories stand for {patch.label.text}",
            why=f"[patch.{other.set_name}] has {other.path}, [patch.{patch.set_name}] has "
            f"{patch.path}, and both names mean one set",
            fix="remove one of the lines",
            span=patch.span,
        )


@dataclass(frozen=True, slots=True)
class PatchedAtom:
    """An atom in a directory that stands for all published versions of it."""

    patch: Patch
    project: Project
    manifest: Manifest

    @property
    def version(self) -> Version:
        """The one version it has."""
        return self.manifest.package.version

    @property
    def title(self) -> str:
        """Label, version and directory, for messages."""
        return f"{self.patch.label.text} {self.version.text} is the one in {self.patch.path}"


def open_patches(
    project: Project, manifest: Manifest, genesis: Callable[[SetDeclaration], Genesis]
) -> dict[ResolveKey, PatchedAtom]:
    """Return the atoms that a project's ``[patch]`` names; ``genesis`` tells which set is which.

    Raises:
        PatchNotFound, PatchMisplaced: a directory holds no such atom.
        PatchTwice: two lines speak of one atom.
    """
    found: dict[ResolveKey, PatchedAtom] = {}
    for patch in manifest.patches:
        key = genesis(manifest.package.sets[patch.set_name]), patch.label
        if key in found:
            raise PatchTwice(patch, found[key].patch)
        found[key] = _open(project, patch)
    return found


def locked_patches(
    project: Project, manifest: Manifest, lock: Lock
) -> dict[ResolveKey, PatchedAtom]:
    """Return those of the atoms in ``[patch]`` that a lock marks as patched."""
    named = patches_by_key(project, manifest, lock)
    marked = {(atom.key.genesis, atom.key.label) for atom in lock.patched}
    return {key: _open(project, patch) for key, patch in named.items() if key in marked}


def patches_by_key(project: Project, manifest: Manifest, lock: Lock) -> Mapping[ResolveKey, Patch]:
    """Return the lines of ``[patch]`` about sets that a lock has."""
    by_url = {url: each.genesis for each in lock.sets for url in (*each.urls, *each.accepted)}
    found: dict[ResolveKey, Patch] = {}
    for patch in manifest.patches:
        declared = manifest.package.sets[patch.set_name]
        genesis = by_url.get(declared.urls[0].absolute(str(project.directory)).public)
        if genesis is not None:
            found[genesis, patch.label] = patch
    return found


def patched_names(lock: Lock) -> tuple[str, ...]:
    """Return the patched atoms of a lock as ``label@version``."""
    return tuple(f"{atom.key.label.text}@{atom.key.version.text}" for atom in lock.patched)


def _open(project: Project, patch: Patch) -> PatchedAtom:
    directory = project.directory / patch.path
    try:
        found = Project.at(directory, project.aliases)
        manifest = found.manifest()
    except (ProjectNotFound, Unreadable) as error:
        raise PatchNotFound(patch, str(directory)) from error
    label = manifest.package.label
    if label != patch.label:
        raise PatchMisplaced(patch, str(found.directory), label.text)
    return PatchedAtom(patch, found, manifest)
