"""``eka publish``: atoms of a commit into the set's remote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.git import Publisher, PublishStage, WorkRepository

if TYPE_CHECKING:
    from eka.git import PublishReport, PublishRequest
    from eka.workflow.services import Services

STAGES = {
    PublishStage.WAITING: "waiting for another eka in this repository",
    PublishStage.READING: "reading the commit",
    PublishStage.CHECKING: "checking {count} atoms",
    PublishStage.LISTING: "asking the remote",
    PublishStage.PUSHING_SOURCE: "pushing the source commit",
    PublishStage.PUSHING: "pushing {count} atoms",
    PublishStage.RECORDING: "recording {count} refs here",
}


def publish_atoms(services: Services, request: PublishRequest) -> PublishReport:
    """Publish what a request asks for, from the repository the command runs in."""
    repository = WorkRepository.open(services.directory, services.runner)

    def progress(stage: PublishStage, count: int) -> None:
        services.progress.step(STAGES[stage].format(count=count))

    return Publisher(repository, aliases=services.aliases, progress=progress).publish(request)
