"""Downloads that are pinned: as the port gives them, and told of as they come."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.direct import OpenUrl
    from eka.workflow.services import Services

KIB = 1024


def told(services: Services) -> OpenUrl:
    """Return the port that reads addresses, with the bytes of each told to the person."""

    def opened(url: str, /, *, accept: str = "") -> Iterator[bytes]:
        received = 0
        for chunk in services.open_url(url, accept=accept):
            received += len(chunk)
            services.progress.count("KiB received", received // KIB, None)
            yield chunk

    return opened
