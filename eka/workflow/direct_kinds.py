"""How each kind of direct source is pinned, and how its pins are held against a manifest.

A module ``direct_<kind>`` of this package has the functions of `PinnedKind`. It is loaded when a
project declares a source of the kind.
"""

from __future__ import annotations

from importlib import import_module

from eka.checking import TYPE_CHECKING, Protocol, cast
from eka.compose import KindUnsupported
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from eka.atom import DirectSource, Label, LockedDirect, LockedFile, LockedTree, Version
    from eka.workflow.services import Services

KINDS = ("deb", "git", "npm", "pypi", "url")

Pinned: TypeAlias = "tuple[LockedFile, ...] | LockedTree"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRequest:
    """What a source is to be pinned for.

    Attributes:
        services: Ports.
        directory: Of the project; files of other tools lie there.
        system: One of those that `PinnedKind.systems` named; empty: the pin is good for all.
        previous: What the lock before has under this name, for this system, if anything; its
            declaration may have been another.
        versions: What the labels among the project's dependencies were resolved to.
    """

    services: Services
    directory: Path
    system: str = ""
    previous: LockedDirect | None = None
    versions: Mapping[Label, Version] = field(default_factory=dict["Label", "Version"])


class PinnedKind(Protocol):
    """Pins sources of one kind.

    Each function is given declarations of its kind only, and may say so in its parameters.
    """

    def systems(self, source: DirectSource, systems: Sequence[str]) -> Sequence[str]:
        """Return those systems that a source has pins of its own for; ``("",)``: one for all.

        ``systems`` are those that the project is for: that of this machine if it names none.
        """
        ...

    def pin(self, source: DirectSource, request: PinRequest) -> Pinned:
        """Return the files, or the tree, that a source is now.

        Only called with a network to use.
        """
        ...

    def fault(
        self, source: DirectSource, pin: LockedDirect, versions: Mapping[Label, Version]
    ) -> tuple[str, str] | None:
        """Return what was expected and found where a pin cannot be one of the source.

        Anybody may have edited a lock: what the declaration says itself must stand in the pin.
        """
        ...


def pinned_kind(source: DirectSource) -> PinnedKind:
    """Return what pins a source.

    Raises:
        KindUnsupported: eka cannot pin such sources.
    """
    if source.kind not in KINDS:
        raise KindUnsupported(source.kind, source.name.text, KINDS)
    return cast("PinnedKind", import_module(f"eka.workflow.direct_{source.kind}"))
