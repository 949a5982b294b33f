"""Manifests and locks of several projects of a set, written together or not at all.

As with the pair of one project, all new texts go first into one note, at the root of the set. Once
that is on disk the update has happened; whoever comes next finishes it.

Source: atom-spec/publishing.md [bump-together].
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from contextlib import ExitStack
from pathlib import PurePosixPath

from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError, Exit
from eka.values import dataclass
from eka.workflow.durable import digest_of, replace_file, sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import TypeAlias

SET_NOTE = ".ekala.pending"
# A note that names anything else was not written by eka.
NAMES = frozenset({"atom.toml", "atom.lock"})
NOTE_CAP = 512 * 1024 * 1024  # bytes
REPOSITORY = ".git"
_Note: TypeAlias = "Mapping[str, Mapping[str, str]]"


class FilesMoved(EkaError):
    """Files were changed by somebody else between our look and our write."""

    code = "files-moved"
    exit_status = Exit.CONFLICT

    def __init__(self, path: str) -> None:
        super().__init__(
            what="a file changed while it was about to be written",
            where=path,
            why="somebody else wrote it at the same moment; nothing was written",
            fix="run the command again",
        )


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the set and what becomes of it."""

    path: Path
    before: bytes
    after: bytes


def write_set(root: Path, changes: Iterable[FileChange]) -> None:
    """Replace files of several projects below ``root`` together.

    Durable when it returns. After a kill, `repair_set` brings the files to all old or all new.

    Raises:
        FilesMoved: one of them is not any more what it was; nothing is written.
    """
    wanted = list(changes)
    with ExitStack() as stack:
        _hold(root, {change.path.parent for change in wanted}, stack)
        _finish_noted(root)
        for change in wanted:
            if change.path.read_bytes() != change.before:
                raise FilesMoved(str(change.path))
        note = {
            change.path.relative_to(root).as_posix(): {
                "old": digest_of(change.path),
                "new": change.after.decode("utf-8"),
            }
            for change in wanted
        }
        replace_file(root / SET_NOTE, json.dumps(note).encode())
        _finish(root, note)
        for leftover in root.glob(f".{SET_NOTE}.*.tmp"):  # of killed writers: we hold the root
            leftover.unlink(missing_ok=True)


def noted_root(directory: Path) -> Path | None:
    """Return the root with an unfinished update, at or above ``directory``; most often None.

    The search ends at the top of a repository: what lies above may be anybody's.
    """
    for candidate in (directory, *directory.parents):
        if (candidate / SET_NOTE).exists():
            return candidate
        if (candidate / REPOSITORY).exists():
            return None
    return None


def repair_set(directory: Path) -> bool:
    """Finish an update that a kill interrupted; return True if there was one.

    A file that a person has changed since is left as that person wrote it.
    """
    root = noted_root(directory)
    if root is None:
        return False
    places = {(root / name).parent for name in _read_note(root)}
    with ExitStack() as stack:
        _hold(root, places, stack)
        _finish_noted(root)
    return True


def _hold(root: Path, directories: Iterable[Path], stack: ExitStack) -> None:
    """Hold the root and some projects against other eka processes, always in the same order."""
    for directory in sorted({root.resolve(), *(each.resolve() for each in directories)}):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX)


def _finish_noted(root: Path) -> None:
    if (root / SET_NOTE).exists():
        _finish(root, _read_note(root))


def _finish(root: Path, note: _Note) -> None:
    for name, change in note.items():
        path = root / name
        if digest_of(path) == change["old"]:
            replace_file(path, change["new"].encode("utf-8"))
    with contextlib.suppress(FileNotFoundError):
        (root / SET_NOTE).unlink()
    sync_directory(root)


def _read_note(root: Path) -> _Note:
    """Return the note at a root, as far as it can be ours."""
    try:
        with (root / SET_NOTE).open("rb") as stream:
            note: object = json.loads(stream.read(NOTE_CAP))
    except (OSError, ValueError, RecursionError):
        return {}  # notes are renamed into place whole: this one is not ours
    if not isinstance(note, dict):
        return {}
    found = cast("dict[str, object]", note)
    return {
        name: cast("dict[str, str]", change)
        for name, change in found.items()
        if _is_change(change) and _is_member(root, name)
    }


def _is_change(change: object) -> bool:
    if not isinstance(change, dict):
        return False
    said = cast("dict[str, object]", change)
    return said.keys() == {"old", "new"} and all(isinstance(each, str) for each in said.values())


def _is_member(root: Path, name: str) -> bool:
    """Return whether a name in a note is a manifest or lock below the root, links resolved."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.name not in NAMES:
        return False
    parent = (root / path).parent
    return parent.is_dir() and parent.resolve().is_relative_to(root.resolve())
