"""``eka build --log``: what the last build of a target said."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store import log_lines
from eka.values import dataclass
from eka.workflow.build import compose_project
from eka.workflow.errors import NeverBuilt

if TYPE_CHECKING:
    from eka.store import Run
    from eka.workflow.build_options import BuildOptions
    from eka.workflow.project import Project
    from eka.workflow.services import Services

MOST_LINES = 10_000  # the last ones; the file has all


@dataclass(frozen=True, slots=True)
class BuildLog:
    """The newest run of a target that has a log."""

    run: Run
    lines: tuple[str, ...]  # foreign text, as it is


def last_log(services: Services, project: Project, options: BuildOptions) -> BuildLog:
    """Return what the last build of the first target said; nothing is built.

    Raises:
        NotInLock: the target is no direct dependency.
        NeverBuilt: it was not built in this store, or its log was pruned.
    """
    composed = compose_project(services, project, options)
    key = next(iter(composed.targets.values()))
    root = composed.composition.outputs[key]
    for run in services.store().runs.find(root.action):
        if run.log is not None and run.log.exists():
            found = log_lines(run.log, last=MOST_LINES)
            lines = tuple(line.decode("utf-8", "backslashreplace") for line in found)
            return BuildLog(run, lines)
    raise NeverBuilt(composed.composition.plan.actions[root.action].name)
