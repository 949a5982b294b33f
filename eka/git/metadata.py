"""Commits and manifests of published versions without the rest of their atoms.

Where a server can leave objects out, thousands of versions cost two requests on one connection:
the atom commits alone, then exactly the manifests they name. What they name is a claim: it is
good for planning, and whoever uses an atom recomputes it from the atom.

Such objects lie in a bare repository of their own, for nothing there is whole: the object cache
must never mistake a commit without its tree for an atom.

Source: atom-spec/transport.md [fetch-metadata].
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from functools import partial
from itertools import chain

from eka.atom import AtomCommit, ObjectId
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.cache_lock import exclusive, is_readable, make_bare, sweep
from eka.git.failures import CacheUnusable, ObjectDamaged, ObjectsUnavailable, RefusedObjects
from eka.git.fetcher import Destination, Fetcher
from eka.git.object_batches import read_headers, read_objects
from eka.git.pack_collector import PackCollector
from eka.git.protocol_fetch import Wish
from eka.git.runner import GitFailed
from eka.git.source_tree import (
    claimed_manifest,
    claimed_origin,
    commit_tree,
    is_manifest,
)
from eka.git.tree_objects import MalformedTree, parse_tree
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from eka.atom import SourceUrl
    from eka.git.runner import GitRunner
    from eka.git.together import Together

    _Read = Callable[[Collection[ObjectId], str, int], dict[ObjectId, bytes]]

MAX_COMMIT_BYTES = 16 * 1024
MAX_MANIFEST_BYTES = 256 * 1024
_MAX_TREE_BYTES = 1024 * 1024
_MAX_PACK_BYTES = 256 * 1024 * 1024
_MOST_WANTS = 16_000  # of one request: below the size from which git sends it in pieces
_MOST_PACKS = 50
_MOST_REFUSALS = 16
# Of a tree or commit that is wanted by name nothing else comes with it.
_ALONE = "tree:0"


@dataclass(frozen=True, slots=True)
class Metadata:
    """A published version as far as planning needs it; ids match bytes, the rest is a claim."""

    body: bytes
    """Of the commit object."""
    manifest: ObjectId
    text: bytes
    """Of the manifest."""

    def commit(self) -> AtomCommit:
        """Return the commit decoded; raises NotAnAtomCommit."""
        return AtomCommit.decode(self.body)


class MetadataCache:
    """Fetches metadata and keeps it for ever."""

    def __init__(self, git_dir: Path, runner: GitRunner, *, timeout_s: float | None) -> None:
        """Use the bare repository at ``git_dir``, which is made when it is first needed."""
        self.git_dir = git_dir
        self._runner = runner
        self._fetcher = Fetcher(runner, timeout_s=timeout_s, max_pack_bytes=_MAX_PACK_BYTES)

    def known(self, commits: Collection[ObjectId]) -> dict[ObjectId, Metadata]:
        """Return what is here of ``commits``; a repository that is damaged holds nothing."""
        if not (self.git_dir / "HEAD").exists():
            return {}
        try:
            return read_metadata(self._runner, self.git_dir, commits)
        except (GitFailed, ObjectDamaged):
            self.discard()
            return {}

    def fetch(
        self,
        wishes: Mapping[SourceUrl, Sequence[ObjectId]],
        together: Together,
        progress: Callable[[int], None] | None = None,
    ) -> dict[SourceUrl, dict[ObjectId, Metadata] | None | EkaError]:
        """Bring the metadata of commits here and return it, by source.

        What is no atom commit, or names no manifest that is there, is left out; None, and nothing
        was fetched, where the server cannot leave out the rest; what `Fetcher.fetch` raised where
        that failed.
        """
        try:
            with exclusive(self.git_dir) as lock:
                found = self._fetch_all(wishes, lock, together, progress)
                self._tidy()
                return found
        except GitFailed as error:
            raise CacheUnusable(self.git_dir, error.why) from error
        except OSError as error:
            raise CacheUnusable(self.git_dir, error.strerror or str(error)) from error

    def discard(self) -> None:
        """Remove everything; it is fetched again when it is needed."""
        with exclusive(self.git_dir):
            shutil.rmtree(self.git_dir, ignore_errors=True)

    def _fetch_all(
        self,
        wishes: Mapping[SourceUrl, Sequence[ObjectId]],
        lock: int,
        together: Together,
        progress: Callable[[int], None] | None,
    ) -> dict[SourceUrl, dict[ObjectId, Metadata] | None | EkaError]:
        self._fetcher.prepare(len(wishes))
        talks: dict[SourceUrl, list[_Steps] | None | EkaError] = {}
        for collector in (PackCollector() if len(wishes) > 1 else None, None):
            self._make()
            held = Destination(
                git_dir=self.git_dir, lock=lock, is_strict=False, collector=collector
            )
            jobs = {
                url: partial(self._talk, url, commits, held, progress)
                for url, commits in wishes.items()
            }
            talks = together(jobs)
            try:
                if collector is not None:
                    self._fetcher.store(held, next(iter(wishes)), collector.pack())
                found = self._read(wishes, talks)
            except (GitFailed, ObjectDamaged, RefusedObjects):
                found = None
            if found is not None:
                return found
            # What is broken here stands in the way of what just came: git keeps the pack it has.
            shutil.rmtree(self.git_dir, ignore_errors=True)
        return {url: {} if isinstance(talk, list) else talk for url, talk in talks.items()}

    def _talk(
        self,
        url: SourceUrl,
        commits: Sequence[ObjectId],
        destination: Destination,
        progress: Callable[[int], None] | None,
    ) -> list[_Steps] | None:
        """Fetch from one source; None where it cannot leave out the rest."""
        done: list[_Steps] = []
        for start in range(0, len(commits), _MOST_WANTS):
            wanted = commits[start : start + _MOST_WANTS]
            steps = _Steps(self._runner, destination, wanted)
            if not self._fetch(url, steps, destination, progress):
                return done or None
            done.append(steps)
        return done

    def _read(
        self,
        wishes: Mapping[SourceUrl, Sequence[ObjectId]],
        talks: Mapping[SourceUrl, list[_Steps] | None | EkaError],
    ) -> dict[SourceUrl, dict[ObjectId, Metadata] | None | EkaError] | None:
        """Return what came, read for all sources at once; None where something is damaged."""
        fetched = {url: talk for url, talk in talks.items() if isinstance(talk, list)}
        every = read_metadata(
            self._runner, self.git_dir, {oid for url in fetched for oid in wishes[url]}
        )
        for steps in chain.from_iterable(fetched.values()):
            is_whole = all(oid in every for oid in steps.commits) or steps.is_done()
            if not is_whole and self._is_damaged():
                return None
        found: dict[SourceUrl, dict[ObjectId, Metadata] | None | EkaError] = {}
        for url, talk in talks.items():
            here = {oid: every[oid] for oid in wishes[url] if oid in every}
            found[url] = here if url in fetched else talk if isinstance(talk, EkaError) else None
        return found

    def _fetch(
        self,
        url: SourceUrl,
        steps: _Steps,
        destination: Destination,
        progress: Callable[[int], None] | None,
    ) -> bool:
        commits = steps.commits
        wish: Wish | None = Wish(wants=commits, is_shallow=True, filter=_ALONE, needs_filter=True)
        for _ in range(_MOST_REFUSALS):
            if wish is None:
                break
            try:
                fetched = self._fetcher.fetch(url, wish, destination, progress, steps.following)
            except ObjectsUnavailable as error:
                if not steps.asked:
                    raise
                # One version that names what is not there must not hide the others.
                steps.leave_out(error.oids)
                wish = steps.following()
            else:
                return fetched.is_filtered
        return True

    def _make(self) -> None:
        if not is_readable(self._runner, self.git_dir):
            shutil.rmtree(self.git_dir, ignore_errors=True)
            make_bare(self._runner, self.git_dir)
        sweep(self.git_dir)

    def _is_damaged(self) -> bool:
        """Return whether git complains when it looks at all that is here."""
        look = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)", "--buffer"]
        looked = self._runner.execute(look, git_dir=self.git_dir)
        return looked.status != 0 or bool(looked.stderr)

    def hang_up(self) -> None:
        """End all conversations that other threads hold now."""
        self._fetcher.hang_up()

    def _tidy(self) -> None:
        """Put many small packs into one; no ref keeps what is in them."""
        if len(list((self.git_dir / "objects" / "pack").glob("*.pack"))) > _MOST_PACKS:
            self._runner.run(["repack", "-a", "-d", "-k", "-q"], git_dir=self.git_dir)


class _Steps:
    """What is to be fetched next between commits and their manifests."""

    def __init__(
        self, runner: GitRunner, destination: Destination, commits: Sequence[ObjectId]
    ) -> None:
        self.commits = commits
        self.asked: set[ObjectId] = set()
        self._gone: set[ObjectId] = set()
        self._stored = partial(read_objects, runner, destination.git_dir)
        self._collector = destination.collector
        self._present = partial(read_headers, runner, destination.git_dir)
        self._claims: _Claims | None = None

    def following(self) -> Wish | None:
        """Return the next wish, None when there is nothing left to ask for."""
        if self._claims is None:
            self._claims = _Claims(self._read(self.commits, "commit", MAX_COMMIT_BYTES))
        # What is here already is asked for again: hardly any two versions share a manifest, and
        # looking for thousands of objects that are not here takes git longer.
        wanted = self._claims.unmet(self._read, self.asked | self._gone)
        self.asked |= wanted
        # Asked for with the same caution: a header can name any object of the source.
        return Wish(wants=sorted(wanted), is_shallow=True, filter=_ALONE) if wanted else None

    def _read(
        self, oids: Collection[ObjectId], kind: str, most_bytes: int
    ) -> dict[ObjectId, bytes]:
        """Return objects that are here by now, in place or about to be."""
        collector = self._collector
        held = collector.read(oids, kind, most_bytes) if collector else {}
        return held | self._stored([oid for oid in oids if oid not in held], kind, most_bytes)

    def leave_out(self, oids: Iterable[ObjectId]) -> None:
        """Ask again, but for what the source does not have."""
        self._gone.update(oids)
        self.asked = set()

    def is_done(self) -> bool:
        """Return whether all that the source has is really here."""
        here = self._present(self.commits).keys()
        wanted: set[ObjectId] = set()
        if self._claims is not None:
            wanted = self._claims.unmet(self._read, self._gone)
        return len(here) == len(self.commits) and wanted <= self._present(wanted).keys()


class _Claims:
    """What commits say of their manifests, and how far that was followed."""

    def __init__(self, bodies: Mapping[ObjectId, bytes]) -> None:
        self._bodies = bodies
        self._manifests: dict[ObjectId, ObjectId] = {}
        self._roots: dict[ObjectId, ObjectId] = {}  # of commits that name no manifest
        for commit, body in bodies.items():
            manifest = claimed_manifest(body)
            if manifest is None and claimed_origin(body) is not None:
                with suppress(EkaError):  # it names no tree: no atom commit either
                    self._roots[commit] = commit_tree(body)
            elif manifest is not None and manifest.algorithm == commit.algorithm:
                self._manifests[commit] = manifest

    def unmet(self, read: _Read, known: AbstractSet[ObjectId]) -> set[ObjectId]:
        """Return the trees still needed to find manifests; then the manifests; not ``known``."""
        # One kind at a time: a server leaves out a file that stands in a tree wanted beside it.
        self._look(read)
        return set(self._roots.values()) - known or set(self._manifests.values()) - known

    def metadata(self, read: _Read) -> dict[ObjectId, Metadata]:
        """Return the commits whose manifests are there."""
        self._look(read)
        texts = read(set(self._manifests.values()), "blob", MAX_MANIFEST_BYTES)
        return {
            commit: Metadata(self._bodies[commit], manifest, texts[manifest])
            for commit, manifest in self._manifests.items()
            if manifest in texts
        }

    def _look(self, read: _Read) -> None:
        """Find manifests in the trees that are here by now."""
        if not self._roots:
            return
        trees = read(set(self._roots.values()), "tree", _MAX_TREE_BYTES)
        for commit, root in list(self._roots.items()):
            if root in trees:
                del self._roots[commit]
                is_old = b"\nsrc " in self._bodies[commit].partition(b"\n\n")[0]
                found = _manifest_entry(root, trees[root], is_old=is_old)
                if found is not None:
                    self._manifests[commit] = found


def read_metadata(
    runner: GitRunner, git_dir: Path, commits: Collection[ObjectId]
) -> dict[ObjectId, Metadata]:
    """Return the metadata that a repository holds of ``commits``.

    Raises:
        GitFailed, ObjectDamaged: it cannot be read.
    """
    read = partial(read_objects, runner, git_dir)
    return _Claims(read(commits, "commit", MAX_COMMIT_BYTES)).metadata(read)


def _manifest_entry(root: ObjectId, body: bytes, *, is_old: bool) -> ObjectId | None:
    try:
        entries = parse_tree(body, len(root.raw))
    except MalformedTree:
        return None
    found = [entry.oid for entry in entries if is_manifest(entry, is_old=is_old)]
    return found[0] if len(found) == 1 else None
