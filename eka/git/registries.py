"""Where versions are published: a remote repository, or the working repository itself."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property

from eka.checking import TYPE_CHECKING, Protocol
from eka.git.exchange import Exchange
from eka.git.receive_pack_client import ReceivePackClient
from eka.git.refs import BRANCHES_PREFIX
from eka.git.repository_errors import ObjectUnavailable
from eka.git.scratch import scratch_directory
from eka.git.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from eka.atom import ObjectId
    from eka.git.batch_reader import BatchReader
    from eka.git.push_report import PushReport
    from eka.git.remotes import IdentifiedRunner, Remote
    from eka.git.work_repository import WorkRepository

THIS_REPOSITORY = "this repository"
# git compares each ref with each prefix: from here on it costs less to list whole namespaces.
_MANY_HERE = 256
_MANY_THERE = 4000
_BRANCHES = (BRANCHES_PREFIX, "refs/tags/")
# Where git itself must push: over HTTP it takes time that grows with the square of the number.
MAX_REFS_PER_PUSH = {"http": 3000, "https": 3000}
DEFAULT_MAX_REFS_PER_PUSH = 50_000
_SMALL_BLOB_BYTES = 64 * 1024


def nobody_listens(_: int, __: int) -> None:
    """Do nothing."""


class Registry(Protocol):
    """Lists refs and gives the commits they lead to."""

    @property
    def where(self) -> str:
        """What it is called in messages."""
        ...

    def listed(self, prefixes: Sequence[str]) -> Mapping[str, ObjectId]:
        """Return the refs whose names begin with one of ``prefixes``, perhaps others too."""
        ...

    def bodies(self, oids: Sequence[ObjectId]) -> Mapping[ObjectId, bytes]:
        """Return the commits of these ids; what is no commit is left out."""
        ...


class LocalRegistry:
    """The working repository as its own registry."""

    def __init__(self, repository: WorkRepository) -> None:
        self._repository = repository

    @property
    def where(self) -> str:
        """What it is called in messages."""
        return THIS_REPOSITORY

    def listed(self, prefixes: Sequence[str]) -> Mapping[str, ObjectId]:
        """Return the refs whose names begin with one of ``prefixes``."""
        return self._repository.refs(_joined(prefixes, _MANY_HERE))

    def bodies(self, oids: Sequence[ObjectId]) -> Mapping[ObjectId, bytes]:
        """Return the commits of these ids; what is no commit is left out."""
        with self._repository.reader() as reader:
            return _read_commits(oids, reader)

    def blobs(self, oids: Sequence[ObjectId]) -> Mapping[ObjectId, bytes]:
        """Return the small blobs of these ids; what is none is left out."""
        with self._repository.reader() as reader:
            return _read_blobs(oids, reader)


class RemoteRegistry:
    """A remote repository; used in a ``with`` block."""

    def __init__(
        self,
        repository: WorkRepository,
        remote: Remote,
        runner: IdentifiedRunner,
        on_sent: Callable[[int, int], None] = nobody_listens,
    ) -> None:
        """Prepare a registry; ``on_sent`` is told how many bytes of a push went out."""
        self._remote = remote
        self._client = ReceivePackClient(runner, remote.url, repository.algorithm, on_sent)
        self._transport = Transport(runner)
        self._stack = ExitStack()
        self._repository, self._runner = repository, runner

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def _exchange(self) -> Exchange:
        # Made after the first listing: where that was redirected, git starts at the other server,
        # with nothing that was meant for the first (transport.md [source-redirect]).
        directory = self._stack.enter_context(scratch_directory(self._runner.home))
        place = self._transport.place(self._remote.url)
        return Exchange(directory, self._repository, place, self._runner)

    @property
    def where(self) -> str:
        """What it is called in messages: the URL, without credentials."""
        return self._remote.url.public

    def listed(self, prefixes: Sequence[str]) -> Mapping[str, ObjectId]:
        """Return the refs whose names begin with one of ``prefixes``; asks the server."""
        return self._transport.ls_refs(self._remote.url, _joined(prefixes, _MANY_THERE)).refs

    def bodies(self, oids: Sequence[ObjectId]) -> Mapping[ObjectId, bytes]:
        """Return the commits of these ids, fetched where they are not here yet."""
        present = self._exchange.present(oids)
        self._exchange.fetch_commits([oid for oid in oids if oid not in present])
        with self._exchange.reader() as reader:
            return _read_commits(oids, reader)

    def blobs(self, oids: Sequence[ObjectId]) -> Mapping[ObjectId, bytes]:
        """Return the small blobs of these ids, fetched where they are not here yet."""
        present = self._exchange.present(oids)
        self._exchange.fetch_commits([oid for oid in oids if oid not in present])
        with self._exchange.reader() as reader:
            return _read_blobs(oids, reader)

    def missing_sources(
        self, commits: Sequence[ObjectId], listed: Mapping[str, ObjectId] | None = None
    ) -> tuple[ObjectId, ...]:
        """Return those of ``commits`` that no branch and no tag of the remote holds.

        ``listed`` are refs the remote is known to have; it is asked for others if need be.
        """
        heads = {oid for name, oid in (listed or {}).items() if name.startswith(BRANCHES_PREFIX)}
        here = self._exchange.present(sorted(heads))
        if here and not self._exchange.unreachable(commits, sorted(here)):
            return ()
        tips = list(dict.fromkeys(self.listed(_BRANCHES).values()))
        known = self._exchange.present(tips)
        missing = self._exchange.unreachable(commits, sorted(known))
        unknown = [tip for tip in tips if tip not in known]
        if not missing or not unknown:
            return missing
        # Somebody else pushed on top of what we know: only the newer history can tell.
        self._exchange.fetch_history(unknown)
        return self._exchange.unreachable(missing, tips)

    @property
    def max_refs_per_push(self) -> int | None:
        """How many refs go into one push; None: any number."""
        if self._client.is_possible:
            return None
        return MAX_REFS_PER_PUSH.get(self._remote.url.scheme, DEFAULT_MAX_REFS_PER_PUSH)

    def push(
        self, refs: Mapping[str, ObjectId], objects: Sequence[tuple[str, bytes]] | None = None
    ) -> PushReport | None:
        """Create refs that must not exist yet, all or none.

        Args:
            refs: What to create.
            objects: (kind, body) of all that the remote may lack; None when nobody knows: then
                git finds out.

        Returns:
            What became of each; None when nothing was sent, because it turned out that they are
            more than `max_refs_per_push`.
        """
        if objects is None:
            self._client.is_possible = False
        elif report := self._client.push(refs, objects):
            return report
        limit = self.max_refs_per_push
        if limit is not None and len(refs) > limit:
            return None
        return self._exchange.push(refs)

    def update(self, changes: Mapping[str, tuple[ObjectId | None, ObjectId | None]]) -> PushReport:
        """Let refs go from one value to another (None: absent), all or none."""
        return self._exchange.update(changes)

    def push_branch(self, commit: ObjectId, branch: str) -> PushReport:
        """Let a branch go forward to ``commit``."""
        return self._exchange.push_branch(commit, branch)


def _joined(prefixes: Sequence[str], limit: int) -> Sequence[str]:
    """Return ``prefixes``, or the namespaces they lie in when there are more than ``limit``."""
    if len(prefixes) <= limit:
        return prefixes
    return sorted({"/".join(prefix.split("/")[:2]) + "/" for prefix in prefixes})


def _read_commits(oids: Sequence[ObjectId], reader: BatchReader) -> Mapping[ObjectId, bytes]:
    reader.preload(oids)
    found: dict[ObjectId, bytes] = {}
    for oid in oids:
        try:
            found[oid] = reader.commit(oid)
        except ObjectUnavailable:
            continue
    return found


def _read_blobs(oids: Sequence[ObjectId], reader: BatchReader) -> Mapping[ObjectId, bytes]:
    found: dict[ObjectId, bytes] = {}
    for oid in oids:
        try:
            # Asked first: an object of another kind, or a huge one, is never read.
            if reader.size(oid) <= _SMALL_BLOB_BYTES:
                found[oid] = reader.blob(oid)
        except ObjectUnavailable:
            continue
    return found
