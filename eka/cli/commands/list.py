"""``eka list``."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.statuses import status_document, status_words
from eka.cli.text import Table, bold, dim, yellow
from eka.cli.wording import WIDTH, shortened
from eka.workflow.listing_of_set import ListOptions, list_set
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from typing import Annotated

    import typer

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Body, Piece
    from eka.workflow.listing_of_set import ListedLabel, SetListing
    from eka.workflow.versions import PublishedVersion

LEAST_COLUMNS = 24  # of a description, however long the labels are


def list_atoms(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    source: Annotated[
        str, typer.Argument(help="A repository, gh:owner/repo; default: the one around here.")
    ] = "",
    pattern: Annotated[
        str | None, typer.Argument(help="How labels begin, or a glob such as '*-lib'.")
    ] = None,
    *,
    all_versions: Annotated[bool, typer.Option(help="A line for each version.")] = False,
    long: Annotated[bool, typer.Option("--long", "-l", help="Descriptions too.")] = False,
    offline: option.OfflineListed = False,
    refresh: option.Refresh = False,
) -> Reply:
    """List the labels of a repository with their newest versions; one request, refs alone.

    The newest version is the newest that is neither yanked nor a pre-release, if there is one.
    Descriptions (--long) come from the manifests of the newest versions.

    Exit status: 0 listed, 2 the address is wrong, 3 there are no atoms, or none that match, 4 the
    source is down.
    """
    services = wiring.services(frame, offline=offline, refresh=refresh)
    options = ListOptions(pattern=pattern, all_versions=all_versions, long=long)
    report = list_set(services, source, options)
    document = _document(report, options)
    document["listings"] = listings_document(services)
    return Reply(document=document, body=_body(report, options))


def _document(report: SetListing, options: ListOptions) -> dict[str, Json]:
    return {
        "source": report.source.public,
        "total": report.total,
        "labels": [_label(each, options) for each in report.labels],
    }


def _label(listed: ListedLabel, options: ListOptions) -> dict[str, Json]:
    document: dict[str, Json] = {
        "label": listed.label.text,
        "newest": _version(listed.newest),
        "count": listed.count,
    }
    if options.all_versions:
        document["versions"] = [_version(each) for each in listed.versions]
    if options.long:
        said = listed.summary
        document["description"] = said.description if said else None
        document["tags"] = list(said.tags) if said else None
    return document


def _version(version: PublishedVersion) -> dict[str, Json]:
    return {
        "version": version.version.text,
        "commit": version.commit.hex,
        "status": status_document(version.status),
    }


def _body(report: SetListing, options: ListOptions) -> Body:
    rows = _version_rows(report) if options.all_versions else _label_rows(report)
    header = ["label", "version"] if options.all_versions else ["label", "newest", "versions"]
    if any(status for _, status in rows):
        header.append("status")
        cells = [(*row, yellow(status)) for row, status in rows]
    else:
        cells = [row for row, _ in rows]
    if options.long and not options.all_versions:
        header.append("description")
        cells = _described(report, cells)
    shown = len(report.labels)
    of_all = "" if shown == report.total else f" of {report.total}"
    tail = dim(f"{counted(shown, 'label')}{of_all} at {report.source.public}")
    return (Table(tuple(header), tuple(cells)), tail)


def _label_rows(report: SetListing) -> list[tuple[tuple[str | Piece, ...], str]]:
    return [
        (
            (bold(each.label.text), each.newest.version.text, str(each.count)),
            status_words(each.newest.status),
        )
        for each in report.labels
    ]


def _version_rows(report: SetListing) -> list[tuple[tuple[str | Piece, ...], str]]:
    return [
        ((bold(each.label.text), version.version.text), status_words(version.status))
        for each in report.labels
        for version in each.versions
    ]


def _described(
    report: SetListing, cells: list[tuple[str | Piece, ...]]
) -> list[tuple[str | Piece, ...]]:
    used = max(len(each.label.text) + len(each.newest.version.text) for each in report.labels)
    left = max(WIDTH - used - len("  versions    "), LEAST_COLUMNS)
    texts = (each.summary.description if each.summary else "" for each in report.labels)
    return [(*row, shortened(text, left)) for row, text in zip(cells, texts, strict=True)]
