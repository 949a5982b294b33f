"""Sources that are not atoms, turned into pins: Debian packages, plain URLs, Python packages.

Only pinning happens here. What a pin names is fetched by the store core, which knows neither apt
nor manifests.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.direct.apt import ARCHITECTURES, Archive
    from eka.direct.deb import DebPinner
    from eka.direct.errors import (
        AptMissing,
        ArchiveUnavailable,
        DirectSourceNotFound,
        NpmAnswerUnusable,
        NpmMismatch,
        UnsupportedSystem,
        UrlHashMismatch,
        UrlUnavailable,
    )
    from eka.direct.npm import pin_npm
    from eka.direct.python.errors import (
        ForeignLockInvalid,
        ForeignLockMissing,
        ForeignLockUnfit,
        NotInForeignLock,
        PackageIndexUnavailable,
        PackagesUnmapped,
        PipMissing,
        RequirementsUnresolved,
        WheelMismatch,
        WheelNotFound,
    )
    from eka.direct.python.pinning import WheelPinner
    from eka.direct.python.pip import Pip, resolve_requirements
    from eka.direct.python.reader import read_foreign_lock
    from eka.direct.python.selection import choose_wheels
    from eka.direct.url import Measured, OpenUrl, chunks, measure, pin_url

__all__ = [
    "ARCHITECTURES",
    "AptMissing",
    "Archive",
    "ArchiveUnavailable",
    "DebPinner",
    "DirectSourceNotFound",
    "ForeignLockInvalid",
    "ForeignLockMissing",
    "ForeignLockUnfit",
    "Measured",
    "NotInForeignLock",
    "NpmAnswerUnusable",
    "NpmMismatch",
    "OpenUrl",
    "PackageIndexUnavailable",
    "PackagesUnmapped",
    "Pip",
    "PipMissing",
    "RequirementsUnresolved",
    "UnsupportedSystem",
    "UrlHashMismatch",
    "UrlUnavailable",
    "WheelMismatch",
    "WheelNotFound",
    "WheelPinner",
    "choose_wheels",
    "chunks",
    "measure",
    "pin_npm",
    "pin_url",
    "read_foreign_lock",
    "resolve_requirements",
]

if not TYPE_CHECKING:
    from eka.lazy import on_demand

    __getattr__ = on_demand(
        "eka.direct",
        {
            "apt": "ARCHITECTURES Archive",
            "deb": "DebPinner",
            "errors": "AptMissing ArchiveUnavailable DirectSourceNotFound NpmAnswerUnusable "
            "NpmMismatch UnsupportedSystem "
            "UrlHashMismatch UrlUnavailable",
            "npm": "pin_npm",
            "python.errors": "ForeignLockInvalid ForeignLockMissing ForeignLockUnfit "
            "NotInForeignLock PackageIndexUnavailable PackagesUnmapped PipMissing "
            "RequirementsUnresolved WheelMismatch WheelNotFound",
            "python.pinning": "WheelPinner",
            "python.pip": "Pip resolve_requirements",
            "python.reader": "read_foreign_lock",
            "python.selection": "choose_wheels",
            "url": "Measured OpenUrl chunks measure pin_url",
        },
    )
