"""The atoms of a resolution that stand in directories here: the own set's, and patched ones."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.workflow.own_set import own_set_at, set_root
from eka.workflow.patched import locked_patches
from eka.workflow.places import relative_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eka.atom import Genesis, Lock, Manifest, Version
    from eka.resolve import ResolveKey, Solution
    from eka.workflow.own_set import OwnSet
    from eka.workflow.patched import PatchedAtom
    from eka.workflow.project import Project
    from eka.workflow.services import Services


class LocalAtoms:
    """Atoms that are read from directories; each has the one version it has there."""

    def __init__(
        self, own: OwnSet | None = None, patches: Mapping[ResolveKey, PatchedAtom] | None = None
    ) -> None:
        self.own = own
        self._patches = patches or {}

    @classmethod
    def locked(
        cls,
        services: Services,
        project: Project,
        manifest: Manifest,
        lock: Lock,
        open_set: Callable[[Genesis], OwnSet] | None = None,
    ) -> LocalAtoms:
        """Return the local atoms that a lock has; ``open_set`` from who has read it already."""
        genesis = next((atom.key.genesis for atom in lock.atoms if atom.is_own), None)
        own = None
        if genesis is not None:
            # What the lock says of the genesis does: a clone does not know it, and could not
            # offline.
            own = (
                own_set_at(set_root(project.directory), genesis, services.aliases)
                if open_set is None
                else open_set(genesis)
            )
        return cls(own, locked_patches(project, manifest, lock) if lock.patched else {})

    @property
    def genesis(self) -> Genesis | None:
        """The own set, where it matters."""
        return self.own.genesis if self.own else None

    @property
    def projects(self) -> Iterator[tuple[Project, Manifest]]:
        """All of them."""
        yield from self.own.projects.values() if self.own else ()
        for atom in self._patches.values():
            yield atom.project, atom.manifest

    def is_patched(self, key: ResolveKey) -> bool:
        """Whether a directory of ``[patch]`` stands for this atom."""
        return key in self._patches

    def holds(self, key: ResolveKey) -> bool:
        """Whether an atom is read from a directory, or would be if there were one."""
        return key in self._patches or (self.own is not None and key[0] == self.own.genesis)

    def versions(self, key: ResolveKey) -> tuple[Version, ...]:
        """Return the one version of a local atom; none where the own set has no such label."""
        if key in self._patches:
            return (self._patches[key].version,)
        return self.own.versions(key[1]) if self.own is not None else ()

    def manifest(self, key: ResolveKey) -> Manifest:
        """Return the manifest of a local atom."""
        return self._found(key)[1]

    def project(self, key: ResolveKey) -> Project:
        """Return the project of a local atom."""
        return self._found(key)[0]

    def _found(self, key: ResolveKey) -> tuple[Project, Manifest]:
        if key in self._patches:
            atom = self._patches[key]
            return atom.project, atom.manifest
        if self.own is None:
            raise AssertionError(key)
        return self.own.project(key[1]), self.own.manifest(key[1])

    def notes(self, solution: Solution) -> Iterator[str]:
        """Yield what a person should know of the patches of a project, used and unused."""
        selected = {key for key, _ in solution.edges}
        for key, atom in self._patches.items():
            name = f"[patch.{atom.patch.set_name}]"
            if key in selected:
                yield f"{atom.title} ({name})"
            else:
                yield f"{atom.patch.label.text} in {name} is not used: nothing needs it"
        for key in sorted(key for key in selected if self.holds(key)):
            if self.manifest(key).patches:
                yield f"[patch] of {key[1].text} counts only where it is itself the project"

    def said(self, key: ResolveKey) -> str:
        """Return which directory fixes the version of an atom; empty where none does."""
        if key in self._patches:
            atom = self._patches[key]
            name = f"[patch.{atom.patch.set_name}]"
            return f"{atom.title}, which {name} puts in the place of all its versions"
        if self.own is None or key[0] != self.own.genesis or key[1] not in self.own.projects:
            return ""
        project, manifest = self.own.projects[key[1]]
        place = relative_to(project.directory, self.own.root)
        version = manifest.package.version.text
        return f"{key[1].text} {version} is the one in {place}, of the same repository"
