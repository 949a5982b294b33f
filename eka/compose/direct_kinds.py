"""What each kind of direct source becomes in a plan.

A module ``direct_<kind>`` of this package has the functions of `ComposedKind`. It is loaded when
a plan needs a source of the kind.
"""

from __future__ import annotations

from importlib import import_module

from eka.checking import TYPE_CHECKING, Protocol, cast
from eka.compose.errors import KindUnsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import DirectSource, LockedDirect
    from eka.compose.actions import Actions, SourceLayer
    from eka.store import Input

KINDS = ("deb", "git", "npm", "pypi", "url")


class ComposedKind(Protocol):
    """Turns pins of one kind into parts of a plan.

    Each function is given declarations of its kind only, and may say so in its parameters.
    """

    def as_input(self, actions: Actions, source: DirectSource, pin: LockedDirect) -> Input:
        """Return a source as a script reads it; what it takes is added to ``actions``."""
        ...

    def layers(self, source: DirectSource, pin: LockedDirect) -> Sequence[SourceLayer]:
        """Return the files to unpack over one another, in order; one at least."""
        ...

    def is_staged(self, source: DirectSource) -> bool:
        """Tell whether a script gets a writable copy: of source trees, not of programs."""
        ...


def composed_kind(source: DirectSource) -> ComposedKind:
    """Return what composes a source.

    Raises:
        KindUnsupported: eka cannot build from such sources.
    """
    if source.kind not in KINDS:
        raise KindUnsupported(source.kind, source.name.text, KINDS)
    return cast("ComposedKind", import_module(f"eka.compose.direct_{source.kind}"))
