"""The kinds of direct sources that manifests can declare; each is a module of its own.

A module ``direct_<kind>`` has the class of its declarations and a function ``read`` as
`ReadSource` describes it. It is loaded when a manifest uses the kind.
"""

from __future__ import annotations

from importlib import import_module

from eka.checking import TYPE_CHECKING, Protocol, cast
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.label import Label
    from eka.atom.manifest_model import DirectSource
    from eka.atom.reading import Table
    from eka.atom.version import Version

KINDS = ("deb", "git", "npm", "pypi", "url")


@dataclass(frozen=True, slots=True)
class DeclaringAtom:
    """What is known of the atom that declares a source."""

    version: Version | None
    """None where it is wrong itself."""
    labels: tuple[Label, ...]
    """Of what it depends on, development included; of several sets: several times."""


class ReadSource(Protocol):
    """Reads one declaration."""

    def __call__(self, table: Table, name: Label, atom: DeclaringAtom) -> DirectSource | None:
        """Return the source that a table declares; None where a problem of it was recorded.

        Args:
            table: What stands at ``[deps.direct.<kind>] name``; every key used is asked for.
            name: What the manifest calls it.
            atom: The atom that declares it.
        """
        ...


def reader_of(kind: str) -> ReadSource | None:
    """Return what reads declarations of a kind; None for a kind that this version cannot pin."""
    if kind not in KINDS:
        return None
    return cast("ReadSource", import_module(f"eka.atom.direct_{kind}").read)
