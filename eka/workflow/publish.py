"""``eka publish``: atoms of a commit into the set's remote."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git import Publisher, PublishStage, WorkRepository, check_publish
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from eka.git import CheckReport, PublishProgress, PublishReport, PublishRequest
    from eka.workflow.services import Services

STAGES = {
    PublishStage.WAITING: "waiting for another eka in this repository",
    PublishStage.READING: "reading the commit",
    PublishStage.CHECKING: "checking {atoms}",
    PublishStage.LISTING: "asking the remote",
    PublishStage.SIGNING: "signing {atoms}",
    PublishStage.PUSHING_SOURCE: "pushing the source commit",
    PublishStage.PUSHING: "pushing {atoms}",
    PublishStage.RECORDING: "recording {atoms} in this repository",
}
# Nothing to do at these is nothing to tell.
SILENT_WHEN_NONE = frozenset({PublishStage.SIGNING, PublishStage.PUSHING, PublishStage.RECORDING})


def publish_atoms(services: Services, request: PublishRequest) -> PublishReport:
    """Publish what a request asks for, from the repository the command runs in."""
    repository = WorkRepository.open(services.directory, services.runner)

    def on_sent(done_bytes: int, total_bytes: int) -> None:
        if done_bytes == total_bytes:
            services.progress.step("waiting for the remote to store it")
            return
        done, total = (-(-size_bytes // 1024) for size_bytes in (done_bytes, total_bytes))
        services.progress.count("pushing, KiB sent", done, total)

    publisher = Publisher(
        repository, aliases=services.aliases, progress=_told(services), on_sent=on_sent
    )
    return publisher.publish(request)


def check_atoms(services: Services, request: PublishRequest) -> CheckReport:
    """Return what publishing would do, from the repository the command runs in."""
    repository = WorkRepository.open(services.directory, services.runner)
    return check_publish(repository, request, aliases=services.aliases, progress=_told(services))


def _told(services: Services) -> PublishProgress:
    def progress(stage: PublishStage, count: int) -> None:
        if count or stage not in SILENT_WHEN_NONE:
            services.progress.step(STAGES[stage].format(atoms=counted(count, "atom")))

    return progress
