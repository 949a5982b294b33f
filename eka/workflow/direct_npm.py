"""Direct sources of kind ``npm``: the archive of one version of one package."""

from __future__ import annotations

from eka.atom import InvalidVersion
from eka.atom import Version as PackageVersion
from eka.checking import TYPE_CHECKING
from eka.direct import pin_npm
from eka.workflow.direct_web import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Label, LockedDirect, LockedFile, NpmSource, Version
    from eka.workflow.direct_kinds import PinRequest


def systems(source: NpmSource, systems: Sequence[str]) -> Sequence[str]:
    """Return one for all: an archive is the same everywhere."""
    del source, systems
    return ("",)


def pin(source: NpmSource, request: PinRequest) -> tuple[LockedFile, ...]:
    """Return the one archive; see `pin_npm` for its errors."""
    services = request.services
    return (pin_npm(source, services.npm_registry, told(services)),)


def fault(
    source: NpmSource, pin: LockedDirect, versions: Mapping[Label, Version]
) -> tuple[str, str] | None:
    """Find another package, or a version that does not fit."""
    del versions
    wanted = f"npm package {source.package} {source.version}"
    if len(pin.files) != 1:
        return wanted, f"{len(pin.files)} files"
    file = pin.files[0]
    try:
        fits = source.requirement.matches(PackageVersion.parse(file.version))
    except InvalidVersion:
        fits = False
    if file.name == source.package and fits:
        return None
    return wanted, f"{file.name} {file.version}"
