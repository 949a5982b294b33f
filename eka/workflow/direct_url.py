"""Direct sources of kind ``url``: downloaded once to learn size and hash."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.direct import pin_url
from eka.workflow.direct_web import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Label, LockedDirect, LockedFile, UrlSource, Version
    from eka.workflow.direct_kinds import PinRequest


def systems(source: UrlSource, systems: Sequence[str]) -> Sequence[str]:
    """Return one for all: a file is the same everywhere."""
    del source, systems
    return ("",)


def pin(source: UrlSource, request: PinRequest) -> tuple[LockedFile, ...]:
    """Return the one file; see `pin_url` for its errors."""
    found = source.resolved(request.versions)
    if found is None:  # pragma: no cover - the manifest was checked, and all of it is locked
        raise AssertionError(source)
    return (pin_url(found, told(request.services)),)


def fault(
    source: UrlSource, pin: LockedDirect, versions: Mapping[Label, Version]
) -> tuple[str, str] | None:
    """Find a file from elsewhere, or one that has not the hash that the manifest demands."""
    declared = source.resolved(versions)
    if declared is None:
        return "a version of " + str(source.version_of), "none"
    for file in pin.files:
        places, wanted = (file.url, *file.mirrors), (declared.url, *declared.mirrors)
        if places != wanted:
            return " ".join(wanted), " ".join(places)
        if declared.sha256 not in (None, file.sha256):
            return f"sha256 {declared.sha256} of {declared.url}", file.sha256
    return None
