"""``eka mirror``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import cyan, dim, yellow
from eka.errors import Exit
from eka.workflow.mirror import MirroredSet, MirrorOptions, MirrorReport, mirror_lock
from eka.workflow.places import relative_to
from eka.workflow.progress import counted
from eka.workflow.project import Project

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line


def mirror(
    frame: Frame,
    place: Annotated[
        str, typer.Argument(metavar="DIR", help="The bare repository, or where several go.")
    ],
    *,
    origins: Annotated[
        bool, typer.Option(help="Source commits too, with all their history.")
    ] = False,
    offline: option.OfflineFetched = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be added, write nothing.")] = False,
    accept_changed: option.AcceptChanged = None,
) -> Reply:
    """Put every atom that atom.lock pins into a bare git repository that can serve as a mirror.

    Versions keep their refs; their statuses and signatures come along, sources that are not
    atoms do not. A lock of one set makes DIR the repository; of several sets each gets one below
    DIR. Run it again to add what is new: nothing is removed. List the repository's URL after the
    set's own in [package.sets], and it is asked when that one is down.

    Exit status: 0 all is there, 1 no lock or a stale one, 3 a source commit cannot be had with
    --origins, 4 network, 5 an atom is not what the lock pins, 6 something else is in DIR.
    """
    wired = wiring.services(frame, offline=offline, accept_changed=accept_changed)
    options = MirrorOptions(with_origins=origins, dry_run=dry_run)
    project = Project.at(frame.directory, frame.settings.aliases)
    report = mirror_lock(wired, project, frame.path(place).resolve(), options)
    missing = any(each.missing_origins for each in report.sets)
    return Reply(
        document={
            "dry_run": dry_run,
            "sets": [_document(each) for each in report.sets],
            "own": report.own,
            "patched": list(report.patched),
            "direct": report.direct,
            "listings": listings_document(wired),
        },
        body=tuple(_lines(frame, report, dry_run=dry_run)),
        status=Exit.NOT_FOUND if missing else Exit.OK,
    )


def _document(one: MirroredSet) -> Json:
    return {
        "genesis": one.genesis.hex,
        "urls": [url.public for url in one.urls],
        "directory": str(one.directory),
        "url": one.url.public,
        "atoms": [
            {
                "label": atom.key.label.text,
                "version": atom.key.version.text,
                "commit": atom.rev.hex if atom.rev else None,
            }
            for atom in one.atoms
        ],
        "added": list(one.added),
        "origins": one.origins,
        "missing_origins": [oid.hex for oid in one.missing_origins],
    }


def _lines(frame: Frame, report: MirrorReport, *, dry_run: bool) -> list[Line]:
    lines: list[Line] = []
    for each in report.sets:
        verb = "would add" if dry_run else "added"
        count = f"{counted(len(each.atoms), 'atom')}, {verb} {counted(len(each.added), 'ref')}"
        if each.origins:
            count += f", history of {counted(each.origins, 'source commit')}"
        lines.append((cyan(relative_to(each.directory, frame.directory)), dim(f" ({count})")))
        lines += [
            yellow(f"  the source commit {oid.hex} cannot be had") for oid in each.missing_origins
        ]
    left = [counted(report.direct, "direct source")] if report.direct else []
    left += [f"{counted(report.own, 'atom')} of this repository"] if report.own else []
    left += [f"{name} (patched)" for name in report.patched]
    if left:
        lines.append(dim(f"not mirrored: {', '.join(left)}"))
    if not report.sets:
        lines.append("the lock pins no published atom: there is nothing to mirror")
    return lines
