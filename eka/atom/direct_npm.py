"""Direct sources of kind ``npm``: one package of the npm registry, without what it depends on."""

from __future__ import annotations

import re

from eka.atom.npm_range import npm_requirement
from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.direct_kinds import DeclaringAtom
    from eka.atom.label import Label
    from eka.atom.reading import Table
    from eka.atom.requirement import Requirement
    from eka.atom.toml import TomlValue

MAX_PACKAGE_CHARACTERS = 214
# Names from before 2014 may hold capital letters; the registry knows them still.
_PACKAGE = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class NpmSource:
    """One package; its tree is what its archive holds."""

    name: Label
    package: str
    version: str
    """A range, as npm writes it."""
    requirement: Requirement
    """What the range means."""

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "npm"

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        return {"package": self.package, "version": self.version}


def read(table: Table, name: Label, atom: DeclaringAtom) -> NpmSource | None:
    """Return what a table declares; see `ReadSource`."""
    del atom
    package = table.required("package", str, 'package = "left-pad"')
    version = table.text("version")
    if package is not None and (
        len(package) > MAX_PACKAGE_CHARACTERS or _PACKAGE.fullmatch(package) is None
    ):
        fix = 'write for example "left-pad" or "@scope/name"'
        table.invalid("package", "it is not the name of an npm package", fix)
    requirement = table.build("version", npm_requirement, "" if version is None else version)
    if package is None or requirement is None:
        return None
    return NpmSource(name, package, version or "*", requirement)
