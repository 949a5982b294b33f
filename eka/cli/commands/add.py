"""``eka add``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.passed_over import passed_over_document
from eka.cli.reply import Reply
from eka.cli.text import bold, dim
from eka.workflow.add import AddOptions, add_dependencies
from eka.workflow.project_here import project_here

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.add import Added, AddedDirect


def add(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    uris: Annotated[
        list[str],
        typer.Argument(
            metavar="URI",
            help="SOURCE::LABEL[@REQUIREMENT], gh:owner/repo::zlib@^1; SET::LABEL for a set of "
            "atom.toml; [NAME=]url:ADDRESS or deb:PACKAGE for what is no atom.",
        ),
    ],
    *,
    set_name: Annotated[
        str | None, typer.Option("--set", "-s", help="Name of the set in [package.sets].")
    ] = None,
    dev: Annotated[bool, typer.Option(help="Needed for development only.")] = False,
    offline: option.OfflineKnown = False,
    dry_run: option.DryRun = False,
    cooldown: option.Cooldown = None,
    accept_source: option.AcceptSource = None,
    accept_changed: option.AcceptChanged = None,
    refresh: option.Refresh = False,
) -> Reply:
    """Add dependencies to atom.toml and pin the whole closure in atom.lock: all or nothing.

    Without a requirement the newest stable version is taken, as ^VERSION; a dependency that is
    there already gets the new requirement. A label without a source means an atom of this
    repository's own set, else one that atom.toml requires already; with --set NAME one of the
    set that atom.toml calls so.

    Exit status: 0 added, 1 versions do not fit together (nothing is written), 2 a URI is wrong,
    3 no such atom or version, 4 network, 5 a published atom is not what it claims, or not
    what was seen first.
    """
    services = wiring.services(
        frame,
        offline=offline,
        refresh=refresh,
        accept_changed=accept_changed,
        cooldown=cooldown,
    )
    options = AddOptions(
        set_name=set_name,
        dev=dev,
        dry_run=dry_run,
        accepted_sources=tuple(accept_source or ()),
    )
    project = project_here(services, frame.directory)
    report = add_dependencies(services, project, uris, options)
    lines = [_line(each, dry_run=dry_run) for each in report.atoms]
    lines += [_direct_line(each, dry_run=dry_run) for each in report.direct]
    return Reply(
        document={
            "dry_run": dry_run,
            "written": report.written,
            "added": [_document(each, dev=dev) for each in report.atoms],
            "direct": [
                {
                    "kind": each.kind,
                    "name": each.name.text,
                    "new": each.is_new,
                    "changed": each.is_change,
                }
                for each in report.direct
            ],
            "changes": changes_document(report.changes),
            "direct_changes": direct_document(report.direct_changes),
            "listings": listings_document(services),
            "passed_over": passed_over_document(services),
        },
        body=(*lines, *change_lines(report.changes), *direct_lines(report.direct_changes)),
    )


def _document(added: Added, *, dev: bool) -> Json:
    return {
        "label": added.label.text,
        "requirement": added.requirement,
        "version": added.selected.text,
        "set": added.set_name,
        "source": _source(added),
        "dev": dev,
        "before": added.before,
    }


def _line(added: Added, *, dry_run: bool) -> Line:
    label = added.label.text
    if added.before is None:
        verb = "would add" if dry_run else "added"
    elif added.before == added.requirement:
        verb = "there already:"
    else:
        verb = f"{'would change' if dry_run else 'changed'} {label} {added.before} to"
    return (
        f"{verb} ",
        bold(f"{label} {added.requirement}"),
        f" ({added.selected.text})",
        dim(f" from {_source(added)}"),
    )


def _direct_line(added: AddedDirect, *, dry_run: bool) -> Line:
    if not added.is_change:
        verb = "there already:"
    elif added.is_new:
        verb = "would add" if dry_run else "added"
    else:
        verb = "would change" if dry_run else "changed"
    return (f"{verb} ", bold(added.name.text), dim(f" ({added.kind} source)"))


def _source(added: Added) -> str:
    return added.source.public if added.source else "::"
