"""Reaches the source commits of a set's atoms: their ancestry, and their trees without files.

One bare repository of eka's own per source. Where the server offers filters, ancestry costs
commits only and a source tree its directories only; elsewhere everything is fetched. git's
partial clones are not used: they fetch what is missing behind one's back. However many atoms are
looked at, their source commits come in two requests.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.cache_lock import exclusive, is_readable, make_bare, sweep
from eka.git.commit_log import commits_between
from eka.git.failures import CacheUnusable, ObjectsUnavailable
from eka.git.fetcher import DEFAULT_FETCH_TIMEOUT_S, Destination, Fetched, Fetcher
from eka.git.keepers import keep, kept
from eka.git.lineage import descendants
from eka.git.objects import PygitReader
from eka.git.protocol_fetch import Wish
from eka.git.provenance_report import Lineage
from eka.git.runner import GitFailed
from eka.git.source_tree import SourceTrees, commit_parents, commit_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence
    from pathlib import Path

    from eka.atom import Genesis, ObjectId, SourceUrl
    from eka.git.runner import GitRunner

_COMMITS_PREFIX = "refs/eka/commits/"
_TREES_PREFIX = "refs/eka/trees/"
_MOST_HAVES = 64
_MOST_REFUSALS = 16


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
        offline: bool = False,
    ) -> None:
        """Use a repository below ``directory``, made when it is first needed.

        ``offline``: what was not reached before is unavailable.
        """
        # Not the secret form: two users of one source share its history.
        name = hashlib.sha256(url.public.encode()).hexdigest()[:32]
        self.git_dir = directory / f"{name}.git"
        self._url = url
        self._runner = runner
        self._fetcher = Fetcher(runner, timeout_s=timeout_s)
        self._progress = progress
        self._offline = offline
        self._shallow: set[ObjectId] = set()
        self._ready: set[ObjectId] = set()
        self._lost: dict[ObjectId, EkaError] = {}
        self._down: EkaError | None = None
        self._descendants: dict[Genesis, set[ObjectId]] = {}
        self._lineages: dict[tuple[ObjectId, Genesis], Lineage] = {}
        self._opened: PygitReader | None = None
        self._trees: SourceTrees | None = None

    def prepare(self, origins: Iterable[ObjectId]) -> None:
        """Reach many source commits in two requests; what the source lacks is left out.

        `reader` reaches, or says why it cannot, what was left out. A source that lacks one after
        another and has none is not asked for the rest.

        Raises:
            As `Fetcher.fetch`, but for ObjectsUnavailable.
        """
        known = self._ready | self._lost.keys()
        wanted = [each for each in dict.fromkeys(origins) if each not in known]
        for _ in range(_MOST_REFUSALS):
            try:
                self._ask(wanted)
            except ObjectsUnavailable as error:
                # A server names one that it lacks; where it names none, each is asked for alone.
                lacking = [origin for origin in wanted if origin in error.oids]
                if not lacking or len(lacking) == len(wanted):
                    return
                self._lost.update(dict.fromkeys(lacking, error))
                wanted = [origin for origin in wanted if origin not in self._lost]
            else:
                return
        if not self._ready:
            why = f"it lacks {_MOST_REFUSALS} other source commits, and has none"
            none = ObjectsUnavailable(self._url, wanted, why)
            self._lost.update(dict.fromkeys(wanted, none))

    def reader(self, origin: ObjectId) -> PygitReader:
        """Return a reader of the commit ``origin``, its ancestors and all of its trees."""
        if origin not in self._ready:
            try:
                self._ask([origin])
            except ObjectsUnavailable as error:
                self._lost[origin] = error
                raise
        return self._objects()

    def _ask(self, origins: Sequence[ObjectId]) -> None:
        """Reach source commits; what failed once is not tried again by the same command."""
        for error in (self._down, *(self._lost.get(origin) for origin in origins)):
            if error is not None:
                raise error
        try:
            self._reach(origins)
        except EkaError as error:
            if error.exit_status == Exit.NETWORK:
                self._down = error
            raise

    def trees(self, origin: ObjectId) -> SourceTrees:
        """Return where to find trees below the commit ``origin``."""
        reader = self.reader(origin)
        return self._trees or SourceTrees(reader)

    def lineage(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        """Return how ``genesis`` and the source commit ``origin`` are related."""
        key = origin, genesis
        if key not in self._lineages:
            self._lineages[key] = self._relation(origin, genesis)
        return self._lineages[key]

    def between(self, old: ObjectId, new: ObjectId) -> list[ObjectId]:
        """Return the commits that ``new`` has and ``old`` has not, newest first."""
        self.prepare([old, new])
        self.reader(old)
        self.reader(new)
        return commits_between(self._runner, self.git_dir, old, new)

    def _relation(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        reader = self.reader(origin)
        unknown = Lineage.SHALLOW if origin in self._shallow else Lineage.STRANGER
        if not reader.has(genesis):
            return unknown
        if commit_parents(reader.commit(genesis)):
            return Lineage.NOT_A_ROOT
        if genesis not in self._descendants:
            self._descendants[genesis] = descendants(
                self._runner, self.git_dir, genesis, self._ready
            )
        return Lineage.ANCESTOR if origin in self._descendants[genesis] else unknown

    def _reach(self, origins: Sequence[ObjectId]) -> None:
        """Fetch what is missing of some source commits: ancestors first, then trees."""
        if not origins:
            return
        with self._writing() as destination:
            alone = self._fetch_commits(origins, destination)
            reader = self._objects()
            roots = {origin: commit_tree(reader.commit(origin)) for origin in origins}
            self._fetch_trees(roots, destination, may_be_here=not alone)
        self._ready.update(origins)
        self._descendants.clear()

    @contextmanager
    def _writing(self) -> Generator[Destination]:
        try:
            with exclusive(self.git_dir) as lock:
                self._make()
                sweep(self.git_dir)
                yield Destination(git_dir=self.git_dir, lock=lock, is_strict=False)
        except GitFailed as error:
            raise CacheUnusable(self.git_dir, error.why) from error
        except OSError as error:
            raise CacheUnusable(self.git_dir, error.strerror or str(error)) from error

    def _fetch_commits(self, origins: Collection[ObjectId], destination: Destination) -> bool:
        """Fetch source commits and their ancestors; True: no trees came with them."""
        here = kept(self._runner, self.git_dir, _COMMITS_PREFIX)
        known = {*here, *self._shallow}
        missing = [each for each in origins if each not in known]
        if not missing:
            return False
        wish = Wish(wants=missing, haves=here[:_MOST_HAVES], filter="tree:0")
        fetched = self._fetch(wish, destination)
        reader = self._objects()
        if absent := [origin for origin in missing if not reader.has(origin)]:
            raise ObjectsUnavailable(self._url, absent, "its answer leaves them out")
        # What the server says about its boundary is not enough: a graft hides parents silently.
        if not fetched.is_shallow and self._are_whole(missing):
            whole = missing
        else:
            whole = [
                each for each in missing if not fetched.is_shallow and self._are_whole([each])
            ]
        self._shallow.update(set(missing) - set(whole))
        keep(self._runner, self.git_dir, whole, _COMMITS_PREFIX)
        return fetched.is_filtered and len(missing) == len(origins)

    def _fetch_trees(
        self, roots: dict[ObjectId, ObjectId], destination: Destination, *, may_be_here: bool
    ) -> None:
        here = set(kept(self._runner, self.git_dir, _TREES_PREFIX))
        missing = {origin: root for origin, root in roots.items() if root not in here}
        if not missing:
            return
        wanted = list(dict.fromkeys(missing.values()))
        if not (may_be_here and self._have_trees(wanted)):
            try:
                wish = Wish(wants=wanted, filter="blob:none")
                self._fetch(wish, destination)
            except ObjectsUnavailable:
                # An older server gives what refs name and nothing else.
                wish = Wish(wants=list(missing), filter="blob:none")
                self._fetch(wish, destination)
            if not self._have_trees(wanted):
                raise ObjectsUnavailable(self._url, wanted, "its answer leaves out trees")
        keep(self._runner, self.git_dir, wanted, _TREES_PREFIX)

    def _fetch(self, wish: Wish, destination: Destination) -> Fetched:
        if self._offline:
            raise ObjectsUnavailable(self._url, wish.wants, "--offline forbids asking for them")
        return self._fetcher.fetch(self._url, wish, destination, self._progress)

    def _are_whole(self, commits: Iterable[ObjectId]) -> bool:
        return self._walk(["rev-list", "--quiet", "--stdin"], commits)

    def _have_trees(self, roots: Iterable[ObjectId]) -> bool:
        return self._walk(
            ["rev-list", "--quiet", "--objects", "--filter=blob:none", "--stdin"], roots
        )

    def _walk(self, command: Sequence[str], starts: Iterable[ObjectId]) -> bool:
        """Return whether git finds everything on a walk from ``starts``."""
        names = "".join(f"{oid.hex}\n" for oid in starts).encode()
        return self._runner.execute(command, git_dir=self.git_dir, stdin=names).status == 0

    def _make(self) -> None:
        if is_readable(self._runner, self.git_dir):
            return
        shutil.rmtree(self.git_dir, ignore_errors=True)
        self._opened = None
        self._shallow.clear()
        make_bare(self._runner, self.git_dir)

    def _objects(self) -> PygitReader:
        if self._opened is None:
            self._opened = PygitReader(self.git_dir)
            self._trees = SourceTrees(self._opened)
        return self._opened
