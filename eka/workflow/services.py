"""What every user story works with: ports and settings, wired once by the program."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field
from eka.workflow.answers import Answers
from eka.workflow.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import Aliases, Label, SourceUrl, Version
    from eka.build import Realiser
    from eka.direct import DebPinner, OpenUrl, Pip
    from eka.git import (
        GitRunner,
        History,
        ObjectCache,
        SourceDirectories,
        Transport,
        VersionIndex,
    )
    from eka.git.objects import PygitReader
    from eka.git.signatures import Trust, TrustRule
    from eka.store import Event, Store
    from eka.workflow.first_seen import FirstSeen
    from eka.workflow.passed_over import PassedOver
    from eka.workflow.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Ports of one run of the program; the costly ones are made when first asked for."""

    runner: GitRunner
    transport: Transport
    index: VersionIndex
    objects: Callable[[], ObjectCache]
    directories: Callable[[], SourceDirectories]  # of commits that are direct sources
    reader: Callable[[], PygitReader]  # of the cache's objects
    history: Callable[[SourceUrl], History]  # of a source's commits
    listings_place: str  # directory of the listing cache
    compositions_place: str  # directory of what was composed before
    good_signatures_place: str  # file: when signatures were first found good
    trust_rules: tuple[TrustRule, ...] = ()  # what sources must show; asked before `trust`
    trust: Callable[[], Trust]  # whose signatures count, and how many are needed
    first_seen: FirstSeen  # what each source named its versions to be at first
    aliases: Aliases
    progress: Progress
    place: str  # absolute path of the directory where the command runs
    system: str  # of this machine, such as x86_64-linux
    offline: bool
    now_s: int  # seconds since the epoch, for messages, ages, and whether keys are valid
    refresh: bool = False  # ask sources whatever is remembered
    max_age_s: int = 0  # so long a remembered listing answers without its source being asked
    cooldown_s: int = 0  # so long a version must be known before it is chosen
    # Versions that may be something else than what was seen first, as the person says.
    accepted_changes: frozenset[tuple[Label, Version]] = frozenset()
    # Names of direct sources whose tags may have been moved, as the person says.
    accepted_moves: frozenset[str] = frozenset()
    answers: Answers = field(default_factory=Answers)  # of sources, in this run
    # Versions that resolutions of this run did not choose because of their status or age.
    passed_over: list[PassedOver] = field(default_factory=list["PassedOver"])
    rounds: Rounds = field(default_factory=Rounds)  # in which several sources are asked
    pinner: Callable[[], DebPinner]
    pip: Callable[[], Pip]
    file_sizes: dict[str, int] = field(default_factory=dict[str, int])  # of this run, by SHA-256
    package_index: str  # where Python packages are listed whose lock file does not say it
    npm_registry: str  # where npm packages are listed
    open_url: OpenUrl
    store: Callable[[], Store]
    realiser: Callable[[Callable[[Event], None]], Realiser]

    @property
    def directory(self) -> Path:
        """Where the command runs."""
        return _path(self.place)

    @property
    def listings(self) -> Path:
        """The directory of the listing cache."""
        return _path(self.listings_place)

    @property
    def compositions(self) -> Path:
        """The directory of what was composed before."""
        return _path(self.compositions_place)

    @property
    def good_signatures(self) -> Path:
        """The file that says when signatures were first found good."""
        return _path(self.good_signatures_place)

    @property
    def cache(self) -> ObjectCache:
        """The object cache; made when first asked for."""
        return self.objects()


def _path(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - takes a tenth of the time of the shortest command

    return Path(text)
