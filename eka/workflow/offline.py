"""What stands in for the network when it is forbidden."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.workflow.errors import Offline

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, NoReturn

    from eka.build import Pinned


class NoDownloader:
    """A downloader that downloads nothing; what is in the store already needs none."""

    def download(
        self, file: Pinned, into: IO[bytes], progress: Callable[[str, int], None]
    ) -> NoReturn:
        """Refuse; raises `Offline`."""
        del into, progress
        raise Offline(f"the file {file.urls[0]}")
