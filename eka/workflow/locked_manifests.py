"""The manifests of locked atoms: from directories here, the cache, or else their sources."""

from __future__ import annotations

from eka.atom import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.workflow.errors import Offline
from eka.workflow.objects import absent, ensure, metadata_together
from eka.workflow.planned import plan_by_atom, plan_by_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eka.atom import AtomKey, Genesis, LockedAtom, Manifest, ObjectId, SourceUrl
    from eka.git import Metadata
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.services import Services


class LockedManifests:
    """Reads the manifests of atoms of several locks, each once; sources are asked all together."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[ObjectId, Manifest | EkaError] = {}

    def of(
        self, locked: LockedProject, atoms: Iterable[LockedAtom]
    ) -> dict[AtomKey, Manifest | EkaError]:
        """Return the manifests of atoms of one lock, or why one of them cannot be read.

        Raises:
            NetworkFailed: a source that has one does not answer.
        """
        wanted = list(atoms)
        self.learn([(locked, wanted)])
        return {
            atom.key: locked.local.manifest((atom.key.genesis, atom.key.label))
            if atom.rev is None
            else self._known[atom.rev]
            for atom in wanted
        }

    def learn(self, wanted: Iterable[tuple[LockedProject, Iterable[LockedAtom]]]) -> None:
        """Read the manifests of atoms of several locks together; raises as `of`."""
        wishes: dict[tuple[SourceUrl, ...], dict[ObjectId, LockedAtom]] = {}
        for locked, atoms in wanted:
            by_set = urls_by_set(self._services, locked)
            for atom in atoms:
                if atom.rev is not None and atom.rev not in self._known:
                    wishes.setdefault(by_set[atom.key.genesis], {})[atom.rev] = atom
        found = metadata_together(self._services, {urls: [*each] for urls, each in wishes.items()})
        for urls, group in wishes.items():
            left = [rev for rev in group if rev not in found]
            missing = absent(self._services, left) if left else []
            if missing and not self._services.offline:
                ensure(self._services, urls, missing)  # its server gives whole atoms only
                missing = []
            away = frozenset(missing)
            for rev, atom in group.items():
                if rev in away:
                    self._known[rev] = Offline(f"the manifest of {_title(atom.key)}")
                else:
                    self._known[rev] = self._read(rev, atom.key, found)

    def _read(
        self, rev: ObjectId, key: AtomKey, found: Mapping[ObjectId, Metadata]
    ) -> Manifest | EkaError:
        try:
            if rev in found:
                return plan_by_metadata(found[rev], key.label, key.version)
            return plan_by_atom(self._services.reader(), rev, key.label, key.version)
        except EkaError as error:
            return error


def urls_by_set(services: Services, locked: LockedProject) -> dict[Genesis, tuple[SourceUrl, ...]]:
    """Return the URLs of each set of a lock; none of the own one."""
    return {
        each.genesis: tuple(parse_source_url(url, services.aliases) for url in each.urls)
        for each in locked.lock.sets
    }


def _title(key: AtomKey) -> str:
    return f"{key.label.text} {key.version.text}"
