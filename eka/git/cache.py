"""The object cache: one bare repository of eka's own, filled by object id from any source.

Objects are fetched by id and never into refs of the source's choice (which would be slow, and
would let a source name our refs). What arrived whole is kept alive by a ref of ours, which is
also the proof that it arrived whole.

Source: atom-spec/transport.md [fetch-by-id].
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from functools import partial

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.cache_lock import exclusive, is_readable, make_bare, sweep
from eka.git.failures import (
    CacheUnusable,
    ObjectDamaged,
    ObjectsUnavailable,
    RefusedObjects,
    UnsupportedObjectFormat,
)
from eka.git.fetcher import (
    DEFAULT_FETCH_TIMEOUT_S,
    MAX_PACK_BYTES,
    Destination,
    Fetched,
    Fetcher,
)
from eka.git.keepers import KEEP_PREFIX, keep
from eka.git.pack_collector import PackCollector
from eka.git.protocol_fetch import Wish
from eka.git.runner import GitFailed
from eka.git.together import one_by_one

# As the tree policy: no file of an atom is larger. Where the server can, it leaves such files out.
MAX_FILE_BYTES = 512 * 1024 * 1024
_NO_LARGE_FILE = f"blob:limit={MAX_FILE_BYTES + 1}"
_LEFT_OUT = "did not receive expected object"

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from eka.atom import ObjectId, SourceUrl
    from eka.git.metadata import Metadata, MetadataCache
    from eka.git.runner import GitRunner
    from eka.git.together import Together


class ObjectCache:
    """Fetches objects by id and keeps them."""

    def __init__(
        self,
        path: Path,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_FETCH_TIMEOUT_S,
        max_pack_bytes: int = MAX_PACK_BYTES,
    ) -> None:
        """Use the bare repository at ``path``, which is made when it is first needed."""
        self.git_dir = path
        self._runner = runner
        self._timeout_s = timeout_s
        self._fetcher = Fetcher(runner, timeout_s=timeout_s, max_pack_bytes=max_pack_bytes)
        self._metadata: MetadataCache | None = None
        self._old: set[SourceUrl] = set()
        self._unfiltered: set[SourceUrl] = set()

    def capped(self, max_pack_bytes: int) -> ObjectCache:
        """Return this cache for requests whose answers are small."""
        return ObjectCache(
            self.git_dir, self._runner, timeout_s=self._timeout_s, max_pack_bytes=max_pack_bytes
        )

    def has(self, oids: Iterable[ObjectId]) -> frozenset[ObjectId]:
        """Return those of ``oids`` that are here, whole: with all that they refer to."""
        wanted = tuple(dict.fromkeys(oids))
        if not wanted or not (self.git_dir / "HEAD").exists():
            return frozenset()
        names = "".join(f"{KEEP_PREFIX}{oid.hex}\n" for oid in wanted)
        try:
            answer = self._git(["cat-file", "--batch-check=%(objectname)", "--buffer"], names)
        except GitFailed:
            return frozenset()  # damaged: whoever needs the objects makes it anew
        found = {line for line in answer.decode().split("\n") if " " not in line}
        return frozenset(oid for oid in wanted if oid.hex in found)

    def ensure(
        self,
        url: SourceUrl,
        oids: Iterable[ObjectId],
        *,
        haves: Sequence[ObjectId] = (),
        progress: Callable[[int], None] | None = None,
        on_old: Callable[[], None] | None = None,
    ) -> None:
        """Fetch those of ``oids`` that are not here yet, whole, in one request.

        Args:
            url: Any source that has them: what is asked for by id need not be believed.
            oids: Commits without parents (atoms), trees, blobs, tags of such commits.
            haves: Commits that are here whole: what they hold need not come again.
            progress: Called with the bytes received so far.
            on_old: Called when the server speaks an older protocol, once for each source.

        Raises:
            ObjectsUnavailable: the source does not have them; exit 3.
            RefusedObjects: what it sent is not sound, or a commit has parents; exit 5.
            UnsupportedObjectFormat, CacheUnusable, OutputTooLarge: exit 1.
            Otherwise as `Transport.ls_refs`.

        Source: atom-spec/transport.md [fetch-by-id].
        """
        wanted = tuple(dict.fromkeys(oids))
        _check_format(url, wanted)
        if len(self.has(wanted)) == len(wanted):
            return
        outcome = self.ensure_all(
            {url: wanted}, haves=haves, progress=progress, on_old=lambda _: on_old and on_old()
        )[url]
        if outcome is not None:
            raise outcome

    def ensure_all(
        self,
        wishes: Mapping[SourceUrl, Collection[ObjectId]],
        together: Together = one_by_one,
        *,
        haves: Sequence[ObjectId] = (),
        progress: Callable[[int], None] | None = None,
        on_old: Callable[[SourceUrl], object] | None = None,
    ) -> dict[SourceUrl, EkaError | None]:
        """Do what `ensure` does, for several sources; return the error of each that failed.

        Each source is asked once, and all are asked ``together``.

        Raises:
            CacheUnusable: the cache itself cannot be written.
        """
        try:
            with exclusive(self.git_dir) as lock:
                is_new = self._make()
                sweep(self.git_dir)
                # Looking for thousands of objects that are not there takes git a while.
                every = {oid for wanted in wishes.values() for oid in wanted}
                absent = every if is_new else every - self.has(every)
                collector = PackCollector() if len(wishes) > 1 else None
                destination = Destination(
                    git_dir=self.git_dir, lock=lock, is_strict=True, collector=collector
                )
                self._fetcher.prepare(len(wishes))
                jobs = {
                    url: partial(self._fetch_missing, url, missing, haves, destination, progress)
                    for url, wanted in wishes.items()
                    if (missing := sorted(absent.intersection(wanted)))
                }
                outcomes = together(jobs)
                if collector is not None:
                    outcomes |= self._store(destination, collector)
                for url, outcome in outcomes.items():
                    if isinstance(outcome, Fetched) and outcome.is_old and url not in self._old:
                        self._old.add(url)
                        if on_old is not None:
                            on_old(url)
                return self._keep(absent, wishes, outcomes)
        except GitFailed as error:
            raise CacheUnusable(self.git_dir, error.why) from error
        except OSError as error:
            raise CacheUnusable(self.git_dir, error.strerror or str(error)) from error

    def _store(
        self, destination: Destination, collector: PackCollector
    ) -> dict[SourceUrl, EkaError]:
        """Put all in place that was collected; return whose objects were refused."""
        refused: dict[SourceUrl, EkaError] = {}
        for url, _ in collector.packs[:1]:
            try:
                self._fetcher.store(destination, url, collector.pack())
            except RefusedObjects:
                pass
            else:
                return refused
        # One source spoils what came of all: each by itself.
        for url, pack in collector.packs:
            try:
                self._fetcher.store(destination, url, pack)
            except RefusedObjects as error:
                refused[url] = _left_out(url, error)
        return refused

    def _fetch_missing(
        self,
        url: SourceUrl,
        missing: Sequence[ObjectId],
        haves: Sequence[ObjectId],
        destination: Destination,
        progress: Callable[[int], None] | None,
    ) -> Fetched:
        _check_format(url, missing)
        wish = Wish(wants=missing, haves=haves, is_shallow=True, filter=_NO_LARGE_FILE)
        return self._fetch(url, wish, destination, progress)

    def _keep(
        self,
        absent: AbstractSet[ObjectId],
        wishes: Mapping[SourceUrl, Collection[ObjectId]],
        outcomes: Mapping[SourceUrl, Fetched | EkaError],
    ) -> dict[SourceUrl, EkaError | None]:
        """Keep what arrived whole, and say of each source what is wrong with it."""
        asked = {
            url: [oid for oid in wishes[url] if oid in absent]
            for url, outcome in outcomes.items()
            if isinstance(outcome, Fetched)
        }
        here = self._present({oid for oids in asked.values() for oid in oids})
        found: dict[SourceUrl, EkaError | None] = dict.fromkeys(wishes)
        kept: set[ObjectId] = set()
        for url, outcome in outcomes.items():
            if isinstance(outcome, EkaError):
                found[url] = outcome
            elif lost := [oid for oid in asked[url] if oid not in here]:
                found[url] = ObjectsUnavailable(url, lost, "its answer leaves them out")
            else:
                kept.update(asked[url])
        keep(self._runner, self.git_dir, sorted(kept))
        return found

    def known_metadata(self, commits: Iterable[ObjectId]) -> dict[ObjectId, Metadata]:
        """Return what is known here of ``commits``, from whole atoms or fetched alone."""
        from eka.git.metadata import read_metadata  # noqa: PLC0415 - few commands plan

        wanted = tuple(dict.fromkeys(commits))
        found = self._planning().known(wanted)
        whole = self.has(oid for oid in wanted if oid not in found)
        if whole:
            with suppress(GitFailed, ObjectDamaged):  # damaged: `ensure` makes it anew
                found |= read_metadata(self._runner, self.git_dir, whole)
        return found

    def metadata(
        self,
        url: SourceUrl,
        commits: Iterable[ObjectId],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> dict[ObjectId, Metadata]:
        """Return commits and manifests of published versions, and fetch nothing else of them.

        What is not here yet costs at most two requests on one connection (three where commits
        name no manifest), for any number of versions.

        Returns:
            Those that can be had in this way. Nothing new where the server cannot leave out the
            rest; the whole atom, by `ensure`, is the way to the others.

        Raises:
            As `ensure`.

        Source: atom-spec/transport.md [fetch-metadata].
        """
        outcome = self.metadata_all({url: tuple(commits)}, progress=progress)[url]
        if isinstance(outcome, EkaError):
            raise outcome
        return outcome

    def metadata_all(
        self,
        wishes: Mapping[SourceUrl, Collection[ObjectId]],
        together: Together = one_by_one,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> dict[SourceUrl, dict[ObjectId, Metadata] | EkaError]:
        """Do what `metadata` does, for several sources; what fails is returned.

        Each source that knows more than is known here is asked once, and all ``together``.

        Raises:
            CacheUnusable: the cache itself cannot be written.
        """
        every = self.known_metadata(oid for wanted in wishes.values() for oid in wanted)
        found: dict[SourceUrl, dict[ObjectId, Metadata] | EkaError] = {}
        missing: dict[SourceUrl, list[ObjectId]] = {}
        for url, wanted in wishes.items():
            found[url] = {oid: every[oid] for oid in wanted if oid in every}
            left = [oid for oid in dict.fromkeys(wanted) if oid not in every]
            if any(oid.algorithm != "sha1" for oid in wanted):
                found[url] = UnsupportedObjectFormat(url.public)
            elif left and url not in self._unfiltered:
                missing[url] = left
        if missing:
            for url, fetched in self._planning().fetch(missing, together, progress).items():
                if isinstance(fetched, EkaError):
                    found[url] = fetched
                    continue
                if not fetched:
                    self._unfiltered.add(url)  # it need not be asked again
                known = found[url]
                found[url] = {**(known if isinstance(known, dict) else {}), **(fetched or {})}
        return found

    def hang_up(self) -> None:
        """End all conversations that other threads hold now."""
        self._fetcher.hang_up()
        if self._metadata is not None:
            self._metadata.hang_up()

    def _planning(self) -> MetadataCache:
        from eka.git.metadata import MetadataCache  # noqa: PLC0415 - few commands plan

        if self._metadata is None:
            git_dir = self.git_dir.with_name("metadata.git")
            self._metadata = MetadataCache(git_dir, self._runner, timeout_s=self._timeout_s)
        return self._metadata

    def _fetch(
        self,
        url: SourceUrl,
        wish: Wish,
        destination: Destination,
        progress: Callable[[int], None] | None,
    ) -> Fetched:
        try:
            return self._fetcher.fetch(url, wish, destination, progress)
        except RefusedObjects as error:
            raise _left_out(url, error) from error

    def discard(self) -> None:
        """Remove everything; the next `ensure` fetches anew."""
        with exclusive(self.git_dir):
            shutil.rmtree(self.git_dir, ignore_errors=True)
        self._planning().discard()

    def _make(self) -> bool:
        """Make the repository where there is none, or none that git can read; True: made."""
        if is_readable(self._runner, self.git_dir):
            return False
        # Whatever remains of a damaged one can be fetched again.
        shutil.rmtree(self.git_dir, ignore_errors=True)
        make_bare(self._runner, self.git_dir)
        return True

    def _present(self, oids: Collection[ObjectId]) -> frozenset[ObjectId]:
        names = "".join(f"{oid.hex}\n" for oid in oids)
        answer = self._git(["cat-file", "--batch-check=%(objectname)", "--buffer"], names)
        found = set(answer.decode().split("\n"))
        return frozenset(oid for oid in oids if oid.hex in found)

    def _git(self, args: Sequence[str], text: str) -> bytes:
        return self._runner.run(args, git_dir=self.git_dir, stdin=text.encode())


def _left_out(url: SourceUrl, error: RefusedObjects) -> RefusedObjects:
    """Return an error that says what an incomplete answer means."""
    if _LEFT_OUT not in error.why:
        return error
    why = f"a file is larger than {MAX_FILE_BYTES} bytes, or an object was left out"
    return RefusedObjects(url, why)


def _check_format(url: SourceUrl, oids: Iterable[ObjectId]) -> None:
    if any(oid.algorithm != "sha1" for oid in oids):
        raise UnsupportedObjectFormat(url.public)
