"""``eka remove``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import bold, dim
from eka.workflow.project_here import project_here
from eka.workflow.remove import RemoveOptions, remove_dependencies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.remove import RemoveReport


def remove(
    frame: Frame,
    labels: Annotated[
        list[str], typer.Argument(help="LABEL or SET::LABEL; the name of a direct source.")
    ],
    *,
    dev: Annotated[
        bool | None, typer.Option("--dev/--no-dev", help="From those for development, or not.")
    ] = None,
    direct: Annotated[
        str | None, typer.Option(metavar="KIND", help="Direct sources of this kind: url, deb …")
    ] = None,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
) -> Reply:
    """Remove dependencies from atom.toml, and what only they needed from atom.lock.

    No version of what stays changes. A table that is empty then goes too, unless a comment stands
    in it, and so does a set that nothing else names.

    Exit status: 0 removed, 1 atom.toml must be edited by hand, 2 a name may mean several things,
    3 no such dependency, 4 network, 6 atom.toml still uses it elsewhere.
    """
    if dev and direct is not None:
        raise UsageFailed("remove", "direct sources are never for development alone")
    services = wiring.services(frame, offline=offline)
    options = RemoveOptions(dev=dev, direct=direct, dry_run=dry_run)
    project = project_here(services, frame.directory)
    report = remove_dependencies(services, project, labels, options)
    return Reply(
        document={
            "dry_run": dry_run,
            "written": report.written,
            "removed": [
                {
                    "label": each.line.label.text,
                    "set": each.line.set_name,
                    "requirement": each.line.requirement.text,
                    "dev": each.dev,
                }
                for each in report.lines
            ],
            "direct": _direct(report),
            "tables": list(report.rest.tables),
            "sets": list(report.rest.sets),
            "kept_tables": list(report.rest.commented),
            "changes": changes_document(report.changes),
            "direct_changes": direct_document(report.direct_changes),
            "listings": listings_document(services),
        },
        body=(
            *_lines(report, dry_run=dry_run),
            *change_lines(report.changes),
            *direct_lines(report.direct_changes),
        ),
    )


def _direct(report: RemoveReport) -> list[Json]:
    return [{"kind": each.kind, "name": each.name.text} for each in report.direct]


def _lines(report: RemoveReport, *, dry_run: bool) -> Iterator[Line]:
    verb = "would remove" if dry_run else "removed"
    for line in report.lines:
        what = " for development" if line.dev else ""
        yield (f"{verb} ", bold(f"{line.title} {line.line.requirement.text}"), dim(what))
    for source in report.direct:
        yield (f"{verb} ", bold(source.name.text), dim(f" ({source.kind} source)"))
    for name in report.rest.sets:
        yield dim(f"  the set {name} too: nothing else names it")
    for table in report.rest.commented:
        yield dim(f"  [{table}] stays: a comment stands in it")
