"""``eka import``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, dim, yellow
from eka.workflow.import_lock import ImportOptions, ImportReport, import_lock
from eka.workflow.project_here import project_here

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.text import Line


def import_command(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    file: Annotated[
        str,
        typer.Argument(help="uv.lock, poetry.lock, pylock.toml, or an atom.lock of version 1."),
    ],
    *,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="What atom.toml calls it; default: site.")
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="Such as 3.11; default: that of the root file system.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="Newest C library of wheels, such as manylinux_2_28.")
    ] = None,
    extra: Annotated[list[str] | None, typer.Option(help="Take this extra as well.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Take this group as well.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave this package out.")] = None,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
) -> Reply:
    """Declare what another tool's lock file pins in atom.toml, and pin it in atom.lock.

    The file of uv, Poetry or PEP 751 stays the truth: when it is written anew, eka lock follows.
    What does not map is said. docs/importing.md tells what maps to what.

    Exit status: 0 imported, 1 a package that is needed cannot be pinned (all of them are named,
    nothing is written), or the file makes no sense, 2 it is for another Python, or which one is
    not known, 3 no such file, extra or group, 4 network, 5 an index has other bytes than the
    lock file pins.
    """
    services = wiring.services(frame, offline=offline)
    project = project_here(services, frame.directory)
    options = ImportOptions(
        name=name,
        python=python,
        platform=platform,
        extras=tuple(extra or ()),
        groups=tuple(group or ()),
        skip=tuple(skip or ()),
        dry_run=dry_run,
    )
    report = import_lock(services, project, frame.path(file), options)
    return Reply(
        document={
            "dry_run": dry_run,
            "written": report.written,
            "form": report.form,
            "python": report.python or None,
            "platform": report.platform or None,
            "declared": [{"kind": kind, "name": name} for kind, name in report.declared],
            "packages": [
                {"name": each.name, "version": each.version, "system": pin.system, "url": each.url}
                for pin in report.packages
                for each in pin.files
            ],
            "left": [{"name": name, "why": why} for name, why in report.left],
            "changes": changes_document(report.changes),
        },
        body=tuple(_lines(report, dry_run=dry_run)),
    )


def _lines(report: ImportReport, *, dry_run: bool) -> list[Line]:
    verb = "would declare" if dry_run else "declared"
    lines: list[Line] = [
        (f"{verb} ", bold(name), dim(f" ({kind})")) for kind, name in report.declared
    ]
    for pin in report.packages:
        count = len(pin.files)
        names = ", ".join(f"{each.name} {each.version}" for each in pin.files)
        lines.append(
            (f"  {pin.system}: {count} package{'s' if count != 1 else ''}", dim(f" {names}"))
        )
    lines += [
        ("  ", yellow("left out"), f" {name}", dim(f" ({why})")) for name, why in report.left
    ]
    return [*lines, *change_lines(report.changes)]
