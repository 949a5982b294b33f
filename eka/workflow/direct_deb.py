"""Direct sources of kind ``deb``: pinned through apt, for one system at a time."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import DebSource, Label, LockedDirect, LockedFile, Version
    from eka.workflow.direct_kinds import PinRequest


def systems(source: DebSource, systems: Sequence[str]) -> Sequence[str]:
    """Return all: an archive has other packages for each."""
    del source
    return systems


def pin(source: DebSource, request: PinRequest) -> tuple[LockedFile, ...]:
    """Return the files of packages; see `DebPinner.pin` for its errors."""
    return request.services.pinner().pin(source, request.system)


def fault(source: DebSource, pin: LockedDirect, versions: Mapping[Label, Version]) -> None:
    """Find nothing: which mirror has a package is not for the manifest to say."""
    del source, pin, versions
