"""What every publish, and every check of one, begins with: the commit read, the remote chosen."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.genesis import require_commit
from eka.git.publication import PublishStage
from eka.git.publish_plan import Planner, check_source
from eka.git.registries import LocalRegistry, RemoteRegistry
from eka.git.remotes import IdentifiedRunner, choose_remote
from eka.git.source_set import read_source_set
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from eka.atom import Aliases
    from eka.git.batch_reader import BatchReader
    from eka.git.publication import PublishProgress, PublishRequest
    from eka.git.remotes import Remote
    from eka.git.work_repository import WorkRepository


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a publish goes."""

    remote: Remote | None
    registry: RemoteRegistry | None
    """None for the repository itself."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A publish that is ready to be planned."""

    destination: Destination
    planner: Planner
    reader: BatchReader


class Preparation:
    """Reads what is to be published, and opens what must be asked."""

    def __init__(
        self,
        repository: WorkRepository,
        aliases: Aliases,
        progress: PublishProgress,
        on_sent: Callable[[int, int], None],
    ) -> None:
        self._repository = repository
        self._aliases = aliases
        self._progress = progress
        self._on_sent = on_sent

    def prepare(self, request: PublishRequest, stack: ExitStack) -> Prepared:
        """Return what a plan is made with; what was opened is closed with ``stack``.

        Raises:
            RevisionNotFound, NotASet, NoRemote and the like: there is nothing to
            plan. What is wrong with atoms is told with the plan.
        """
        repository = self._repository
        self._progress(PublishStage.READING, 0)
        commit = require_commit(repository, request.revision)
        reader = stack.enter_context(repository.reader())
        source = read_source_set(repository, commit, reader, self._aliases)
        remote = choose_remote(
            repository,
            argument=request.remote,
            configured=source.manifest.remote,
            aliases=self._aliases,
        )
        self._progress(PublishStage.CHECKING, len(source.atoms))
        for_others = remote is not None and not remote.url.is_local
        checked = check_source(repository, source, reader, request, for_others=for_others)
        self._progress(PublishStage.LISTING, len(checked.chosen))
        local = LocalRegistry(repository)
        registry = None
        if remote is not None:
            runner = IdentifiedRunner(repository)
            registry = stack.enter_context(
                RemoteRegistry(repository, remote, runner, self._on_sent)
            )
        planner = Planner(repository, registry or local, local, checked)
        return Prepared(Destination(remote, registry), planner, reader)
