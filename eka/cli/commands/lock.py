"""``eka lock``."""

from __future__ import annotations

import typer

from eka.atom import Label
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.passed_over import passed_over_document
from eka.cli.reasons import reason_lines, reasons_document
from eka.cli.reply import Reply
from eka.cli.text import cyan, dim
from eka.workflow.lock import LockReport
from eka.workflow.lock_check import check_here
from eka.workflow.lock_set import lock_here
from eka.workflow.places import relative_to
from eka.workflow.progress import counted
from eka.workflow.resolution import LockOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line, Table
    from eka.workflow.explain import Explained, Explainer
    from eka.workflow.services import Services


def lock(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    labels: Annotated[
        list[str] | None, typer.Argument(help="With --explain: of which atoms to say more.")
    ] = None,
    *,
    explain: Annotated[bool, typer.Option(help="Say why no newer versions were taken.")] = False,
    locked: option.Locked = False,
    offline: option.OfflineKnown = False,
    frozen: option.Frozen = False,
    refresh: Annotated[bool, typer.Option(help="Ask sources, pin direct sources anew.")] = False,
    update: Annotated[bool, typer.Option(help="Take the newest versions that fit.")] = False,
    minimal: Annotated[bool, typer.Option(help="Take the oldest versions that fit.")] = False,
    dry_run: option.DryRun = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the lock fits; reads files alone.")
    ] = False,
    cooldown: option.Cooldown = None,
    accept_source: option.AcceptSource = None,
    accept_changed: option.AcceptChanged = None,
    accept_moved: option.AcceptMoved = None,
) -> Reply:
    """Pin the whole closure of an atom in atom.lock; in a set's root, of all its atoms.

    A lock that fits stays as it is, and nobody is asked. --locked fails where it would be
    written, --frozen without asking anybody; --check compares the files without resolving. With
    --explain it says of every atom why that version was taken and no newer one; of those that
    are named, at length.

    Exit status: 0 done, 1 no versions fit, or --locked or --check and the lock does not fit,
    2 the words are wrong, 3 not found, 4 network, 5 a published atom is not what it claims, or
    not what was seen first.
    """
    changing = (update, refresh, dry_run, minimal, explain, accept_source, accept_changed)
    if check and any(changing):
        raise UsageFailed("lock", "--check only reads: it goes with no option that resolves")
    services = wiring.services(
        frame,
        offline=offline or frozen,
        refresh=refresh,
        accept_changed=accept_changed,
        cooldown=cooldown,
        accept_moved=accept_moved,
    )
    if check:
        return _checked(frame, services)
    options = LockOptions(
        locked=locked or frozen,
        refresh=refresh,
        update=update,
        dry_run=dry_run,
        strategy="minimal" if minimal else "highest",
        accepted_sources=tuple(accept_source or ()),
        explainer=_explainer(labels or (), explain=explain),
    )
    reports = lock_here(services, frame.directory, options)
    explained = _explained(frame, options, len(reports))
    body: list[Line | Table] = []
    for report, reasons in zip(reports, explained, strict=True):
        body += _lines(frame, report, dry_run=dry_run)
        body += reason_lines(reasons, at_length=bool(labels)) if reasons else ()
    return Reply(
        document={
            "dry_run": dry_run,
            "rounds": services.rounds.count,
            "projects": list(map(_document, reports, explained)),
            "listings": listings_document(services),
            "passed_over": passed_over_document(services),
        },
        body=body,
    )


def _explainer(labels: Sequence[str], *, explain: bool) -> Explainer | None:
    if not explain:
        if labels:
            raise UsageFailed("lock", "labels are named with --explain only")
        return None
    from eka.workflow.explain import Explainer  # noqa: PLC0415 - few ask for reasons

    return Explainer([Label.typed(each) for each in labels])


def _explained(
    frame: Frame, options: LockOptions, count: int
) -> Sequence[tuple[Explained, ...] | None]:
    """Return what was explained of each project; None where nobody asked."""
    if options.explainer is None:
        return [None] * count
    options.explainer.require_labels(str(frame.directory))
    return options.explainer.found


def _checked(frame: Frame, services: Services) -> Reply:
    reports = [
        LockReport(project, lock, (), written=False)
        for project, lock in check_here(services, frame.directory)
    ]
    return Reply(
        document={
            "dry_run": False,
            "projects": [_document(report, None) for report in reports],
            "listings": [],
            "passed_over": [],
        },
        body=tuple(line for each in reports for line in _lines(frame, each, dry_run=False)),
    )


def _document(report: LockReport, reasons: tuple[Explained, ...] | None) -> Json:
    explained = {} if reasons is None else {"explained": reasons_document(reasons)}
    return {
        **explained,
        "directory": str(report.project.directory),
        "lock": str(report.project.lock_path),
        "written": report.written,
        "atoms": len(report.lock.atoms),
        "direct": len(report.lock.direct),
        "accepted": [
            {"set": each.genesis.hex, "urls": list(each.accepted)}
            for each in report.lock.sets
            if each.accepted
        ],
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
        *(
            dim(f"  {url} is accepted as a source of {each.urls[0] if each.urls else '::'}")
            for each in lock.sets
            for url in each.accepted
        ),
    ]
