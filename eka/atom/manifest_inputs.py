"""Reads the ``[deps]`` table: other atoms, and sources that are not atoms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eka.atom.download_url import CredentialsInUrl, download_url_fault, holds_userinfo
from eka.atom.label import Label
from eka.atom.manifest_model import DebSource, Dependency, ForeignSource, UrlSource
from eka.atom.reading import place_of
from eka.atom.requirement import Requirement
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from eka.atom.manifest_model import DirectSource
    from eka.atom.reading import Table

_DEB_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_SUITE = re.compile(r"[a-z][a-z0-9.-]*(?:/[a-z0-9.-]+)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class UndeclaredSet(EkaError):
    """Dependencies are asked of a set that the manifest does not declare."""

    code = "undeclared-set"

    def __init__(self, name: str, where: str, declared: Iterable[str]) -> None:
        known = ", ".join(f"`{each}`" for each in sorted(declared)) or "no set"
        super().__init__(
            what=f"the set `{name}` is not declared",
            where=where,
            why=f"[package.sets] declares {known}",
            fix=f'add `{name} = "<URL>"` (or "::" for your own set) to [package.sets]',
        )
        self.name = name


class AmbiguousInput(EkaError):
    """One name for two direct sources."""

    code = "ambiguous-input"

    def __init__(self, name: str, where: str, kinds: tuple[str, str]) -> None:
        super().__init__(
            what=f"two direct sources are called `{name}`",
            where=where,
            why=f"one is of kind {kinds[0]}, the other of kind {kinds[1]}",
            fix="rename one of them",
        )
        self.name = name


class Inputs:
    """What ``[deps]`` holds."""

    def __init__(self, root: Table, sets: Iterable[str]) -> None:
        self._sets = tuple(sets)
        self.dependencies: tuple[Dependency, ...] = ()
        self.dev_dependencies: tuple[Dependency, ...] = ()
        self.direct: tuple[DirectSource, ...] = ()
        if (table := root.table("deps")) is not None:
            self._read(table)

    def _read(self, table: Table) -> None:
        self.dependencies = self._read_from(table)
        if (dev := table.table("dev")) is not None:
            self.dev_dependencies = self._read_from(dev)
            dev.finish()
        if (direct := table.table("direct")) is not None:
            self.direct = _read_direct(direct)
        table.finish()

    def _read_from(self, table: Table) -> tuple[Dependency, ...]:
        found: list[Dependency] = []
        sets = table.table("from")
        for name, entries in sets.tables() if sets is not None else ():
            reader = table.reader
            if name not in self._sets:
                where = reader.place(*entries.path)
                reader.add(UndeclaredSet(name, where, self._sets), *entries.path)
            for label in entries.data:
                dependency = _read_dependency(entries, name, label)
                if dependency is not None:
                    found.append(dependency)
        return tuple(found)


def _read_dependency(table: Table, set_name: str, key: str) -> Dependency | None:
    label = read_label(table, key)
    if isinstance(table.data[key], dict):
        table.wrong_type(key, 'a requirement such as "^1.2"')
        return None
    requirement = table.build(key, Requirement.parse, table.text(key))
    if label is None or requirement is None:
        return None
    return Dependency(set_name, label, requirement, table.reader.document.span(*table.path, key))


def read_label(table: Table, key: str) -> Label | None:
    """Return the label that ``key`` itself is; None where that was reported."""
    try:
        return Label(key)
    except EkaError as error:
        table.reader.add(error, *table.path, key)
        return None


def _read_direct(table: Table) -> tuple[DirectSource, ...]:
    found: dict[Label, DirectSource] = {}
    for kind, entries in table.tables():
        if read_label(table, kind) is None:
            continue
        for key in entries.data:
            name = read_label(entries, key)
            source = None if name is None else _read_source(entries, kind, key, name)
            if source is None or name is None:
                continue
            if (other := found.get(name)) is not None:
                where = entries.reader.place(*entries.path, key)
                error = AmbiguousInput(name.text, where, (other.kind, kind))
                entries.reader.add(error, *entries.path, key)
            found[name] = source
    return tuple(found.values())


def _read_source(entries: Table, kind: str, key: str, name: Label) -> DirectSource | None:
    read = _READERS.get(kind)
    if read is None:
        value = entries.get(key)
        return None if value is None else ForeignSource(kind, name, value)
    table = entries.table(key)
    if table is None:
        return None
    source = read(table, name)
    table.finish()
    return source


def _read_deb(table: Table, name: Label) -> DebSource | None:
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


def _read_url(table: Table, name: Label) -> UrlSource | None:
    url = table.required("url", str, 'url = "https://example.org/file.tar.gz"')
    sha256 = table.text("sha256")
    unpack = table.flag("unpack") or False
    if sha256 is not None and _SHA256.fullmatch(sha256) is None:
        fix = "write what `sha256sum` prints, or leave the key out"
        table.invalid("sha256", "it is not 64 lower-case hexadecimal digits", fix)
    if url is None:
        return None
    if holds_userinfo(url):
        where = place_of(table.reader.document.value_span(*table.path, "url"))
        table.add(CredentialsInUrl(url, where), "url")
        return None
    if why := download_url_fault(url):
        table.invalid("url", why, 'write for example "https://example.org/file.tar.gz"')
        return None
    return UrlSource(name, url, sha256, unpack)


_READERS: Mapping[str, Callable[[Table, Label], DirectSource | None]] = {
    "deb": _read_deb,
    "url": _read_url,
}


def read_inputs(root: Table, sets: Iterable[str]) -> Inputs:
    """Return what the ``[deps]`` table holds; problems are recorded."""
    return Inputs(root, sets)
