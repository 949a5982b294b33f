"""Fetches objects by id into a repository of eka's own, in one request.

The pack goes straight into ``git index-pack``, which recomputes every id. With ``strict`` it
also runs git's checks on every object and demands that all they refer to is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from eka.git.connector import SERVE_ENV, Connector
from eka.git.failures import CacheUnusable, ObjectsUnavailable, RefusedObjects, fetch_failure
from eka.git.protocol import ServerRefused
from eka.git.protocol_fetch import FetchConversation, Wish
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import SourceUrl
    from eka.git.process import ChildProcess
    from eka.git.runner import GitRunner

DEFAULT_FETCH_TIMEOUT_S = 3600.0
MAX_PACK_BYTES = 4 * 1024 * 1024 * 1024
_INDEX_TIMEOUT_S = 3600.0
_DISK = re.compile(
    r"No space left|Disk quota exceeded|Read-only file system|unable to create temporary file|"
    r"unable to (?:open|write|rename)|Input/output error|File too large",
    re.IGNORECASE,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where fetched objects go."""

    git_dir: Path
    lock: int
    """Descriptor of the lock that is held; children hold it too."""
    is_strict: bool


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

    def fetch(
        self,
        url: SourceUrl,
        wish: Wish,
        destination: Destination,
        progress: Callable[[int], None] | None = None,
    ) -> Fetched:
        """Fetch what ``wish`` names; ``progress`` hears the bytes received so far.

        Raises:
            ObjectsUnavailable: the source does not have them, or leaves them out; exit 3.
            RefusedObjects: what it sent is not sound; exit 5.
            CacheUnusable, OutputTooLarge: exit 1. Otherwise as `Connector.talk`.
        """
        sink = _PackSink(self._runner, destination)

        def on_received(conversation: FetchConversation, received_bytes: int) -> None:
            sink.write(conversation.take_pack())
            if progress is not None:
                progress(received_bytes)

        with sink:
            try:
                answer = self._connector.talk(
                    url,
                    lambda is_stateless: FetchConversation(wish, is_stateless=is_stateless),
                    on_received,
                )
            except ServerRefused as error:
                raise fetch_failure(url, wish.wants, error.message.encode()) from error
            if answer is None or answer[0].protocol != 2:  # noqa: PLR2004 - git's protocol 2
                return self._fetch_old(url, wish, destination)
            conversation, received_bytes = answer
            sink.write(conversation.take_pack())
            if not conversation.has_pack:
                raise ObjectsUnavailable(url, wish.wants, "its answer holds no objects")
            sink.finish(url)
        return Fetched(received_bytes, bool(conversation.shallow), conversation.is_filtered)

    def _fetch_old(self, url: SourceUrl, wish: Wish, destination: Destination) -> Fetched:
        finished = self._runner.execute(
            [*_OLD_FETCH, "--", url.text],
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
        return Fetched(0, is_shallow=is_shallow, is_filtered=False)


class _PackSink:
    """An index-pack that starts with the first byte of a pack."""

    def __init__(self, runner: GitRunner, destination: Destination) -> None:
        self._runner = runner
        self._destination = destination
        self._child: ChildProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self._child.kill()

    def write(self, data: bytes) -> None:
        if not data:
            return
        if self._child is None:
            strict = ["--strict"] if self._destination.is_strict else []
            self._child = self._runner.popen(
                ["index-pack", "--stdin", *strict],
                git_dir=self._destination.git_dir,
                timeout_s=_INDEX_TIMEOUT_S,
                inherited=[self._destination.lock],
            )
        self._child.write(data)

    def finish(self, url: SourceUrl) -> None:
        """Wait until the objects are in place."""
        if self._child is None:
            raise RefusedObjects(url, "it sent an empty pack")
        if self._child.finish() != 0:
            said = safe_line(self._child.stderr)
            if _DISK.search(said):
                raise CacheUnusable(self._destination.git_dir, said)
            raise RefusedObjects(url, said)
