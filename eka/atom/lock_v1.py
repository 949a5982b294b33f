"""Reads locks of version 1, as found in the wild: direct dependencies only, in any order.

They are a source of hints (which versions were chosen before), never of trust: their ids do not
always follow from set and label, and nothing in them pins a tree. Mirrors are kept as written;
parse them as addresses before use.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom.identity import AtomId, atom_id
from eka.atom.label import Label
from eka.atom.lock_errors import InvalidLock
from eka.atom.oid import Genesis, ObjectId
from eka.atom.reading import Reader, Table
from eka.atom.toml import read_toml
from eka.atom.version import Version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

MAX_LOCK_V1_BYTES = 4 * 1024 * 1024
_DIRECT_KINDS = ("nix", "nix+git", "nix+src", "nix+tar")


@dataclass(frozen=True, slots=True)
class LockV1Set:
    """A set of atoms and where it was found; ``::`` stands for the project's own."""

    genesis: Genesis
    tag: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockV1Atom:
    """A pinned atom; without ``rev`` it was found on the writer's machine only."""

    label: Label
    version: Version
    genesis: Genesis
    id: AtomId
    rev: ObjectId | None = None
    mirror: str | None = None

    @property
    def has_right_id(self) -> bool:
        """Whether the id follows from set and label; its writer never checked."""
        return self.id == atom_id(self.genesis, self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockV1Direct:
    """A pinned source that is not an atom."""

    kind: str
    name: str
    url: str
    hash: str | None = None
    version: str | None = None
    rev: str | None = None


@dataclass(frozen=True, slots=True)
class LockV1Compose:
    """How the project is put together: by an atom, by ``nix``, or ``static``."""

    use: str
    atom: LockV1Atom | None = None
    entry: str | None = None


LockV1Dependency: TypeAlias = LockV1Atom | LockV1Direct


@dataclass(frozen=True, slots=True, kw_only=True)
class LockV1:
    """A whole lock of version 1."""

    sets: tuple[LockV1Set, ...] = ()
    locker: LockV1Atom | None = None
    compose: LockV1Compose | None = None
    deps: tuple[LockV1Dependency, ...] = ()

    @property
    def preferred(self) -> Mapping[tuple[Genesis, Label], Version]:
        """The versions it pins, to be kept where they still fit."""
        return {
            (each.genesis, each.label): each.version
            for each in self.deps
            if isinstance(each, LockV1Atom) and each.rev is not None
        }


def read_lock_v1(data: bytes, file: str) -> LockV1:
    """Return the lock of version 1 in ``data``.

    Raises:
        InvalidToml: it is not TOML.
        InvalidLock: it is of another version.
        Problems: several things in it are wrong; a single one is raised as itself.

    Source: atom-spec/lockfile.md [lock-v1].
    """
    reader = Reader(read_toml(data, file, max_bytes=MAX_LOCK_V1_BYTES))
    root = reader.root
    if root.get("version") != 1:
        raise InvalidLock(file, "its version is not 1")
    sets = _sets(root)
    locker = root.table("locker")
    lock = LockV1(
        sets=sets,
        locker=None if locker is None else _atom(locker),
        compose=_compose(root),
        deps=_deps(root),
    )
    if locker is not None:
        locker.finish()
    root.finish()
    reader.finish(f"{file} has several problems")
    return lock


def _sets(root: Table) -> tuple[LockV1Set, ...]:
    table = root.table("sets")
    found: list[LockV1Set] = []
    for key, inner in table.tables() if table is not None else ():
        tag = inner.required("tag", str, 'tag = "core"')
        mirrors = inner.texts("mirrors")
        inner.finish()
        try:
            genesis = Genesis(ObjectId(key))
        except EkaError as error:
            root.reader.add(error, *inner.path)
            continue
        found.append(LockV1Set(genesis, tag or "", mirrors))
    return tuple(found)


def _genesis(text: str) -> Genesis:
    return Genesis(ObjectId(text))


def _atom(table: Table) -> LockV1Atom | None:
    label = table.required("label", Label, 'label = "my-atom"')
    version = table.required("version", Version.parse, 'version = "1.0.0"')
    genesis = table.required("set", _genesis, 'set = "<40 hexadecimal digits>"')
    identity = table.required("id", AtomId, 'id = "<52 characters>"')
    rev = table.build("rev", ObjectId, table.text("rev"))
    mirror = table.text("mirror")
    if label is None or version is None or genesis is None or identity is None:
        return None
    return LockV1Atom(
        label=label, version=version, genesis=genesis, id=identity, rev=rev, mirror=mirror
    )


def _compose(root: Table) -> LockV1Compose | None:
    table = root.table("compose")
    if table is None:
        return None
    use = table.required("use", str, 'use = "nix"')
    entry = table.text("entry")
    atom = _atom(table) if use == "atom" else None
    if use is not None and use not in {"atom", "nix", "static"}:
        table.invalid("use", f"{use!r} is no way to compose", "write atom, nix or static")
    table.finish()
    return LockV1Compose(use or "", atom, entry)


def _deps(root: Table) -> tuple[LockV1Dependency, ...]:
    value = root.get("deps")
    if value is None:
        return ()
    if not isinstance(value, list):
        root.wrong_type("deps", "an array of tables")
        return ()
    found: list[LockV1Dependency] = []
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            root.wrong_type("deps", "a table", index)
            continue
        table = Table(root.reader, ("deps", index), item)
        dependency = _dependency(table)
        table.finish()
        if dependency is not None:
            found.append(dependency)
    return tuple(found)


def _dependency(table: Table) -> LockV1Dependency | None:
    kind = table.required("type", str, 'type = "atom"')
    if kind == "atom":
        return _atom(table)
    if kind is not None and kind not in _DIRECT_KINDS:
        fix = f"write atom, {', '.join(_DIRECT_KINDS)}"
        table.invalid("type", f"{kind!r} is no kind of dependency", fix)
    name = table.required("name", str, 'name = "nixpkgs"')
    url = table.required("url", str, 'url = "https://example.org/file"')
    return LockV1Direct(
        kind=kind or "",
        name=name or "",
        url=url or "",
        hash=table.text("hash"),
        version=table.text("version"),
        rev=table.text("rev"),
    )
