"""Direct sources of kind ``url``: downloaded once to learn size and hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.direct import pin_url

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
    return (pin_url(source, request.services.open_url),)


def fault(
    source: UrlSource, pin: LockedDirect, versions: Mapping[Label, Version]
) -> tuple[str, str] | None:
    """Find a file from elsewhere, or one that has not the hash that the manifest demands."""
    del versions
    for file in pin.files:
        if file.url != source.url:
            return source.url, file.url
        if source.sha256 not in (None, file.sha256):
            return f"sha256 {source.sha256} of {source.url}", file.sha256
    return None
