"""Finds the atoms of a commit: what ``ekala.toml`` names there, and what each manifest says.

Everything is read from the commit, nothing from the working tree.

Source: atom-spec/publishing.md, the clauses on discovery.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.atom import (
    LOCK_NAME,
    MANIFEST_NAME,
    SET_MANIFEST_NAME,
    Aliases,
    Label,
    Manifest,
    SetManifest,
    parse_manifest,
    parse_set_manifest,
    path_fault,
)
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.package_globs import is_pattern, matches
from eka.git.publish_errors import AtomPathRefused, NestedAtom, NotASet, PackageNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import ObjectId, Version
    from eka.git.batch_reader import BatchReader
    from eka.git.tree_listing import TreeItem
    from eka.git.work_repository import WorkRepository

TOP = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAtom:
    """An atom of a set, as one commit holds it."""

    path: str
    """Its directory from the top of the repository; ``.`` is the top."""
    tree: ObjectId
    manifest: Manifest
    manifest_blob: ObjectId
    lock_blob: ObjectId | None = None
    items: tuple[TreeItem, ...] = field(default=(), repr=False)
    """Everything below its directory."""

    @property
    def label(self) -> Label:
        """What the manifest calls it."""
        return self.manifest.package.label

    @property
    def version(self) -> Version:
        """The version the manifest gives it."""
        return self.manifest.package.version

    @property
    def lock_file(self) -> str:
        """The lock's path, for messages."""
        return _below(self.path, LOCK_NAME)

    @property
    def manifest_file(self) -> str:
        """The manifest's path, for messages."""
        return _below(self.path, MANIFEST_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSet:
    """The atoms of a set in one commit."""

    commit: ObjectId
    manifest: SetManifest
    atoms: tuple[SourceAtom, ...]
    """Sorted by path."""
    broken: Mapping[str, EkaError] = field(default_factory=dict[str, EkaError])
    """Packages that could not be read, by path, and why."""
    outside: frozenset[str] = frozenset()
    """Directories with a manifest that ``ekala.toml`` does not name."""

    def labelled(self, label: Label) -> tuple[SourceAtom, ...]:
        """Return the atoms of this label; one, unless the set is faulty."""
        return tuple(atom for atom in self.atoms if atom.label == label)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The listing of a commit, by what discovery asks."""

    directories: Mapping[str, ObjectId]
    manifests: Mapping[str, ObjectId]
    locks: Mapping[str, ObjectId]
    set_manifest: ObjectId | None
    items: Sequence[TreeItem]
    starts: Mapping[str, int]
    """Where in ``items`` the content of a directory begins."""

    def below(self, directory: str) -> tuple[TreeItem, ...]:
        """Return what lies in a directory; git lists it in one piece."""
        if directory == TOP:
            return tuple(self.items)
        prefix = directory.encode(errors="surrogateescape") + b"/"
        end = start = self.starts[directory]
        while end < len(self.items) and self.items[end].path.startswith(prefix):
            end += 1
        return tuple(self.items[start:end])


def read_source_set(
    repository: WorkRepository, commit: ObjectId, reader: BatchReader, aliases: Aliases
) -> SourceSet:
    """Return the set that ``commit`` holds.

    Packages that cannot be read are kept in ``broken``: whether they matter depends on what is
    asked for.

    Raises:
        NotASet: the commit has no ``ekala.toml``; and what is wrong with that file.
    """
    items = repository.list_tree(commit)
    sizes = ((item.oid, item.size_bytes) for item in items)
    reader.know_sizes((oid, size) for oid, size in sizes if size is not None)
    tree = _index(items, repository.tree_of(commit))
    if tree.set_manifest is None:
        raise NotASet(commit.hex)
    manifest = parse_set_manifest(reader.blob(tree.set_manifest), SET_MANIFEST_NAME, aliases)
    paths, broken = _package_paths(manifest.packages, tree)
    atoms: list[SourceAtom] = []
    reader.preload([tree.manifests[path] for path in paths])
    for path in paths:
        try:
            atoms.append(_read_atom(path, tree, reader, aliases))
        except EkaError as error:
            broken[path] = error
    return SourceSet(
        commit=commit,
        manifest=manifest,
        atoms=tuple(atoms),
        broken=broken,
        outside=frozenset(tree.manifests) - set(paths),
    )


def _read_atom(path: str, tree: _Tree, reader: BatchReader, aliases: Aliases) -> SourceAtom:
    if why := path_fault(path):
        raise AtomPathRefused(path, why)
    blob = tree.manifests[path]
    return SourceAtom(
        path=path,
        tree=tree.directories[path],
        manifest=parse_manifest(reader.blob(blob), _below(path, MANIFEST_NAME), aliases),
        manifest_blob=blob,
        lock_blob=tree.locks.get(path),
        items=tree.below(path),
    )


def _package_paths(patterns: Sequence[str], tree: _Tree) -> tuple[list[str], dict[str, EkaError]]:
    """Return the directories that ``[set] packages`` names, and the names that name none."""
    found: set[str] = set()
    broken: dict[str, EkaError] = {}
    for pattern in patterns:
        if is_pattern(pattern):
            found.update(path for path in tree.manifests if matches(pattern, path))
        elif pattern in tree.manifests:
            found.add(pattern)
        else:
            broken[pattern] = PackageNotFound(pattern, exists=pattern in tree.directories)
    paths = sorted(found)
    nested = _nested(paths, tree.manifests)
    broken |= nested
    return [path for path in paths if path not in nested], broken


def _nested(paths: Iterable[str], manifests: Mapping[str, ObjectId]) -> dict[str, EkaError]:
    """Return the packages that lie below another atom, or have another below them."""
    broken: dict[str, EkaError] = {}
    wanted = set(paths)
    for inner in manifests:
        for outer in _ancestors(inner):
            if outer not in manifests:
                continue
            # One error for both, so that it is reported once.
            error = NestedAtom(inner=inner, outer=outer)
            for path in (inner, outer):
                if path in wanted:
                    broken.setdefault(path, error)
    return broken


def _ancestors(path: str) -> Iterable[str]:
    """Yield the directories above ``path``, the nearest first, the top last."""
    while path != TOP:
        path = path.rpartition("/")[0] or TOP
        yield path


def _index(items: Sequence[TreeItem], root: ObjectId) -> _Tree:
    directories: dict[str, ObjectId] = {TOP: root}
    manifests: dict[str, ObjectId] = {}
    locks: dict[str, ObjectId] = {}
    starts: dict[str, int] = {}
    set_manifest: ObjectId | None = None
    for position, item in enumerate(items):
        # A path that is not UTF-8 keeps its bytes: `path_fault` says that no atom may lie there.
        path = item.path.decode(errors="surrogateescape")
        if item.kind == "tree":
            directories[path] = item.oid
            starts[path] = position + 1
        elif item.kind == "blob":
            directory, _, name = path.rpartition("/")
            if name == MANIFEST_NAME:
                manifests[directory or TOP] = item.oid
            elif name == LOCK_NAME:
                locks[directory or TOP] = item.oid
            elif path == SET_MANIFEST_NAME:
                set_manifest = item.oid
    return _Tree(directories, manifests, locks, set_manifest, items, starts)


def _below(directory: str, name: str) -> str:
    return name if directory == TOP else f"{directory}/{name}"
