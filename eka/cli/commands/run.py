"""``eka run``."""

from __future__ import annotations

import os
import sys

import typer

from eka.build.foreground import stay_with
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.commands.build import log_shower
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.workflow.build import build_project
from eka.workflow.build_options import BuildOptions
from eka.workflow.project import Project
from eka.workflow.run import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Annotated, NoReturn

    from eka.cli import option


def run(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    target: Annotated[
        str | None,
        typer.Argument(help="A direct dependency, or the project itself (the default)."),
    ] = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the program, after --.")
    ] = None,
    *,
    program: Annotated[
        str | None, typer.Option("--program", "-p", help="Default: named like the target.")
    ] = None,
    locked: option.Locked = False,
    offline: option.OfflineBuild = False,
    frozen: option.Frozen = False,
    store: option.StorePlace = None,
) -> Reply:
    """Build an atom and start a program of its output; its exit status is passed on.

    The program runs as you, outside of the sandbox, with the store at /eka/store in its view.

    Exit status: the program's own; before it starts, those of eka build, and 3 when the output
    has no such program.
    """
    services = wiring.services(frame, offline=offline or frozen, store=store)
    options = BuildOptions(targets=(target,) if target else (), locked=locked or frozen, link=None)
    report = build_project(
        services, Project.at(frame.directory, frame.settings.aliases), options, log_shower(frame)
    )
    found = find_program(report.outputs[0], program)
    if frame.as_json:
        return Reply(
            document={
                "program": str(found),
                "path": report.outputs[0].path.text,
                "arguments": list(arguments or ()),
            }
        )
    command = wiring.in_store_view(frame, services, found, arguments or [])
    frame.cleanup.close()
    sys.stdout.flush()
    sys.stderr.flush()
    if command[0] == str(found):
        _become(command, frame.environment)
    return Reply(status=stay_with(command, frame.environment), has_printed=True)


def _become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by the program: signals and exit status are then its own."""
    os.execvpe(command[0], list(command), environment)  # noqa: S606 - that is the job
