"""``eka pin``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.pins import pin_reply
from eka.workflow.pin_version import pin_versions
from eka.workflow.project_here import project_here

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Reply


def pin(
    frame: Frame,
    labels: Annotated[
        list[str],
        typer.Argument(
            help="LABEL or SET::LABEL, with @VERSION for another version than the locked one."
        ),
    ],
    *,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
) -> Reply:
    """Let atom.toml accept one version of a dependency: the locked one, or the one named.

    The requirement becomes =VERSION, nothing else in the file changes, and atom.lock follows. A
    dependency that is pinned already stays as it is, unless another version is named.

    Exit status: 0 pinned, or it was so already, 1 the version does not fit with the rest (nothing
    is written), 2 a name may mean several things, or is no version, 3 no such dependency or
    version, 4 network, 5 a published atom is not what it claims, or not what was seen first.
    """
    services = wiring.services(frame, offline=offline)
    project = project_here(services, frame.directory)
    report = pin_versions(services, project, labels, dry_run=dry_run)
    return pin_reply(services, report, verb="pinned", dry_run=dry_run)
