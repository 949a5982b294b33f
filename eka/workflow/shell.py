"""``eka shell``: the environment of a build, opened for a person."""

from __future__ import annotations

from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.workflow.build import compose_project
from eka.workflow.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from eka.build import Environment
    from eka.workflow.build_options import BuildOptions
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@contextmanager
def open_shell(
    services: Services,
    project: Project,
    options: BuildOptions,
    log: Callable[[str, bytes], None],
) -> Generator[Environment, None, None]:
    """Make everything the build of one target needs, but not the target, and open its environment.

    Raises:
        NotInLock: the target is no direct dependency.
        NoShell: nothing could be started there.
        BuildFailed: a recipe of what the target needs failed.
    """
    composed = compose_project(services, project, options)
    (key,) = composed.targets.values()
    plan = composed.composition.plan
    tally = Tally(services, len(plan.actions), log)
    root = composed.composition.outputs[key]
    realiser = services.realiser(tally.emit)
    with realiser.environment(plan, root.action, options.demands) as environment:
        yield environment
