"""What every user story works with: ports and settings, wired once by the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from eka.atom import Aliases, SourceUrl
    from eka.build import Realiser
    from eka.direct import DebPinner
    from eka.git import GitRunner, History, ObjectCache, Transport, VersionIndex
    from eka.git.objects import PygitReader
    from eka.store import Event, Store
    from eka.workflow.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports of one run of the program; the costly ones are made when first asked for."""

    runner: GitRunner
    transport: Transport
    index: VersionIndex
    cache: ObjectCache
    reader: Callable[[], PygitReader]  # of the cache's objects
    history: Callable[[SourceUrl], History]  # of a source's commits
    listings: Path  # directory of the listing cache
    aliases: Aliases
    progress: Progress
    directory: Path  # where the command runs
    system: str  # of this machine, such as x86_64-linux
    offline: bool
    now_s: int  # seconds since the epoch, for messages only
    pinner: Callable[[], DebPinner]
    open_url: Callable[[str], Iterable[bytes]]
    store: Callable[[], Store]
    realiser: Callable[[Callable[[Event], None]], Realiser]
