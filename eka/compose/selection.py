"""Which atom of a lock a dependency line of a manifest means."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose.errors import DependencyAmbiguous, InputUnpinned
from eka.compose.request import atom_title

if TYPE_CHECKING:
    from collections.abc import Collection

    from eka.atom import AtomKey, Dependency, Genesis, Label, Lock, Manifest, SetDeclaration

ANYWHERE = "/"


class Selector:
    """Finds the atoms that the lines of manifests selected when a lock was written."""

    def __init__(self, lock: Lock) -> None:
        self._requires: dict[AtomKey | None, tuple[AtomKey, ...]] = {None: lock.requires}
        self._requires.update((atom.key, atom.requires) for atom in lock.atoms)
        self._by_label: dict[AtomKey | None, dict[Label, list[AtomKey]]] = {}
        self._own = frozenset(each.genesis for each in lock.sets if each.own)
        self._sets = frozenset(each.genesis for each in lock.sets)
        self._by_url = {
            url: each.genesis for each in lock.sets for url in (*each.urls, *each.accepted)
        }

    def select(
        self,
        owner: AtomKey | None,
        manifest: Manifest,
        line: Dependency,
        *,
        place: str = ANYWHERE,
    ) -> AtomKey:
        """Return what a dependency line selected; the newest where several versions fit it.

        Args:
            owner: The atom whose line it is; None is the root project.
            manifest: Its manifest.
            line: One of its dependencies.
            place: The directory that relative addresses in the manifest start from.

        Raises:
            InputUnpinned: the lock has nothing for it.
            DependencyAmbiguous: the lock has atoms of several sets for it and does not tell
                which of them the line means.

        Source: atom-spec/composition.md [compose-selection].
        """
        sets = self._sets_of(manifest.package.sets[line.set_name], owner, place)
        fitting = [
            each
            for each in self._labelled(owner).get(line.label, ())
            if each.genesis in sets and line.requirement.matches(each.version)
        ]
        if not fitting:
            raise InputUnpinned(atom_title(manifest), f"dependency {line.label.text}")
        if len({each.genesis for each in fitting}) > 1:
            raise DependencyAmbiguous(
                atom_title(manifest), line.label.text, [each.text for each in fitting]
            )
        return max(fitting)

    def _labelled(self, owner: AtomKey | None) -> dict[Label, list[AtomKey]]:
        """Return what an atom requires by label: it may require thousands."""
        found = self._by_label.get(owner)
        if found is None:
            found = self._by_label[owner] = {}
            for each in self._requires[owner]:
                found.setdefault(each.label, []).append(each)
        return found

    def _sets_of(
        self, declared: SetDeclaration, owner: AtomKey | None, place: str
    ) -> Collection[Genesis]:
        """Return the sets that a declaration may mean."""
        if declared.own:
            return self._own if owner is None else (owner.genesis,)
        genesis = self._by_url.get(declared.urls[0].absolute(place).public)
        # Locks that were written before sources were remembered do not have all of them.
        return self._sets if genesis is None else (genesis,)
