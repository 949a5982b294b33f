"""``eka bump``."""

from __future__ import annotations

from difflib import unified_diff

import typer

from eka.atom import Label, Version, VersionPart
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim, green, red, yellow
from eka.workflow.bump import BumpOptions, bump_atom
from eka.workflow.places import relative_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Annotated

    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.bump import BumpReport
    from eka.workflow.set_files import FileChange

PARTS = {part.value: part for part in VersionPart}


def bump(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    label: Annotated[str, typer.Argument(help="An atom of this set.")],
    to: Annotated[
        str, typer.Argument(metavar="VERSION", help="major, minor, patch or a version.")
    ],
    *,
    dependents: Annotated[
        bool, typer.Option(help="Let the atoms of the set that need it follow.")
    ] = False,
    dependents_part: Annotated[
        VersionPart, typer.Option(help="What goes up in those that follow.")
    ] = VersionPart.PATCH,
    allow_backwards: Annotated[bool, typer.Option(help="Take a lower version.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Show what would change, write nothing.")] = False,
) -> Reply:
    """Give an atom of this set a new version, in its manifest.

    Nothing but the version's letters changes there. With --dependents requirements in the set
    that do not accept the new version are changed in their own style, locks that have the old one
    are made to fit, and the atoms this changes get new versions too: all files or none.

    Exit status: 0 done, 1 a file must be edited by hand, 2 the words are wrong, 3 no such atom, 6
    the version is lower than the present one.
    """
    options = BumpOptions(
        to=PARTS.get(to) or Version.parse(to),
        dependents=dependents,
        dependents_part=dependents_part,
        allow_backwards=allow_backwards,
        dry_run=dry_run,
    )
    report = bump_atom(wiring.services(frame), Label.typed(label), options)
    return Reply(
        document=_document(report, dry_run=dry_run),
        body=list(_lines(frame, report, dry_run=dry_run)),
    )


def _document(report: BumpReport, *, dry_run: bool) -> dict[str, Json]:
    plan = report.plan
    return {
        "dry_run": dry_run,
        "written": report.written,
        "versions": [
            {
                "label": each.label.text,
                "path": each.path,
                "before": each.before.text,
                "after": each.after.text,
                "why": each.why.value,
            }
            for each in plan.versions
        ],
        "requirements": [
            {
                "label": each.label.text,
                "dependency": each.line.label.text,
                "dev": each.dev,
                "before": each.line.requirement.text,
                "after": each.after.text,
            }
            for each in plan.requirements
        ],
        "files": [
            {"path": relative_to(each.path, report.root), "diff": "\n".join(_diff(report, each))}
            for each in plan.files
        ],
        "locked": list(plan.locked),
        "unlocked": list(plan.unlocked),
        "unmet": [each.text for each in plan.unmet],
        "stale": [each.text for each in plan.stale],
    }


def _diff(report: BumpReport, change: FileChange) -> Iterator[str]:
    path = relative_to(change.path, report.root)
    before, after = (text.decode("utf-8").splitlines() for text in (change.before, change.after))
    return unified_diff(before, after, f"a/{path}", f"b/{path}", n=1, lineterm="")


def _lines(frame: Frame, report: BumpReport, *, dry_run: bool) -> Iterator[Line]:
    plan = report.plan
    if not plan.versions:
        yield dim("it has this version already")
    for each in plan.versions:
        why = {"requirement": "its requirement follows", "lock": "its lock follows"}
        told = dim(f"  ({why[each.why.value]})" if each.why.value in why else "")
        yield (bold(each.label.text), f" {each.before.text} -> ", green(each.after.text), told)
    for line in plan.requirements:
        before, after = line.line.requirement.text, line.after.text
        yield f"  {line.label.text} needs {line.line.label.text} {before} -> {after}"
    if dry_run:
        for change in plan.files:
            yield from map(_painted, _diff(report, change))
    for path in plan.unlocked:
        place = relative_to(report.root / path, frame.directory)
        yield (yellow("lock anew: "), "eka lock -C ", cyan(place))
    if plan.unmet:
        yield (yellow("do not accept it: "), ", ".join(each.text for each in plan.unmet))
    if plan.stale:
        yield (yellow("have the old one locked: "), ", ".join(each.text for each in plan.stale))
    if plan.unmet or plan.stale:
        yield dim("eka bump --dependents lets them follow")


def _painted(line: str) -> Line:
    if line.startswith(("+++", "---", "@@")):
        return dim(line)
    return {"+": green, "-": red}.get(line[:1], dim)(line)
