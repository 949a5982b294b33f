"""``eka yank``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.statuses import status_document
from eka.cli.text import bold, dim, green, yellow
from eka.workflow.progress import counted
from eka.workflow.yank import mark_versions, unyanked, yanked

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.text import Line
    from eka.git import StatusReport


def yank(
    frame: Frame,
    versions: Annotated[list[str], typer.Argument(help="Published versions, as LABEL@VERSION.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, in one line; people will read it.")] = "",
    undo: Annotated[bool, typer.Option(help="Take it back.")] = False,
    remote: option.Remote = None,
    dry_run: option.DryRun = False,
) -> Reply:
    """Let new resolutions pass over published versions; locks that pin them keep working.

    The version itself stays as it is: nothing that was published is changed or removed. What is
    said of it is a small document in refs/ekala/status at the set's remote.

    Exit status: 0 done, or it was so already, 1 the remote refuses, 2 the words are wrong, 3 no
    such version is published there, 4 network.
    """
    if undo and reason:
        raise UsageFailed("yank", "--undo takes the reason away with the rest: leave --reason out")
    edit = unyanked if undo else yanked(reason)
    services = wiring.services(frame)
    report = mark_versions(services, versions, edit, remote=remote, dry_run=dry_run)
    return status_reply(report)


def status_reply(report: StatusReport) -> Reply:
    """Return what became of statuses."""
    return Reply(
        document={
            "dry_run": report.dry_run,
            "remote": report.remote,
            "versions": [
                {
                    "label": each.label.text,
                    "version": each.version.text,
                    "ref": each.ref,
                    "changed": each.is_change,
                    "before": status_document(each.before),
                    "after": status_document(each.after),
                }
                for each in report.changes
            ],
        },
        body=_lines(report),
    )


def _lines(report: StatusReport) -> list[Line]:
    lines: list[Line] = []
    verb = "would change" if report.dry_run else "changed"
    where = report.remote or "this repository alone"
    for each in report.changes:
        name = bold(f"{each.label.text} {each.version.text}")
        if not each.is_change:
            lines.append((dim("unchanged "), name))
        elif each.after is None:
            lines.append((green("clear "), name, dim(": nothing is said of it any more")))
        else:
            lines += [(name, " ", yellow(sentence)) for sentence in each.after.sentences]
    changed = sum(each.is_change for each in report.changes)
    lines.append(dim(f"{verb} {changed} of {counted(len(report.changes), 'version')} at {where}"))
    return lines
