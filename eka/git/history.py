"""Reaches the source commits of a set's atoms: their ancestry, and their trees without files.

One bare repository of eka's own per source. Where the server offers filters, ancestry costs
commits only and a source tree its directories only; elsewhere everything is fetched. git's
partial clones are not used: they fetch what is missing behind one's back.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from eka.atom import ObjectId
from eka.git.cache_lock import exclusive, is_readable, make_bare, sweep
from eka.git.failures import CacheUnusable, ObjectMissing, ObjectsUnavailable
from eka.git.fetcher import DEFAULT_FETCH_TIMEOUT_S, Destination, Fetcher
from eka.git.objects import DIRECTORY_MODE, PygitReader
from eka.git.protocol_fetch import Wish
from eka.git.provenance_report import Lineage
from eka.git.runner import GitFailed
from eka.git.source_tree import commit_parents, commit_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import Genesis, SourceUrl
    from eka.git.runner import GitRunner

_COMMITS_PREFIX = "refs/eka/commits/"
_TREES_PREFIX = "refs/eka/trees/"
_MOST_HAVES = 64


class SourceHistory:
    """The history behind one source; a `provenance.History`."""

    def __init__(
        self,
        directory: Path,
        url: SourceUrl,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_FETCH_TIMEOUT_S,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Use a repository below ``directory``, made when it is first needed."""
        # Not the secret form: two users of one source share its history.
        name = hashlib.sha256(url.public.encode()).hexdigest()[:32]
        self.git_dir = directory / f"{name}.git"
        self._url = url
        self._runner = runner
        self._fetcher = Fetcher(runner, timeout_s=timeout_s)
        self._progress = progress
        self._shallow: set[ObjectId] = set()
        self._ready: set[ObjectId] = set()
        self._lineages: dict[tuple[ObjectId, Genesis], Lineage] = {}
        self._reader: PygitReader | None = None

    def reader(self, origin: ObjectId) -> PygitReader:
        """Return a reader of the commit ``origin``, its ancestors and all of its trees."""
        if origin in self._ready:
            return self._opened()
        try:
            with exclusive(self.git_dir) as lock:
                self._make()
                sweep(self.git_dir)
                destination = Destination(git_dir=self.git_dir, lock=lock, is_strict=False)
                reader = self._opened()
                self._fetch_commits(origin, destination)
                self._fetch_trees(origin, commit_tree(reader.commit(origin)), destination)
        except GitFailed as error:
            raise CacheUnusable(self.git_dir, error.why) from error
        except OSError as error:
            raise CacheUnusable(self.git_dir, error.strerror or str(error)) from error
        self._ready.add(origin)
        return reader

    def lineage(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        """Return how ``genesis`` and the source commit ``origin`` are related."""
        key = origin, genesis
        if key not in self._lineages:
            self._lineages[key] = self._walk(origin, genesis)
        return self._lineages[key]

    def _walk(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        reader = self.reader(origin)
        unknown = Lineage.SHALLOW if origin in self._shallow else Lineage.STRANGER
        if not reader.has(genesis):
            return unknown
        if commit_parents(reader.commit(genesis)):
            return Lineage.NOT_A_ROOT
        test = ["merge-base", "--is-ancestor", genesis.hex, origin.hex]
        is_ancestor = self._runner.execute(test, git_dir=self.git_dir).status == 0
        return Lineage.ANCESTOR if is_ancestor else unknown

    def _fetch_commits(self, origin: ObjectId, destination: Destination) -> None:
        if self._is_kept(_COMMITS_PREFIX, origin) or origin in self._shallow:
            return
        wish = Wish(wants=[origin], haves=self._haves(), filter="tree:0")
        fetched = self._fetcher.fetch(self._url, wish, destination, self._progress)
        if not self._opened().has(origin):
            raise ObjectsUnavailable(self._url, [origin], "its answer leaves it out")
        # What the server says about its boundary is not enough: a graft hides parents silently.
        walk = ["rev-list", "--quiet", origin.hex]
        is_whole = self._runner.execute(walk, git_dir=destination.git_dir).status == 0
        if is_whole and not fetched.is_shallow:
            self._keep(_COMMITS_PREFIX, origin)
        else:
            self._shallow.add(origin)

    def _fetch_trees(self, origin: ObjectId, root: ObjectId, destination: Destination) -> None:
        if self._is_kept(_TREES_PREFIX, root):
            return
        if not self._has_trees(root):
            try:
                wish = Wish(wants=[root], filter="blob:none")
                self._fetcher.fetch(self._url, wish, destination, self._progress)
            except ObjectsUnavailable:
                # An older server gives what refs name and nothing else.
                wish = Wish(wants=[origin], filter="blob:none")
                self._fetcher.fetch(self._url, wish, destination, self._progress)
            if not self._has_trees(root):
                raise ObjectsUnavailable(self._url, [root], "its answer leaves out trees")
        self._keep(_TREES_PREFIX, root)

    def _has_trees(self, root: ObjectId) -> bool:
        reader = self._opened()
        seen = {root}
        waiting = [root]
        try:
            while waiting:
                for entry in reader.tree(waiting.pop()):
                    if entry.mode == DIRECTORY_MODE and entry.oid not in seen:
                        seen.add(entry.oid)
                        waiting.append(entry.oid)
        except ObjectMissing:
            return False
        return True

    def _haves(self) -> list[ObjectId]:
        output = self._git(
            "for-each-ref", f"--count={_MOST_HAVES}", "--format=%(objectname)", _COMMITS_PREFIX
        )
        return [ObjectId(line) for line in output.decode().split()]

    def _is_kept(self, prefix: str, oid: ObjectId) -> bool:
        show = ["show-ref", "--verify", "--quiet", prefix + oid.hex]
        return self._runner.execute(show, git_dir=self.git_dir).status == 0

    def _keep(self, prefix: str, oid: ObjectId) -> None:
        self._git("update-ref", prefix + oid.hex, oid.hex)

    def _make(self) -> None:
        if is_readable(self._runner, self.git_dir):
            return
        shutil.rmtree(self.git_dir, ignore_errors=True)
        self._reader = None
        self._shallow.clear()
        make_bare(self._runner, self.git_dir)

    def _opened(self) -> PygitReader:
        if self._reader is None:
            self._reader = PygitReader(self.git_dir)
        return self._reader

    def _git(self, *args: str) -> bytes:
        return self._runner.run(args, git_dir=self.git_dir)
