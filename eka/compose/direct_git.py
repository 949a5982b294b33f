"""Direct sources of kind ``git`` in a plan: a tree that the store has before it is realised."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose.actions import SourceLayer
from eka.store import LayerFormat, TreeInput, path_name

if TYPE_CHECKING:
    from eka.atom import GitSource, LockedDirect
    from eka.compose.actions import Actions
    from eka.store import Input


def as_input(actions: Actions, source: GitSource, pin: LockedDirect) -> Input:
    """Return the tree."""
    del actions
    return _tree(source, pin)


def layers(source: GitSource, pin: LockedDirect) -> list[SourceLayer]:
    """Return the tree to lay over others."""
    return [SourceLayer(_tree(source, pin), LayerFormat.TREE)]


def is_staged(source: GitSource) -> bool:
    """Tell that it is copied: builds write into their sources."""
    del source
    return True


def _tree(source: GitSource, pin: LockedDirect) -> TreeInput:
    if pin.tree is None:  # pragma: no cover - pins of another form are refused before
        raise AssertionError(pin)
    return TreeInput(pin.tree.content.hex, tree_name(source.name.text))


def tree_name(source: str) -> str:
    """Return the store name of the tree of a source."""
    return path_name(source)
