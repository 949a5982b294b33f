"""``eka versions``."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.statuses import status_document
from eka.cli.text import Table, dim, yellow
from eka.workflow.versions import list_versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Annotated

    import typer

    from eka.cli import option
    from eka.workflow.versions import PublishedVersion


def versions(
    frame: Frame,
    uri: Annotated[
        str, typer.Argument(help="SOURCE::LABEL[@REQUIREMENT], gh:owner/repo::zlib@^1")
    ],
    *,
    offline: option.OfflineListed = False,
    refresh: option.Refresh = False,
) -> Reply:
    """List the published versions of an atom, newest first; only refs are read.

    Versions that were listed once and are not any more, and those that name another commit than
    when they were first seen, are told.

    Exit status: 0 listed, 2 the URI is wrong, 3 no such atom or version, 4 the source is down,
    5 sources of one set disagree.
    """
    wired = wiring.services(frame, offline=offline, refresh=refresh)
    report = list_versions(wired, uri)
    return Reply(
        document={
            "source": report.source.public,
            "label": report.label.text,
            "total": report.total,
            "versions": [
                {
                    "version": each.version.text,
                    "commit": each.commit.hex,
                    "status": status_document(each.status),
                }
                for each in report.versions
            ],
            "listings": listings_document(wired),
        },
        body=(_table(report.versions),),
    )


def _table(versions: Sequence[PublishedVersion]) -> Table:
    rows = [(each.version.text, dim(each.commit.hex)) for each in versions]
    if not any(each.status for each in versions):
        return Table(("version", "commit"), tuple(rows))
    words = ["; ".join(each.status.sentences) if each.status else "" for each in versions]
    told = [(*row, yellow(word)) for row, word in zip(rows, words, strict=True)]
    return Table(("version", "commit", "status"), tuple(told))
