"""``eka search``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.statuses import status_document, status_words
from eka.cli.text import bold, cyan, dim, yellow
from eka.cli.wording import WIDTH, shortened
from eka.errors import Exit
from eka.workflow.ages import ago
from eka.workflow.progress import counted
from eka.workflow.search import DEFAULT_LIMIT, SearchOptions
from eka.workflow.search import search as find

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli.reply import Json
    from eka.cli.text import Body, Line
    from eka.workflow.ranking import Match
    from eka.workflow.search import Found, Searched, SearchReport

MOST = 10_000


def search(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    text: Annotated[str, typer.Argument(help="Words; an atom must hold all of them.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REPO]...", help="Where to search; default: all that is known."),
    ] = None,
    *,
    names: Annotated[bool, typer.Option(help="Search labels alone.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MOST, help="The most answers to show.")
    ] = DEFAULT_LIMIT,
    refresh: Annotated[bool, typer.Option(help="Ask sources that were listed before.")] = False,
    offline: Annotated[bool, typer.Option(help="Search what was fetched before.")] = False,
) -> Reply:
    """Search atoms by label, tag and description; only refs and manifests are read.

    Known repositories are those that the project here and the aliases in the settings name, which
    are asked, and those listed before, whose remembered listings are searched. Case does not
    count. Best first: the label itself, its beginning, a part of it, a tag, the description.

    Exit status: 0 found, 2 nothing to search for or nowhere to search, 3 nothing found, 4 no
    repository answers.
    """
    services = wiring.services(frame, offline=offline, refresh=refresh)
    options = SearchOptions(
        sources=tuple(sources or ()),
        aliases=tuple(frame.settings.alias_origins),
        labels_alone=names,
        limit=limit,
    )
    report = find(services, text, options)
    for each in report.sources:
        if each.error is not None:
            frame.progress.note(f"{each.source.public} was not searched: {each.error}")
    document = _document(report, text)
    document["listings"] = listings_document(services)
    status = Exit.OK if report.found else Exit.NOT_FOUND
    oldest_s = min(
        (each.at_s for each in services.answers.all if each.is_remembered), default=None
    )
    age = "" if oldest_s is None else f", as listed {ago(oldest_s, services.now_s)}"
    return Reply(document=document, body=_body(report, text, age), status=status)


def _document(report: SearchReport, text: str) -> dict[str, Json]:
    return {
        "text": text,
        "total": report.total,
        "sources": [_source(each) for each in report.sources],
        "found": [_found(each) for each in report.found],
    }


def _source(searched: Searched) -> dict[str, Json]:
    error = searched.error
    return {
        "source": searched.source.public,
        "labels": searched.labels,
        "summaries": searched.summaries,
        "error": {
            "code": error.code,
            "what": error.what,
            "where": error.where,
            "why": error.why,
            "fix": error.fix,
        }
        if error
        else None,
    }


def _found(found: Found) -> dict[str, Json]:
    said = found.summary
    return {
        "source": found.source.public,
        "label": found.label.text,
        "newest": {
            "version": found.newest.version.text,
            "commit": found.newest.commit.hex,
            "status": status_document(found.newest.status),
        },
        "match": _match(found.rank.best),
        "rank": found.rank.total,
        "description": said.description if said else None,
        "tags": list(said.tags) if said else None,
    }


def _match(match: Match) -> str:
    return match.name.lower().replace("_", "-")


def _body(report: SearchReport, text: str, age: str) -> Body:
    lines: list[Line] = []
    for found in report.found:
        lines += _answer(found)
    searched = [each for each in report.sources if each.error is None]
    labels = sum(each.labels for each in searched)
    where = f"{counted(labels, 'label')} of {counted(len(searched), 'repository')}"
    where = where.replace("repositorys", "repositories")
    if not report.found:
        guess = f"; did you mean {report.similar}?" if report.similar else ""
        return [f"nothing found for {text} in {where}{age}{guess}"]
    shown = len(report.found)
    of_all = f"{shown} of {report.total}" if shown < report.total else str(shown)
    return [*lines, dim(f"{of_all} found in {where}{age}")]


def _answer(found: Found) -> list[Line]:
    status = status_words(found.newest.status)
    mark = yellow(f"  {status}") if status else ""
    lines: list[Line] = [(bold(found.label.text), f" {found.newest.version.text}", mark)]
    said = found.summary
    if said is not None and said.description:
        lines.append(f"  {shortened(said.description, WIDTH - 2)}")
    return [*lines, ("  ", cyan(f"{found.source.public}::{found.label.text}"))]
