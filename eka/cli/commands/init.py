"""``eka init``."""

from __future__ import annotations

import typer

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim, yellow
from eka.workflow.init import InitOptions, begin_set
from eka.workflow.project import SET_MANIFEST

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli.text import Line
    from eka.workflow.init import InitOutcome


def init(
    frame: Frame,
    *,
    genesis: Annotated[
        str | None, typer.Option(help="First commit of the set, where there are several.")
    ] = None,
    remote: Annotated[
        str | None, typer.Option("--remote", "-t", help="Where to look for a genesis.")
    ] = None,
    offline: Annotated[bool, typer.Option(help="Do not ask the remote.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, write nothing.")] = False,
) -> Reply:
    """Make this git repository a set of atoms.

    Writes ekala.toml if there is none and records the set's genesis, its first commit, from which
    every atom takes its identity. On a branch without commits, one with ekala.toml is made.

    Exit status: 0 done, 1 git does not know who you are, 2 several first commits and none chosen,
    3 no repository here, 6 another genesis is on record.
    """
    options = InitOptions(
        genesis=None if genesis is None else ObjectId(genesis), remote=remote, dry_run=dry_run
    )
    report = begin_set(wiring.services(frame, offline=offline), options)
    return Reply(
        document={
            "dry_run": dry_run,
            "root": str(report.root),
            "genesis": report.genesis.hex if report.genesis else None,
            "roots": [oid.hex for oid in report.roots],
            "manifest_written": report.manifest_written,
            "committed": report.committed,
            "is_new": report.is_new,
            "remote": report.remote,
        },
        body=_lines(report, dry_run=dry_run),
    )


def _lines(report: InitOutcome, *, dry_run: bool) -> list[Line]:
    lines: list[Line] = []
    if report.manifest_written:
        verb = "would write" if dry_run else "wrote"
        lines.append((f"{verb} ", cyan(SET_MANIFEST)))
    if report.committed:
        verb = "would make" if dry_run else "made"
        lines.append(f"{verb} the first commit of the branch, with {SET_MANIFEST}")
    if report.genesis is not None:
        known = "" if report.is_new else " (on record already)"
        lines.append(("genesis ", bold(report.genesis.hex), dim(known)))
    if len(report.roots) > 1:
        lines.append((yellow("note "), "there are several first commits:"))
        lines += [f"  {oid.hex}" for oid in report.roots]
    return lines
