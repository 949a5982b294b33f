"""``eka new``."""

from __future__ import annotations

from typing import Annotated

import typer

from eka.atom import Label, Version
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import cyan
from eka.workflow.new import new_atom
from eka.workflow.places import relative_to


def new(
    frame: Frame,
    path: Annotated[str, typer.Argument(help="The atom's directory; made if it is not there.")],
    *,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Default: the name.")] = None,
    version: Annotated[str, typer.Option("--version", "-V", help="First version.")] = "0.1.0",
    dry_run: Annotated[bool, typer.Option(help="Say what would be made, write nothing.")] = False,
) -> Reply:
    """Write the manifest of a new atom; inside a set it is added to ekala.toml.

    Exit status: 0 made, 2 the label or version is wrong, 6 there is a manifest already.
    """
    report = new_atom(
        frame.path(path),
        label=None if label is None else Label.typed(label),
        version=Version.parse(version),
        dry_run=dry_run,
    )
    verb = "would make" if dry_run else "made"
    where = relative_to(report.directory, frame.directory)
    lines = [(f"{verb} {report.label.text} {report.version.text} in ", cyan(where))]
    if report.set_manifest is not None:
        lines.append(("listed in ", cyan(relative_to(report.set_manifest, frame.directory))))
    return Reply(
        document={
            "dry_run": dry_run,
            "directory": str(report.directory),
            "label": report.label.text,
            "version": report.version.text,
            "set_manifest": str(report.set_manifest) if report.set_manifest else None,
        },
        body=tuple(lines),
    )
