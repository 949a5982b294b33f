"""``eka unpin``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.pins import pin_reply
from eka.workflow.pin_version import unpin_versions
from eka.workflow.project_here import project_here

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Reply


def unpin(
    frame: Frame,
    labels: Annotated[list[str], typer.Argument(help="LABEL or SET::LABEL.")],
    *,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
) -> Reply:
    """Let atom.toml accept compatible versions again where it accepts one.

    =VERSION becomes ^VERSION. The version that is locked stays; eka update takes a newer one. A
    dependency that is not pinned stays as it is.

    Exit status: 0 unpinned, or it was not pinned, 1 versions do not fit together (nothing is
    written), 2 a name may mean several things, 3 no such dependency, 4 network, 5 a published
    atom is not what it claims, or not what was seen first.
    """
    services = wiring.services(frame, offline=offline)
    project = project_here(services, frame.directory)
    report = unpin_versions(services, project, labels, dry_run=dry_run)
    return pin_reply(services, report, verb="unpinned", dry_run=dry_run)
