"""``eka add``."""

from __future__ import annotations

from typing import Annotated

import typer

from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import bold, dim
from eka.workflow.add import AddOptions, AddReport, add_atom
from eka.workflow.project import Project


def add(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    uri: Annotated[
        str, typer.Argument(help="SOURCE::LABEL[@REQUIREMENT], gh:owner/repo::zlib@^1")
    ],
    *,
    set_name: Annotated[
        str | None, typer.Option("--set", "-s", help="Name of the set in [package.sets].")
    ] = None,
    dev: Annotated[bool, typer.Option(help="Needed for development only.")] = False,
    offline: Annotated[bool, typer.Option(help="Use what is known already.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say what would change, write nothing.")] = False,
    accept_source: Annotated[
        list[str] | None, typer.Option(help="Take this URL as a source of a set known already.")
    ] = None,
    accept_changed: Annotated[
        list[str] | None,
        typer.Option(help="Take LABEL@VERSION though it is not what was first seen."),
    ] = None,
    refresh: Annotated[bool, typer.Option(help="Ask, whatever listing.max_age_s says.")] = False,
) -> Reply:
    """Add a dependency to atom.toml and pin the whole closure in atom.lock.

    Without a requirement the newest stable version is taken, as ^VERSION. A label without a
    source means an atom of this repository's own set.

    Exit status: 0 added, 1 versions do not fit together (nothing is written), 2 the URI is wrong,
    3 no such atom or version, 4 network, 5 a published atom is not what it claims, or not
    what was seen first.
    """
    services = wiring.services(
        frame, offline=offline, refresh=refresh, accept_changed=accept_changed
    )
    project = Project.at(frame.directory, frame.settings.aliases)
    options = AddOptions(
        set_name=set_name,
        dev=dev,
        dry_run=dry_run,
        accepted_sources=tuple(accept_source or ()),
    )
    report = add_atom(services, project, uri, options)
    source = report.source.public if report.source else "::"
    return Reply(
        document={
            "dry_run": dry_run,
            "label": report.label.text,
            "requirement": report.requirement,
            "version": report.selected.text,
            "set": report.set_name,
            "source": source,
            "before": report.before,
            "written": report.written,
            "changes": changes_document(report.changes),
            "listings": listings_document(services),
        },
        body=(
            (
                f"{_verb(report, dry_run=dry_run)} ",
                bold(f"{report.label.text} {report.requirement}"),
                f" ({report.selected.text})",
                dim(f" from {source}"),
            ),
            *change_lines(report.changes),
        ),
    )


def _verb(report: AddReport, *, dry_run: bool) -> str:
    if report.before is None:
        return "would add" if dry_run else "added"
    if report.before == report.requirement:
        return "there already:"
    verb = "would change" if dry_run else "changed"
    return f"{verb} {report.label.text} {report.before} to"
