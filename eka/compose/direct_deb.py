"""Direct sources of kind ``deb`` in a plan: always unpacked."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose.actions import SourceLayer
from eka.compose.sources import unpack
from eka.store import LayerFormat

if TYPE_CHECKING:
    from eka.atom import DebSource, LockedDirect
    from eka.compose.actions import Actions
    from eka.store import Input


def as_input(actions: Actions, source: DebSource, pin: LockedDirect) -> Input:
    """Return the tree of packages, or of one source package."""
    return actions.add(unpack(actions, [(source, pin)], source.name.text))


def layers(source: DebSource, pin: LockedDirect) -> list[SourceLayer]:
    """Return the files to unpack."""
    packed = LayerFormat.DEB if source.source is None else LayerFormat.DEBIAN_SOURCE
    return [SourceLayer(file, packed) for file in pin.files]


def is_staged(source: DebSource) -> bool:
    """Tell whether it is a source package."""
    return source.source is not None
