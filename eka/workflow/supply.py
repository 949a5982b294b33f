"""The trees of locked atoms into the store, checked against the lock on the way."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import ContentHash
from eka.checking import TYPE_CHECKING
from eka.compose import source_name
from eka.store import DirNode, FileNode, LinkNode, tree_path
from eka.workflow.candidate import read_candidate
from eka.workflow.errors import PinMismatch
from eka.workflow.local import LocalAtoms
from eka.workflow.snapshot import Snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import AtomKey, Lock, LockedAtom, Manifest, ObjectId, TreeReader
    from eka.store import Node
    from eka.workflow.project import Project
    from eka.workflow.services import Services

DIRECTORY_MODE = "40000"
LINK_MODE = "120000"
EXECUTABLE_MODE = "100755"


@dataclass(frozen=True, slots=True)
class Supplies:
    """What composing needs of the root project (key None) and all its atoms.

    Attributes:
        manifests: Of each of them.
        contents: Content hash of each one's tree.
        places: Directories of those that are not published.
    """

    manifests: dict[AtomKey | None, Manifest]
    contents: dict[AtomKey | None, ContentHash]
    places: dict[AtomKey | None, str]


def supply(services: Services, project: Project, manifest: Manifest, lock: Lock) -> Supplies:
    """Put the trees of a project and its locked atoms into the store.

    Raises:
        PinMismatch, ContentMismatch: a fetched tree is not what the lock pins.
        NotAnAtomCommit, TreePolicyViolation, ClaimMismatch: what the lock pins is no atom.
    """
    supplies = supply_local(services, project, manifest, lock)
    supply_fetched(services, lock, supplies)
    return supplies


def supply_local(services: Services, project: Project, manifest: Manifest, lock: Lock) -> Supplies:
    """Put the trees of a project, and of the atoms that stand in directories, into the store."""
    local = LocalAtoms.locked(services, project, manifest, lock)
    here: list[tuple[AtomKey | None, Project, Manifest]] = [(None, project, manifest)]
    for atom in lock.atoms:
        if atom.rev is None or atom.content is None:
            name = atom.key.genesis, atom.key.label
            here.append((atom.key, local.project(name), local.manifest(name)))
    top = local.own.root if local.own is not None else project.directory
    snapshots = Snapshots(services.runner, top, [each.directory for _, each, _ in here])
    supplies, store = Supplies({}, {}, {}), services.store()
    for key, found, its_manifest in here:
        path = store.add_tree(source_name(its_manifest), snapshots.of(found.directory))
        supplies.manifests[key] = its_manifest
        supplies.contents[key] = ContentHash(store.path_info(path).content)
        supplies.places[key] = str(found.directory)
    return supplies


def supply_fetched(services: Services, lock: Lock, supplies: Supplies) -> None:
    """Put the trees of published atoms, which were fetched, into the store; raises as `supply`."""
    for atom in lock.atoms:
        if atom.rev is not None and atom.content is not None:
            _supply_fetched(services, atom, atom.rev, atom.content, supplies)


def _supply_fetched(
    services: Services,
    atom: LockedAtom,
    rev: ObjectId,
    content: ContentHash,
    supplies: Supplies,
) -> None:
    key = atom.key
    reader = services.reader()
    found = read_candidate(reader, rev, key.label, key.version)
    tree = found.commit.tree
    if tree != atom.tree:
        expected = f"tree {atom.tree.hex}" if atom.tree else "no tree"
        where = f"{key.label.text}@{key.version.text}"
        raise PinMismatch(where, expected=expected, found=f"tree {tree.hex}")
    supplies.manifests[key] = found.manifest
    supplies.contents[key] = content
    store, name = services.store(), source_name(found.manifest)
    if not store.hold(tree_path(content.hex, name)):
        store.add_tree(name, tree_nodes(tree, reader), expected=content.hex)


def tree_nodes(tree: ObjectId, reader: TreeReader) -> Iterator[Node]:
    """Yield a checked git tree as nodes, parents first."""
    yield DirNode(())
    yield from _below(tree, reader, ())


def _below(tree: ObjectId, reader: TreeReader, parent: tuple[bytes, ...]) -> Iterator[Node]:
    for entry in reader.tree(tree):
        path = (*parent, entry.name)
        if entry.mode == DIRECTORY_MODE:
            yield DirNode(path)
            yield from _below(entry.oid, reader, path)
        elif entry.mode == LINK_MODE:
            yield LinkNode(path, reader.blob(entry.oid))
        else:
            yield FileNode(path, entry.mode == EXECUTABLE_MODE, (reader.blob(entry.oid),))
