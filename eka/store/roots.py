"""Roots: links of users, found again through ``roots/``, and names kept in the database."""

from __future__ import annotations

import os
import re
from itertools import pairwise

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store.errors import InvalidStorePath, RootExists
from eka.store.keep_errors import InvalidKeepName
from eka.store.path import StorePath

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store.database import Database
    from eka.store.session import Layout

_MAX_LINKS = 16
_KEEP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]{0,199}")


def link_root(layout: Layout, link: Path, target: StorePath) -> None:
    """Make ``link`` point at a path and register it; an older link is replaced in one step.

    Raises:
        RootExists: Something else is there: no link, or one that leads to no store path.
    """
    if os.path.lexists(link) and not _is_replaceable(layout, link):
        raise RootExists(str(link))
    # Registered first: a link that is not there yet is harmless, an unregistered one is not.
    entry = layout.roots / digest(str(link).encode("utf-8", "surrogateescape")).hex()[:32]
    _replace(entry, link)
    _replace(link, layout.store / target.base)


def find_roots(layout: Layout, *, prune: bool) -> dict[Path, StorePath]:
    """Return link -> path for every root; entries whose link is gone can be dropped."""
    found: dict[Path, StorePath] = {}
    for entry in layout.roots.iterdir():
        if not entry.is_symlink():
            continue  # it went just now, or nobody here put it there
        try:
            link = entry.readlink()
            target = _target(layout, link)
        except (FileNotFoundError, NotADirectoryError):
            if prune:
                entry.unlink(missing_ok=True)
            continue
        if target is not None:
            found[link] = target
    return found


def keep_path(database: Database, name: str, path: StorePath) -> None:
    """Keep a path under a name, which another path may have had until now.

    Raises:
        InvalidKeepName: ``name`` is not one.
    """
    if not _KEEP_NAME.fullmatch(name):
        raise InvalidKeepName(name)
    database.query(
        "INSERT OR REPLACE INTO kept SELECT ?, id FROM paths WHERE base = ?", (name, path.base)
    )


def let_go(database: Database, name: str) -> bool:
    """Keep a path under this name no longer; tell whether one was."""
    found = database.query("DELETE FROM kept WHERE name = ? RETURNING name", (name,))
    return bool(found)


def find_kept(database: Database) -> dict[str, StorePath]:
    """Return name -> path of what is kept by name, in order of their names."""
    rows = database.query(
        "SELECT name, base FROM kept JOIN paths ON paths.id = kept.path ORDER BY name"
    )
    return {str(name): StorePath.parse(str(base)) for name, base in rows}


def _target(layout: Layout, link: Path) -> StorePath | None:
    """Follow links until one points into the store; None when none does."""
    for _ in range(_MAX_LINKS):
        link.lstat()
        if not link.is_symlink():
            return None
        link = link.parent / link.readlink()
        if (base := _base(layout, link)) is not None:
            return _parsed(base)
    return None


def _base(layout: Layout, place: Path) -> str | None:
    """Return the name directly below the directory of store paths that leads to a place."""
    if place.is_relative_to(layout.store):
        return next(iter(place.relative_to(layout.store).parts), None)
    # Whoever made the link may know the store by another name, such as through a link to it.
    for below, above in pairwise((place, *place.parents)):
        try:
            if above.samefile(layout.store):
                return below.name
        except OSError:
            continue  # it is not there, so it is not the store
    return None


def _parsed(base: str) -> StorePath | None:
    try:
        return StorePath.parse(base)
    except InvalidStorePath:
        return None


def _is_replaceable(layout: Layout, link: Path) -> bool:
    """Tell whether a link leads to a path of a store: then it was made as a root."""
    if not link.is_symlink():
        return False
    if any(_parsed(part) for part in link.readlink().parts):
        return True  # of another store, perhaps
    try:
        return _target(layout, link) is not None
    except OSError:
        return False


def _replace(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{os.urandom(8).hex()}")  # however long its own name is
    fresh.symlink_to(target)
    try:
        fresh.rename(link)
    except BaseException:
        fresh.unlink()
        raise
