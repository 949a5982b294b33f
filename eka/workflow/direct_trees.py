"""Trees of direct sources into the store, checked on the way."""

from __future__ import annotations

from eka.atom import Aliases, check_tree, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Problems
from eka.store import path_name, tree_path
from eka.workflow.errors import Offline, PinMismatch, SourceTreeRefused
from eka.workflow.supply import tree_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.atom import LockedDirect, LockedTree, ObjectId, TreeReader
    from eka.workflow.services import Services


def supply_trees(services: Services, pins: Iterable[LockedDirect]) -> tuple[int, int]:
    """Put the trees of pins into the store; returns how many there are, and how many were new.

    Raises:
        Offline: one is nowhere here, and nothing may be asked for.
        PinMismatch, ContentMismatch: a tree is not what the lock pins.
        SourceTreeRefused: a tree holds what no source may hold.
        ObjectsUnavailable, RefusedObjects: as `SourceDirectories.fetch`.

    Source: atom-spec/direct.md [git-tree].
    """
    found = fetched = 0
    for pin in pins:
        if pin.tree is not None and pin.system in ("", services.system):
            found += 1
            fetched += _supply(services, pin, pin.tree)
    return found, fetched


def _supply(services: Services, pin: LockedDirect, tree: LockedTree) -> bool:
    store, name = services.store(), path_name(pin.name)
    if store.hold(tree_path(tree.content.hex, name)):
        return False
    directories = services.directories()
    if not directories.has(tree.tree):
        if services.offline:
            raise Offline(f"the git source {pin.name}")
        services.progress.step(f"fetching git source {pin.name}")
        url = parse_source_url(tree.url, Aliases({}))
        here = directories.fetch(url, tree.rev, tree.path)
        if here != tree.tree:
            place = f"{pin.name} at {tree.rev.hex}"
            expected, given = f"tree {tree.tree.hex}", f"tree {here.hex}"
            raise PinMismatch(place, expected=expected, found=given)
    reader = directories.reader()
    checked_tree(pin.name, f"{tree.url} at {tree.rev.hex}", tree.tree, reader)
    store.add_tree(name, tree_nodes(tree.tree, reader), expected=tree.content.hex)
    return True


def checked_tree(source: str, where: str, tree: ObjectId, reader: TreeReader) -> None:
    """Check that a tree may be a source.

    Raises:
        SourceTreeRefused: it breaks the tree policy; the first reason is named.
    """
    try:
        check_tree(tree, reader)
    except EkaError as error:
        first = error.problems[0] if isinstance(error, Problems) else error
        raise SourceTreeRefused(source, where, f"{first.where}: {first.why}") from error
