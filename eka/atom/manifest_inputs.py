"""Reads the ``[deps]`` table: other atoms, and sources that are not atoms."""

from __future__ import annotations

from eka.atom.direct_kinds import DeclaringAtom, reader_of
from eka.atom.label import Label
from eka.atom.manifest_model import Dependency, ForeignSource
from eka.atom.requirement import Requirement
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.atom.manifest_model import DirectSource
    from eka.atom.reading import Table
    from eka.atom.version import Version


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

    def __init__(self, root: Table, sets: Iterable[str], version: Version | None) -> None:
        self._sets = tuple(sets)
        self._version = version
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
            self.direct = _read_direct(direct, self._declaring())
        table.finish()

    def _declaring(self) -> DeclaringAtom:
        lines = {(each.set_name, each.label) for each in self.dependencies}
        lines |= {(each.set_name, each.label) for each in self.dev_dependencies}
        return DeclaringAtom(self._version, tuple(sorted(label for _, label in lines)))

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


def _read_direct(table: Table, atom: DeclaringAtom) -> tuple[DirectSource, ...]:
    found: dict[Label, DirectSource] = {}
    for kind, entries in table.tables():
        if read_label(table, kind) is None:
            continue
        for key in entries.data:
            name = read_label(entries, key)
            source = None if name is None else _read_source(entries, key, name, atom)
            if source is None or name is None:
                continue
            if (other := found.get(name)) is not None:
                where = entries.reader.place(*entries.path, key)
                error = AmbiguousInput(name.text, where, (other.kind, kind))
                entries.reader.add(error, *entries.path, key)
            found[name] = source
    return tuple(found.values())


def _read_source(
    entries: Table, key: str, name: Label, atom: DeclaringAtom
) -> DirectSource | None:
    kind = str(entries.path[-1])
    read = reader_of(kind)
    if read is None:
        value = entries.get(key)
        return None if value is None else ForeignSource(kind, name, value)
    table = entries.table(key)
    if table is None:
        return None
    source = read(table, name, atom)
    table.finish()
    return source


def read_inputs(root: Table, sets: Iterable[str], version: Version | None) -> Inputs:
    """Return what the ``[deps]`` table holds; problems are recorded.

    ``version`` is that of the atom itself.
    """
    return Inputs(root, sets, version)
