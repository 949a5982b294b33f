"""A fetch action performed: its file comes into the store, across failures and kills."""

from __future__ import annotations

from io import SEEK_END

from eka.build.errors import BuildInterrupted
from eka.build.transfer import CHUNK_BYTES, Pinned
from eka.checking import TYPE_CHECKING
from eka.store import FetchProgress, FileNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from eka.build.download import Downloader
    from eka.build.sandbox import Cancellation
    from eka.store import Event, FetchAction, Store, StorePath

PROGRESS_STEP_BYTES = 1 << 20


class Fetch:
    """One fetch action on its way."""

    def __init__(
        self,
        identity: str,
        action: FetchAction,
        emit: Callable[[Event], None],
        cancellation: Cancellation,
    ) -> None:
        self._identity = identity
        self._action = action
        self._emit = emit
        self._cancellation = cancellation
        self._reported = 0
        self._resumed = 0  # bytes that an earlier run left

    def perform(self, store: Store, downloader: Downloader) -> StorePath:
        """Return the path of the file; it goes on where an earlier run was ended.

        Source: atom-spec/build.md [fetch-unfinished].
        """
        action = self._action
        pinned = Pinned(action.name, action.urls, action.size, action.sha256)
        with store.unfinished(action.sha256, action.size) as file:
            self._resumed = file.seek(0, SEEK_END)
            downloader.download(pinned, file, self._progress)
            file.seek(0)
            node = FileNode(path=(), executable=action.executable, chunks=_chunks(file))
            return store.add_tree(action.name, [node])

    def _progress(self, url: str, received: int) -> None:
        if self._cancellation.is_set:
            raise BuildInterrupted(self._action.name)
        if received < self._resumed:
            self._resumed = 0  # what was there is of no use
        is_news = received < self._reported or received - self._reported >= PROGRESS_STEP_BYTES
        if is_news or (self._resumed and not self._reported):
            self._reported = received
            total = self._action.size
            self._emit(FetchProgress(self._identity, url, received, total, self._resumed))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(CHUNK_BYTES):
        yield data
