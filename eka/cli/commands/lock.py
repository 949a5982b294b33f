"""``eka lock``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import cyan, dim
from eka.workflow.lock_set import lock_here
from eka.workflow.places import relative_to
from eka.workflow.progress import counted
from eka.workflow.resolution import LockOptions

if TYPE_CHECKING:
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.lock import LockReport


def lock(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    *,
    locked: Annotated[bool, typer.Option(help="Fail if the lock would change.")] = False,
    offline: Annotated[bool, typer.Option(help="Use what is known already.")] = False,
    frozen: Annotated[bool, typer.Option(help="Both --locked and --offline.")] = False,
    refresh: Annotated[bool, typer.Option(help="Ask sources, pin direct sources anew.")] = False,
    update: Annotated[bool, typer.Option(help="Take the newest versions that fit.")] = False,
    minimal: Annotated[bool, typer.Option(help="Take the oldest versions that fit.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would change, write nothing.")] = False,
    accept_source: Annotated[
        list[str] | None, typer.Option(help="Take this URL as a source of a set known already.")
    ] = None,
    accept_changed: Annotated[
        list[str] | None,
        typer.Option(help="Take LABEL@VERSION though it is not what was first seen."),
    ] = None,
    accept_moved: Annotated[
        list[str] | None,
        typer.Option(help="Take the git source NAME though its tag was moved."),
    ] = None,
) -> Reply:
    """Pin the whole closure of an atom in atom.lock; in a set's root, of all its atoms.

    Exit status: 0 done, 1 no versions fit or --locked and the lock would change, 3 not found,
    4 network, 5 a published atom is not what it claims, or not what was seen first.
    """
    services = wiring.services(
        frame,
        offline=offline or frozen,
        refresh=refresh,
        accept_changed=accept_changed,
        accept_moved=accept_moved,
    )
    options = LockOptions(
        locked=locked or frozen,
        refresh=refresh,
        update=update,
        dry_run=dry_run,
        strategy="minimal" if minimal else "highest",
        accepted_sources=tuple(accept_source or ()),
    )
    reports = lock_here(services, frame.directory, options)
    return Reply(
        document={
            "dry_run": dry_run,
            "projects": [_document(report) for report in reports],
            "listings": listings_document(services),
        },
        body=tuple(line for report in reports for line in _lines(frame, report, dry_run=dry_run)),
    )


def _document(report: LockReport) -> Json:
    return {
        "directory": str(report.project.directory),
        "lock": str(report.project.lock_path),
        "written": report.written,
        "atoms": len(report.lock.atoms),
        "direct": len(report.lock.direct),
        "changes": changes_document(report.changes),
        "direct_changes": direct_document(report.direct_changes),
    }


def _lines(frame: Frame, report: LockReport, *, dry_run: bool) -> list[Line]:
    where = relative_to(report.project.lock_path, frame.directory)
    lock = report.lock
    count = f"{counted(len(lock.atoms), 'atom')}, {counted(len(lock.direct), 'direct source')}"
    if report.written:
        what = "locked"
    else:
        is_changed = bool(report.changes or report.direct_changes)
        what = "would lock" if dry_run and is_changed else "up to date"
    return [
        (f"{what} ", cyan(where), dim(f" ({count})")),
        *change_lines(report.changes),
        *direct_lines(report.direct_changes),
    ]
