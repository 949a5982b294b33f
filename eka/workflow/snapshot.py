"""The tree of a local atom as its working directory has it."""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git import GitFailed
from eka.store import DirNode, FileNode, LinkNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from eka.git import GitRunner
    from eka.store import Node

CHUNK_BYTES = 1024 * 1024
RESULT_LINKS = b"result"
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
_MOST_AT_ONCE = 1000  # directories named in one command line


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


class Snapshots:
    """The trees of several directories, asked for together: git is started once for all.

    Args:
        runner: Runs git.
        top: A directory above most of them.
        directories: Which trees will be asked for.
    """

    def __init__(self, runner: GitRunner, top: Path, directories: Iterable[Path]) -> None:
        self._runner = runner
        below = {each: _below(each, top) for each in directories}
        wanted = {each: name for each, name in below.items() if name}
        self._listed: dict[Path, list[bytes]] = {}
        if len(wanted) > 1:
            self._listed = _listed_together(runner, top, wanted)

    def of(self, directory: Path) -> Iterator[Node]:
        """Yield the tree of one directory, as `snapshot` does."""
        # What git said nothing of may be in a repository of its own, or in none.
        names = self._listed.get(directory)
        return _nodes(directory, names) if names else snapshot(directory, self._runner)


def snapshot(directory: Path, runner: GitRunner) -> Iterator[Node]:
    """Yield the tree of ``directory`` as nodes, parents first.

    In a git repository: what is tracked or could be (not ignored); elsewhere everything. Links to
    build results (``result``) are left out, or each build would change the next.
    """
    return _nodes(directory, _listed(directory, runner))


def _nodes(directory: Path, names: Iterable[bytes]) -> Iterator[Node]:
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
        listed = runner.run([*_LIST, "."], cwd=directory)
    except GitFailed:
        return _walked(directory)
    return {name for name in listed.split(b"\0") if name and not name.startswith(b"../")}


def _below(directory: Path, top: Path) -> bytes:
    """Return the name of ``directory`` from ``top``, with a slash; empty for what is not below."""
    if directory == top or not directory.is_relative_to(top):
        return b""
    return os.fsencode(directory.relative_to(top)) + b"/"


def _listed_together(
    runner: GitRunner, top: Path, wanted: Mapping[Path, bytes]
) -> dict[Path, list[bytes]]:
    """Return the files below each of several directories; one may be below another."""
    listed: list[bytes] = []
    names = sorted(wanted.values())
    try:
        for start in range(0, len(names), _MOST_AT_ONCE):
            some = [f":(literal){os.fsdecode(name)}" for name in names[start:][:_MOST_AT_ONCE]]
            listed += runner.run([*_LIST, *some], cwd=top).split(b"\0")
    except GitFailed:
        return {}
    files = sorted(set(listed))
    found: dict[Path, list[bytes]] = {}
    for directory, name in wanted.items():
        first = bisect_left(files, name)
        end = bisect_left(files, name[:-1] + b"0")  # the byte after the slash
        found[directory] = [file[len(name) :] for file in files[first:end] if file != name]
    return found


def _walked(directory: Path) -> Iterator[bytes]:
    for parent, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name != ".git"]
        below = Path(parent)
        links = [name for name in directories if (below / name).is_symlink()]
        for name in [*files, *links]:
            yield os.fsencode((below / name).relative_to(directory))
