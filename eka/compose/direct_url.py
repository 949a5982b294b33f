"""Direct sources of kind ``url`` in a plan: a file, or what is packed in it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose.actions import SourceLayer, fetch_action
from eka.compose.sources import unpack
from eka.store import LayerFormat

if TYPE_CHECKING:
    from eka.atom import LockedDirect, UrlSource
    from eka.compose.actions import Actions
    from eka.store import Input


def as_input(actions: Actions, source: UrlSource, pin: LockedDirect) -> Input:
    """Return the file, or the tree that is packed in it."""
    if not source.unpack:
        return actions.add(fetch_action(pin.files[0], executable=source.executable))
    return actions.add(unpack(actions, [(source, pin)], source.name.text))


def layers(source: UrlSource, pin: LockedDirect) -> list[SourceLayer]:
    """Return the file to unpack, whether or not it is marked so."""
    packed = LayerFormat.ZIP if source.is_zip else LayerFormat.TAR
    return [SourceLayer(file, packed, source.strip, source.subdir) for file in pin.files]


def is_staged(source: UrlSource) -> bool:
    """Tell whether it is a tree."""
    return source.unpack
