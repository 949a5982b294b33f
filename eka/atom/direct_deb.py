"""Direct sources of kind ``deb``: Debian packages, or one Debian source package."""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.direct_kinds import DeclaringAtom
    from eka.atom.label import Label
    from eka.atom.reading import Table
    from eka.atom.toml import TomlValue

_DEB_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_SUITE = re.compile(r"[a-z][a-z0-9.-]*(?:/[a-z0-9.-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class DebSource:
    """Debian packages (their closure, unpacked over one another), or one Debian source package."""

    name: Label
    packages: tuple[str, ...] = ()
    source: str | None = None
    suite: str | None = None

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "deb"

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        return {
            "packages": list(self.packages),
            "source": self.source or "",
            "suite": self.suite or "",
        }


def read(table: Table, name: Label, atom: DeclaringAtom) -> DebSource | None:
    """Return what a table declares; see `ReadSource`."""
    del atom  # a suite decides which versions of packages there are
    forms = [key for key in ("packages", "package", "source") if table.has(key)]
    suite = table.text("suite")
    if len(forms) != 1:
        _report_forms(table, forms)
        return None
    form = forms[0]
    names = table.texts(form) if form == "packages" else tuple(filter(None, [table.text(form)]))
    fix = "write the name of a Debian package, for example `gcc` or `libc6-dev`"
    if not names:
        table.invalid(form, "it names no package", fix)
    for index, package in enumerate(names):
        place = (index,) if form == "packages" else ()
        if _DEB_NAME.fullmatch(package) is None:
            table.invalid(form, f"{package!r} is not the name of a Debian package", fix, *place)
    table.distinct(form, names, is_array=form == "packages")
    if suite is not None and _SUITE.fullmatch(suite) is None:
        table.invalid("suite", "it is not the name of a suite", "write for example `bookworm`")
    if form == "source":
        return DebSource(name, (), names[0] if names else None, suite)
    return DebSource(name, names, None, suite)


def _report_forms(table: Table, forms: list[str]) -> None:
    path, key = table.path[:-1], str(table.path[-1])
    parent = type(table)(table.reader, path, {})
    given = " and ".join(f"`{form}`" for form in forms) if forms else "none of them"
    parent.invalid(
        key,
        f"expected one of `packages`, `package` and `source`, found {given}",
        'write for example `{ packages = ["gcc", "make"] }` or `{ source = "zlib" }`',
    )
