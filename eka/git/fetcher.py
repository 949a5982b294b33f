"""Fetches objects by id into a repository of eka's own, in one request.

The pack goes straight into ``git index-pack``, which recomputes every id. With ``strict`` it
also runs git's checks on every object and demands that all they refer to is there.
"""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING
from eka.git.connector import SERVE_ENV, Connector
from eka.git.failures import CacheUnusable, ObjectsUnavailable, RefusedObjects, fetch_failure
from eka.git.pack_collector import MOST_PACK_BYTES
from eka.git.protocol import ServerRefused
from eka.git.protocol_fetch import FetchConversation, Wish
from eka.git.safe import safe_line
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from eka.atom import SourceUrl
    from eka.git.pack_collector import PackCollector
    from eka.git.process import ChildProcess
    from eka.git.runner import GitRunner

DEFAULT_FETCH_TIMEOUT_S = 3600.0
MAX_PACK_BYTES = 4 * 1024 * 1024 * 1024
_INDEX_TIMEOUT_S = 3600.0
# A pack of a megabyte can unfold to gigabytes: large files are hashed piece by piece, and nothing
# that an atom could not hold anyway is ever taken into memory (a delta can ask for that).
_INDEX_SETTINGS = ("core.bigFileThreshold=16m",)
_MAX_MEMORY_BYTES = 544 * 1024 * 1024
_DISK = pattern(
    r"No space left|Disk quota exceeded|Read-only file system|unable to create temporary file|"
    r"unable to (?:open|write|rename)|Input/output error|File too large",
    re.IGNORECASE,
)
_NO_SUCH_FILTER = pattern(r"filter '[^']*' not supported|invalid filter|filter-spec")
# For servers of an older protocol: git itself, by id and without destination refs.
_OLD_FETCH = (
    "fetch",
    "--stdin",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-write-commit-graph",
)
_OLD_FETCH_SETTINGS = (
    "fetch.unpackLimit=1",  # packs, not thousands of files
    "fetch.negotiationAlgorithm=noop",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """How a fetch went."""

    received_bytes: int
    is_shallow: bool
    """Whether the server itself lacks parents of commits."""
    is_filtered: bool
    """Whether the server left out what the filter keeps back."""
    is_old: bool = False
    """Whether the server speaks an older protocol, so that git itself had to fetch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where fetched objects go."""

    git_dir: Path
    lock: int
    """Descriptor of the lock that is held; children hold it too."""
    is_strict: bool
    collector: PackCollector | None = None
    """Takes small packs, to be put in place by `Fetcher.store`."""


class Fetcher:
    """Fetches from sources."""

    def __init__(
        self,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_FETCH_TIMEOUT_S,
        max_pack_bytes: int = MAX_PACK_BYTES,
    ) -> None:
        self._runner = runner
        self._timeout_s = timeout_s
        self._max_pack_bytes = max_pack_bytes
        self._connector = Connector(runner, timeout_s=timeout_s, max_bytes=max_pack_bytes)

    def prepare(self, sources: int) -> None:
        """Get ready to fetch from so many sources at once, each in a thread of its own."""
        self._connector.prepare(sources)

    def hang_up(self) -> None:
        """End all conversations that other threads hold now."""
        self._connector.hang_up()

    def fetch(
        self,
        url: SourceUrl,
        wish: Wish,
        destination: Destination,
        progress: Callable[[int], None] | None = None,
        following: Callable[[], Wish | None] = lambda: None,
    ) -> Fetched:
        """Fetch what ``wish`` names; ``progress`` hears the bytes received so far.

        ``following`` is called when that is in place, and may name more to be fetched over the
        same connection, until it returns None. Servers of an older protocol, where every fetch
        is another run of git, do the first wish alone.

        Raises:
            ObjectsUnavailable: the source does not have them, or leaves them out; exit 3.
            RefusedObjects: what it sent is not sound; exit 5.
            CacheUnusable, OutputTooLarge: exit 1. Otherwise as `Connector.talk`.
        """
        transfer = _Transfer(self._runner, url, destination, wish, following)

        def on_received(conversation: FetchConversation, received_bytes: int) -> None:
            transfer.write(conversation.take_pack())
            if progress is not None:
                progress(received_bytes)

        with transfer:
            try:
                answer = self._connector.talk(url, transfer.begin, on_received)
            except ServerRefused as error:
                if transfer.wish.filter and _NO_SUCH_FILTER.search(error.message):
                    return self._unfiltered(url, wish, destination, progress, following)
                raise fetch_failure(url, transfer.wish.wants, error.message.encode()) from error
        if answer is None or answer[0].protocol != 2:  # noqa: PLR2004 - git's protocol 2
            if wish.needs_filter:
                return Fetched(0, is_shallow=False, is_filtered=False, is_old=True)
            return self._fetch_old(url, wish, destination)
        conversation, received_bytes = answer
        return Fetched(received_bytes, bool(conversation.shallow), conversation.is_filtered)

    def store(self, destination: Destination, url: SourceUrl, pack: bytes) -> None:
        """Put a pack in place that has arrived; raises RefusedObjects, CacheUnusable."""
        if not pack:
            return
        sink = _PackSink(
            self._runner,
            Destination(
                git_dir=destination.git_dir, lock=destination.lock, is_strict=destination.is_strict
            ),
        )
        try:
            sink.write(pack)
            sink.finish(url)
        finally:
            sink.kill()

    def _unfiltered(
        self,
        url: SourceUrl,
        wish: Wish,
        destination: Destination,
        progress: Callable[[int], None] | None,
        following: Callable[[], Wish | None],
    ) -> Fetched:
        """Go on with a server that offers filters, but not the one asked for."""
        if wish.needs_filter:
            return Fetched(0, is_shallow=False, is_filtered=False)
        plain = Wish(wants=wish.wants, haves=wish.haves, is_shallow=wish.is_shallow)
        return self.fetch(url, plain, destination, progress, following)

    def _fetch_old(self, url: SourceUrl, wish: Wish, destination: Destination) -> Fetched:
        finished = self._runner.execute(
            [*_OLD_FETCH, "--", self._connector.place(url).text],
            git_dir=destination.git_dir,
            network=True,
            stdin="".join(f"{oid.hex}\n" for oid in wish.wants).encode(),
            env=SERVE_ENV,
            config=_OLD_FETCH_SETTINGS,
            timeout_s=self._timeout_s,
            max_file=self._max_pack_bytes,
            inherited=[destination.lock],
        )
        if finished.status != 0:
            if _DISK.search(said := safe_line(finished.stderr)):
                raise CacheUnusable(destination.git_dir, said)
            raise fetch_failure(url, wish.wants, finished.stderr)
        is_shallow = (destination.git_dir / "shallow").exists()
        return Fetched(0, is_shallow=is_shallow, is_filtered=False, is_old=True)


class _Transfer:
    """The packs of one connection, each put in place before the next one is asked for."""

    def __init__(
        self,
        runner: GitRunner,
        url: SourceUrl,
        destination: Destination,
        wish: Wish,
        following: Callable[[], Wish | None],
    ) -> None:
        self.wish = wish  # what is being fetched
        self._runner = runner
        self._url = url
        self._destination = destination
        self._following = following
        self._sink = _PackSink(runner, destination)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sink.kill()

    def begin(self, is_stateless: bool) -> FetchConversation:  # noqa: FBT001 - as `talk` calls it
        """Return the conversation that fetches the packs."""
        conversation = FetchConversation(
            self.wish,
            is_stateless=is_stateless,
            following=lambda: self._finish(conversation),
        )
        return conversation

    def write(self, data: bytes) -> None:
        """Take a piece of the pack that is being received."""
        self._sink.write(data)

    def _finish(self, conversation: FetchConversation) -> Wish | None:
        """Put the pack in place that has arrived, and return the next wish."""
        self._sink.write(conversation.take_pack())
        if not conversation.has_pack:
            raise ObjectsUnavailable(self._url, self.wish.wants, "its answer holds no objects")
        self._sink.finish(self._url)
        self._sink.kill()
        wish = self._following()
        if wish is not None:
            self.wish = wish
            self._sink = _PackSink(self._runner, self._destination)
        return wish


class _PackSink:
    """An index-pack that starts with the first byte of a pack, unless that can be collected."""

    def __init__(self, runner: GitRunner, destination: Destination) -> None:
        self._runner = runner
        self._destination = destination
        self._child: ChildProcess | None = None
        self._held: list[bytes] | None = None if destination.collector is None else []
        self._held_bytes = 0

    def kill(self) -> None:
        """End what is running still."""
        if self._child is not None:
            self._child.kill()

    def write(self, data: bytes) -> None:
        if not data:
            return
        if self._held is None:
            self._pass_on(data)
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MOST_PACK_BYTES:
            self._release()

    def finish(self, url: SourceUrl) -> None:
        """Wait until the objects are in place."""
        collector = self._destination.collector
        if self._held and collector is not None:
            if collector.take(url, b"".join(self._held)):
                return
            self._release()
        if self._child is None:
            raise RefusedObjects(url, "it sent an empty pack")
        if self._child.finish() != 0:
            said = safe_line(self._child.stderr)
            if _DISK.search(said):
                raise CacheUnusable(self._destination.git_dir, said)
            raise RefusedObjects(url, said)

    def _release(self) -> None:
        """Give what was held back to git after all."""
        held, self._held = self._held or (), None
        for data in held:
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if self._child is None:
            strict = ["--strict"] if self._destination.is_strict else []
            self._child = self._runner.popen(
                ["index-pack", "--stdin", *strict],
                git_dir=self._destination.git_dir,
                config=_INDEX_SETTINGS,
                env={"GIT_ALLOC_LIMIT": str(_MAX_MEMORY_BYTES)},
                timeout_s=_INDEX_TIMEOUT_S,
                inherited=[self._destination.lock],
            )
        self._child.write(data)
