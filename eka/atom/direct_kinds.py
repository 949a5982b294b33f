"""The kinds of direct sources that manifests can declare; each is a module of its own.

A module ``direct_<kind>`` has the class of its declarations and a function ``read`` as
`ReadSource` describes it. It is loaded when a manifest uses the kind.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from eka.atom.label import Label
    from eka.atom.manifest_model import DirectSource
    from eka.atom.reading import Table
    from eka.atom.version import Version

KINDS = ("deb", "url")


class ReadSource(Protocol):
    """Reads one declaration."""

    def __call__(self, table: Table, name: Label, version: Version | None) -> DirectSource | None:
        """Return the source that a table declares; None where a problem of it was recorded.

        Args:
            table: What stands at ``[deps.direct.<kind>] name``; every key used is asked for.
            name: What the manifest calls it.
            version: Of the atom that declares it; None where that is wrong itself.
        """
        ...


def reader_of(kind: str) -> ReadSource | None:
    """Return what reads declarations of a kind; None for a kind that this version cannot pin."""
    if kind not in KINDS:
        return None
    return cast("ReadSource", import_module(f"eka.atom.direct_{kind}").read)
