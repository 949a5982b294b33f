"""Direct sources of kind ``npm`` in a plan: always unpacked."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose.actions import SourceLayer
from eka.compose.sources import unpack
from eka.store import LayerFormat

if TYPE_CHECKING:
    from eka.atom import LockedDirect, NpmSource
    from eka.compose.actions import Actions
    from eka.store import Input


def as_input(actions: Actions, source: NpmSource, pin: LockedDirect) -> Input:
    """Return the tree of the package."""
    return actions.add(unpack(actions, [(source, pin)], source.name.text))


def layers(source: NpmSource, pin: LockedDirect) -> list[SourceLayer]:
    """Return the archive to unpack; it holds one directory, mostly called ``package``."""
    del source
    return [SourceLayer(file, LayerFormat.TAR, strip=1) for file in pin.files]


def is_staged(source: NpmSource) -> bool:
    """Tell that it is copied: builds write into their sources."""
    del source
    return True
