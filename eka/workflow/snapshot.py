"""The tree of a local atom as its working directory has it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git import GitFailed
from eka.store import DirNode, FileNode, LinkNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.git import GitRunner
    from eka.store import Node

CHUNK_BYTES = 1024 * 1024
RESULT_LINKS = b"result"


class UnusableFile(EkaError):
    """Something in a working directory can be part of no atom."""

    code = "unusable-file"
    exit_status = Exit.FAILED

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="a file cannot be part of an atom",
            where=path,
            why=why,
            fix="delete it or list it in .gitignore",
        )


def snapshot(directory: Path, runner: GitRunner) -> Iterator[Node]:
    """Yield the tree of ``directory`` as nodes, parents first.

    In a git repository: what is tracked or could be (not ignored); elsewhere everything. Links to
    build results (``result``) are left out, or each build would change the next.
    """
    names = _listed(directory, runner)
    yield DirNode(())
    parents: dict[tuple[bytes, ...], bool] = {(): True}
    given: set[tuple[bytes, ...]] = set()
    for name in sorted(names, key=lambda name: name.split(b"/")):
        parts = tuple(name.rstrip(b"/").split(b"/"))
        if not _is_directory(directory, parts[:-1], parents):
            continue  # what is tracked there is deleted, and a link is not to be followed
        node = _node(parts, directory / os.fsdecode(name))
        if node is None:
            continue
        for depth in range(1, len(parts)):
            if parts[:depth] not in given:
                given.add(parts[:depth])
                yield DirNode(parts[:depth])
        yield node


def _is_directory(
    top: Path, parts: tuple[bytes, ...], known: dict[tuple[bytes, ...], bool]
) -> bool:
    """Return whether ``parts`` lead from ``top`` to a directory without passing a link."""
    if parts not in known:
        place = top / os.fsdecode(b"/".join(parts))
        is_real = not place.is_symlink() and place.is_dir()
        known[parts] = is_real and _is_directory(top, parts[:-1], known)
    return known[parts]


def _node(parts: tuple[bytes, ...], path: Path) -> Node | None:
    try:
        status = path.lstat()
    except FileNotFoundError:  # tracked, but deleted in the working tree
        return None
    if stat.S_ISLNK(status.st_mode):
        if len(parts) == 1 and parts[0].split(b"-")[0] == RESULT_LINKS:
            return None
        return LinkNode(parts, os.fsencode(path.readlink()))
    if stat.S_ISREG(status.st_mode):
        return FileNode(parts, bool(status.st_mode & stat.S_IXUSR), _chunks(path))
    if stat.S_ISDIR(status.st_mode):
        raise UnusableFile(str(path), "it is a repository of its own")
    raise UnusableFile(str(path), "it is neither a regular file nor a symbolic link")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _listed(directory: Path, runner: GitRunner) -> Iterable[bytes]:
    try:
        listed = runner.run(
            ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."],
            cwd=directory,
        )
    except GitFailed:
        return _walked(directory)
    return {name for name in listed.split(b"\0") if name and not name.startswith(b"../")}


def _walked(directory: Path) -> Iterator[bytes]:
    for parent, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name != ".git"]
        below = Path(parent)
        links = [name for name in directories if (below / name).is_symlink()]
        for name in [*files, *links]:
            yield os.fsencode((below / name).relative_to(directory))
