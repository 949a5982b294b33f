"""Sources that are not atoms, turned into pins: Debian packages and plain URLs.

Only pinning happens here. What a pin names is fetched by the store core, which knows neither apt
nor manifests.
"""

from eka.direct.apt import ARCHITECTURES, Archive
from eka.direct.deb import DebPinner
from eka.direct.errors import (
    AptMissing,
    ArchiveUnavailable,
    DirectSourceNotFound,
    UnsupportedSystem,
    UrlHashMismatch,
    UrlUnavailable,
)
from eka.direct.url import pin_url, read_url

__all__ = [
    "ARCHITECTURES",
    "AptMissing",
    "Archive",
    "ArchiveUnavailable",
    "DebPinner",
    "DirectSourceNotFound",
    "UnsupportedSystem",
    "UrlHashMismatch",
    "UrlUnavailable",
    "pin_url",
    "read_url",
]
