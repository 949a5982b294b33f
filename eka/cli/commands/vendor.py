"""``eka vendor``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import cyan, dim
from eka.workflow.places import relative_to
from eka.workflow.progress import counted
from eka.workflow.project import Project
from eka.workflow.vendor import VendorOptions, VendorReport, check_vendored, vendor_lock

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line


def vendor(
    frame: Frame,
    place: Annotated[str, typer.Argument(metavar="DIR", help="Where the directories go.")],
    *,
    check: Annotated[bool, typer.Option(help="Hash what is there and compare; write nothing.")] = (
        False
    ),
    force: Annotated[bool, typer.Option(help="Write changed directories anew.")] = False,
    offline: option.OfflineFetched = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, write nothing.")] = False,
) -> Reply:
    """Put the tree of every atom that atom.lock pins into a plain directory, DIR/LABEL-VERSION.

    The file vendored.json there records what each one is. Run it again after the lock changed:
    only differences are written. --check needs neither network nor cache: it hashes every file
    and compares with the lock, so what is committed to a repository can be proved. Atoms of this
    repository and sources that are not atoms are left out.

    Exit status: 0 done, 1 no lock or a stale one, or --check and the directory is of another
    lock, 4 network, 5 a directory or an atom is not what the lock pins, 6 something else is
    there.
    """
    wired = wiring.services(frame, offline=offline)
    project = Project.at(frame.directory, frame.settings.aliases)
    directory = frame.path(place).resolve()
    if check:
        report = check_vendored(wired, project, directory)
    else:
        options = VendorOptions(dry_run=dry_run, force=force)
        report = vendor_lock(wired, project, directory, options)
    return Reply(
        document=_document(report, is_check=check, dry_run=dry_run),
        body=tuple(_lines(frame, report, is_check=check, dry_run=dry_run)),
    )


def _document(report: VendorReport, *, is_check: bool, dry_run: bool) -> dict[str, Json]:
    return {
        "directory": str(report.directory),
        "checked": is_check,
        "dry_run": dry_run,
        "atoms": [
            {
                "label": each.atom.key.label.text,
                "version": each.atom.key.version.text,
                "set": each.atom.key.genesis.hex,
                "directory": each.name,
                "content": each.atom.content.hex if each.atom.content else None,
            }
            for each in report.atoms
        ],
        "written": list(report.written),
        "removed": list(report.removed),
        "own": report.own,
        "patched": list(report.patched),
        "direct": report.direct,
    }


def _lines(frame: Frame, report: VendorReport, *, is_check: bool, dry_run: bool) -> list[Line]:
    would = "would be " if dry_run else ""
    lines: list[Line] = [f"  + {name}" for name in report.written]
    lines += [f"  - {name}" for name in report.removed]
    count = counted(len(report.atoms), "atom")
    told = (
        f"{count} as the lock pins them"
        if is_check
        else (
            f"{count}, {len(report.written)} {would}written, {len(report.removed)} {would}removed"
        )
    )
    head: Line = (cyan(relative_to(report.directory, frame.directory)), dim(f" ({told})"))
    left = [counted(report.direct, "direct source")] if report.direct else []
    left += [f"{counted(report.own, 'atom')} of this repository"] if report.own else []
    left += [f"{name} (patched)" for name in report.patched]
    tail: list[Line] = [dim(f"not vendored: {', '.join(left)}")] if left else []
    return [head, *lines, *tail]
