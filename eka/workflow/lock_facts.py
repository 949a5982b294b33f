"""What a lock says, told to the store: which request became which atom, and which tree that is."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose import source_name
from eka.store import Reduction, ReductionKind, tree_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from eka.atom import AtomKey, Lock, LockedAtom, Manifest


def lock_facts(lock: Lock, manifests: Mapping[AtomKey | None, Manifest]) -> Iterator[Reduction]:
    """Yield the reductions of the published atoms of a lock.

    What stands in a directory is left out: it changes, and what a store remembers does not.

    Args:
        lock: The lock that was checked.
        manifests: Of its atoms and, under None, of the project.

    Source: atom-spec/workflow.md [flow-remembered].
    """
    published = {atom.key: atom for atom in lock.atoms if atom.rev and atom.content}
    for atom in published.values():
        yield from _tree(atom, manifests)
    yield from _requests(manifests[None], lock.requires, published)
    for atom in lock.atoms:
        if atom.key in manifests:
            yield from _requests(manifests[atom.key], atom.requires, published)


def _tree(atom: LockedAtom, manifests: Mapping[AtomKey | None, Manifest]) -> Iterator[Reduction]:
    manifest = manifests.get(atom.key)
    if manifest is not None and atom.content is not None and atom.rev is not None:
        path = tree_path(atom.content.hex, source_name(manifest))
        evidence = f"commit {atom.rev.hex}"
        yield Reduction(ReductionKind.ATOM, atom.key.text, path.base, evidence=evidence)


def _requests(
    manifest: Manifest, requires: Iterable[AtomKey], published: Mapping[AtomKey, LockedAtom]
) -> Iterator[Reduction]:
    package = manifest.package
    evidence = f"lock of {package.label.text}@{package.version.text}"
    chosen = list(requires)
    for wanted in manifest.dependencies:
        fitting = [
            key
            for key in chosen
            if key.label == wanted.label and wanted.requirement.matches(key.version)
        ]
        # Two sets may have atoms of one label; which was meant is then not told here.
        if len(fitting) == 1 and fitting[0] in published:
            (key,) = fitting
            name = f"{key.genesis.hex}::{key.label.text}@{wanted.requirement.text}"
            yield Reduction(ReductionKind.REQUEST, name, key.text, evidence=evidence)
