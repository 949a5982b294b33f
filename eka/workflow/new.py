"""``eka new``: a directory that is an atom."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import Label, Version
from eka.atom.edit import add_package, new_manifest
from eka.checking import TYPE_CHECKING
from eka.git import NestedAtom
from eka.workflow.durable import replace_file
from eka.workflow.errors import AlreadyExists
from eka.workflow.own_set import find_set_root, member_directories
from eka.workflow.places import relative_to
from eka.workflow.project import MANIFEST, SET_MANIFEST, read_capped

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class NewReport:
    """What was made."""

    directory: Path
    label: Label
    version: Version
    set_manifest: Path | None  # the ekala.toml that lists it now
    dry_run: bool


def new_atom(
    directory: Path, *, label: Label | None, version: Version, dry_run: bool
) -> NewReport:
    """Make an atom; inside a set it is added to the set's ``ekala.toml``.

    Raises:
        AlreadyExists: the directory holds an ``atom.toml``.
        InvalidLabel: the directory's name is none, and no label was given.
        NestedAtom: it would hold another atom of the set, or lie in one.
    """
    directory = directory.resolve()
    label = label or Label.typed(directory.name)
    if (directory / MANIFEST).exists():
        raise AlreadyExists(f"an {MANIFEST}", str(directory))
    text = new_manifest(label, version)
    root = find_set_root(directory)
    if root is not None:
        _refuse_nesting(root, directory)
    if not dry_run:
        directory.mkdir(parents=True, exist_ok=True)
        replace_file(directory / MANIFEST, text.encode())
        if root is not None:
            _list_in_set(root, directory)
    return NewReport(directory, label, version, (root / SET_MANIFEST) if root else None, dry_run)


def _refuse_nesting(root: Path, directory: Path) -> None:
    """Refuse an atom that holds another one, or lies in one: neither could be published."""
    for outer in directory.parents:
        if not outer.is_relative_to(root):
            break
        if (outer / MANIFEST).exists():
            raise NestedAtom(inner=relative_to(directory, root), outer=relative_to(outer, root))
    for inner in member_directories(root):
        if directory in inner.parents:
            raise NestedAtom(inner=relative_to(inner, root), outer=relative_to(directory, root))


def _list_in_set(root: Path, directory: Path) -> None:
    """Name a member in ``ekala.toml`` unless a path or glob there names it already."""
    if directory in member_directories(root):
        return
    path = root / SET_MANIFEST
    member = directory.relative_to(root.resolve()).as_posix()
    replace_file(path, add_package(read_capped(path).decode(), member).encode())
