"""``eka update``."""

from __future__ import annotations

import typer

from eka.atom import Version
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.passed_over import passed_over_document
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim, yellow
from eka.workflow.limits import Reach
from eka.workflow.places import relative_to
from eka.workflow.stays import hint, told
from eka.workflow.update import UpdateOptions, update_here
from eka.workflow.update_choice import UpdateWish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.stays import Stay
    from eka.workflow.update import Updated


def update(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    labels: Annotated[
        list[str] | None,
        typer.Argument(help="LABEL or SET::LABEL, or a direct source; by default everything."),
    ] = None,
    *,
    precise: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Take this version of one atom.")
    ] = None,
    minor: Annotated[bool, typer.Option(help="Change no major version.")] = False,
    patch: Annotated[bool, typer.Option(help="Change no major and no minor version.")] = False,
    recursive: Annotated[
        bool, typer.Option(help="Let what the named atoms need change with them.")
    ] = False,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
    cooldown: option.Cooldown = None,
    accept_source: option.AcceptSource = None,
    accept_changed: option.AcceptChanged = None,
    accept_moved: option.AcceptMoved = None,
) -> Reply:
    """Take newer versions into atom.lock: of all that is locked, or of what is named alone.

    Requirements in atom.toml stay and are met. What is not named keeps its version; a named atom
    that could not move without another stays too, and eka says which requirement holds it. A
    version that was yanked is left. In the root of a set, all its atoms are updated.

    Exit status: 0 done, or nothing was newer, 1 --precise does not fit with the rest, 2 the words
    are wrong, 3 nothing of that name is locked, or no such version, 4 network, 5 a published atom
    is not what it claims, or not what was seen first, 6 nothing would use the --precise version.
    """
    if minor and patch:
        raise UsageFailed("update", "--patch says less than --minor: give one of them")
    services = wiring.services(
        frame,
        offline=offline,
        accept_changed=accept_changed,
        cooldown=cooldown,
        accept_moved=accept_moved,
    )
    wish = UpdateWish(
        names=tuple(labels or ()),
        precise=None if precise is None else Version.parse(precise),
        reach=Reach.PATCH if patch else Reach.MINOR if minor else None,
        recursive=recursive,
    )
    options = UpdateOptions(
        wish=wish, dry_run=dry_run, accepted_sources=tuple(accept_source or ())
    )
    found = update_here(services, frame.directory, options)
    return Reply(
        document={
            "dry_run": dry_run,
            "projects": [_document(each) for each in found],
            "listings": listings_document(services),
            "passed_over": passed_over_document(services),
        },
        body=list(_all_lines(frame, found, dry_run=dry_run)),
    )


def _document(updated: Updated) -> Json:
    report = updated.locked
    return {
        "directory": str(report.project.directory),
        "lock": str(report.project.lock_path),
        "written": report.written,
        "changes": changes_document(report.changes),
        "direct_changes": direct_document(report.direct_changes),
        "direct": list(updated.direct),
        "stays": [
            {
                "label": each.key[1].text,
                "set": each.key[0].hex,
                "version": each.version.text,
                "newest": each.newest.text,
                "because": [told(reason) for reason in each.reasons],
                "hint": hint(each),
            }
            for each in updated.stays
        ],
    }


def _all_lines(frame: Frame, found: Sequence[Updated], *, dry_run: bool) -> Iterator[Line]:
    """Yield what became of one project, or of those in a set that changed."""
    told = [
        each
        for each in found
        if each.locked.changes or each.locked.direct_changes or each.locked.written or each.stays
    ]
    if len(found) > 1 and not told:
        yield dim(f"nothing to update in {len(found)} locks")
    for each in told if len(found) > 1 else found:
        yield from _lines(frame, each, dry_run=dry_run)


def _lines(frame: Frame, updated: Updated, *, dry_run: bool) -> Iterator[Line]:
    report = updated.locked
    where = relative_to(report.project.lock_path, frame.directory)
    if report.written:
        verb = "updated"
    elif (report.changes or report.direct_changes) and dry_run:
        verb = "would update"
    else:
        verb = "nothing to update in"
    yield (f"{verb} ", cyan(where))
    yield from change_lines(report.changes)
    yield from direct_lines(report.direct_changes)
    yield from _stay_lines(updated.stays)


def _stay_lines(stays: Sequence[Stay]) -> Iterator[Line]:
    for each in stays:
        label = each.key[1].text
        yield ("  ", yellow("Stays"), f" {label} ", bold(each.version.text),
               f", though {each.newest.text} is there")  # fmt: skip
        for reason in each.reasons:
            yield ("      ", told(reason))
        yield dim(f"      {hint(each)}")
