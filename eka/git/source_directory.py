"""Reaches directories of single commits: no history, and nothing that lies elsewhere.

One bare repository of eka's own for all sources. First come the commit and the trees on the way
to the directory, each alone where the server can leave out the rest; then the directory, whole.
All of it goes over one connection.

Source: atom-spec/direct.md [git-pin].
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.cache import MAX_FILE_BYTES
from eka.git.cache_lock import exclusive, is_readable, make_bare, sweep
from eka.git.failures import CacheUnusable, ObjectsUnavailable, UnsupportedObjectFormat
from eka.git.fetcher import DEFAULT_FETCH_TIMEOUT_S, MAX_PACK_BYTES, Destination, Fetcher
from eka.git.keepers import keep, kept
from eka.git.objects import PygitReader
from eka.git.protocol_fetch import Wish
from eka.git.runner import GitFailed
from eka.git.source_tree import SourceTrees, commit_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from eka.atom import ObjectId, SourceUrl
    from eka.git.runner import GitRunner

_PREFIX = "refs/eka/directories/"
_ALONE = "tree:0"
_GONE = "the commit may be gone: `eka lock --refresh` finds what its name leads to now"
_NO_LARGE_FILE = f"blob:limit={MAX_FILE_BYTES + 1}"


class DirectoryMissing(EkaError):
    """A commit does not hold the directory that is wanted of it."""

    code = "directory-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, url: SourceUrl, rev: ObjectId, path: str) -> None:
        super().__init__(
            what=f"the commit holds no directory {path}",
            where=f"{url.public} at {rev.hex}",
            fix="correct `subdir` in atom.toml, or ask for a commit that has it",
        )
        self.rev, self.path = rev, path


class SourceDirectories:
    """Fetches directories of commits and keeps them."""

    def __init__(
        self,
        git_dir: Path,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_FETCH_TIMEOUT_S,
        max_pack_bytes: int = MAX_PACK_BYTES,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Use the bare repository at ``git_dir``, which is made when it is first needed."""
        self.git_dir = git_dir
        self._runner = runner
        self._fetcher = Fetcher(runner, timeout_s=timeout_s, max_pack_bytes=max_pack_bytes)
        self._progress = progress
        self._opened: PygitReader | None = None

    def reader(self) -> PygitReader:
        """Return a reader of what is here."""
        if self._opened is None:
            self._opened = PygitReader(self.git_dir)
        return self._opened

    def has(self, tree: ObjectId) -> bool:
        """Tell whether a directory is here, whole."""
        if not is_readable(self._runner, self.git_dir):
            return False
        return tree in kept(self._runner, self.git_dir, _PREFIX) and self.reader().has(tree)

    def fetch(self, url: SourceUrl, rev: ObjectId, path: str) -> ObjectId:
        """Bring a directory of a commit here, whole, and return the id of its tree.

        Args:
            url: Where the commit is.
            rev: Its id.
            path: Of the directory; empty for the root.

        Raises:
            DirectoryMissing: the commit has no such directory; exit 3.
            UnexpectedObject: ``rev`` is no commit; exit 5.
            UnsupportedObjectFormat: the repository uses another hash function; exit 1.
            Otherwise as `Fetcher.fetch`.
        """
        if rev.algorithm != "sha1":
            raise UnsupportedObjectFormat(url.public)
        try:
            return self._brought(url, rev, path)
        except ObjectsUnavailable as error:
            error.fix = _GONE
            raise

    def _brought(self, url: SourceUrl, rev: ObjectId, path: str) -> ObjectId:
        with self._writing() as destination:
            descent = _Descent(self, rev, path)
            if descent.missing() is not None:
                self._fetch(url, Wish(wants=[rev], is_shallow=True, filter=_ALONE), destination,
                            descent.following)  # fmt: skip
            if (missing := descent.missing()) is not None:
                raise ObjectsUnavailable(url, [missing], "its answer leaves it out")
            tree = descent.found()
            if tree is None:
                raise DirectoryMissing(url, rev, path)
            if not self._is_whole(tree):
                self._fetch_whole(url, rev, tree, destination)
            keep(self._runner, self.git_dir, [tree], _PREFIX)
        return tree

    def _fetch_whole(
        self, url: SourceUrl, rev: ObjectId, tree: ObjectId, destination: Destination
    ) -> None:
        try:
            self._fetch(url, Wish(wants=[tree], filter=_NO_LARGE_FILE), destination)
        except ObjectsUnavailable:
            # An older server gives what refs name and nothing else.
            whole = Wish(wants=[rev], is_shallow=True, filter=_NO_LARGE_FILE)
            self._fetch(url, whole, destination)
        if not self._is_whole(tree):
            why = f"its answer leaves out objects, or a file is larger than {MAX_FILE_BYTES} bytes"
            raise ObjectsUnavailable(url, [tree], why)

    def _fetch(
        self,
        url: SourceUrl,
        wish: Wish,
        destination: Destination,
        following: Callable[[], Wish | None] = lambda: None,
    ) -> None:
        self._fetcher.fetch(url, wish, destination, self._progress, following)

    def _is_whole(self, tree: ObjectId) -> bool:
        # Walks all trees, and fails where one of them or a file is not here.
        walk = ["rev-list", "--quiet", "--objects", "--stdin"]
        names = f"{tree.hex}\n".encode()
        return self._runner.execute(walk, git_dir=self.git_dir, stdin=names).status == 0

    @contextmanager
    def _writing(self) -> Generator[Destination]:
        try:
            with exclusive(self.git_dir) as lock:
                if not is_readable(self._runner, self.git_dir):
                    shutil.rmtree(self.git_dir, ignore_errors=True)
                    self._opened = None
                    make_bare(self._runner, self.git_dir)
                sweep(self.git_dir)
                yield Destination(git_dir=self.git_dir, lock=lock, is_strict=False)
        except GitFailed as error:
            raise CacheUnusable(self.git_dir, error.why) from error
        except OSError as error:
            raise CacheUnusable(self.git_dir, error.strerror or str(error)) from error


class _Descent:
    """The way from a commit down to one of its directories, as far as its objects are here."""

    def __init__(self, place: SourceDirectories, rev: ObjectId, path: str) -> None:
        self._place = place
        self._rev = rev
        self._parts = path.split("/") if path else []
        self._asked = {rev}

    def following(self) -> Wish | None:
        """Return the wish for the next object on the way, or for all at its end."""
        missing = self.missing()
        if missing is None:
            return self._whole()
        if missing in self._asked:  # it was left out, and would be again
            return None
        self._asked.add(missing)
        return Wish(wants=[missing], filter=_ALONE)

    def _whole(self) -> Wish | None:
        tree = self.found()
        if tree is None or self._place.reader().has(tree):
            return None
        return Wish(wants=[tree], filter=_NO_LARGE_FILE)

    def found(self) -> ObjectId | None:
        """Return the tree at the end of the way; None where there is no such directory."""
        reader = self._place.reader()
        root = commit_tree(reader.commit(self._rev))
        return SourceTrees(reader).at(root, "/".join(self._parts) or ".")

    def missing(self) -> ObjectId | None:
        """Return the first object on the way that is not here."""
        reader = self._place.reader()
        if not reader.has(self._rev):
            return self._rev
        tree: ObjectId | None = commit_tree(reader.commit(self._rev))
        for part in self._parts:
            if tree is None or not reader.has(tree):
                return tree
            tree = SourceTrees(reader).at(tree, part)
        return None
