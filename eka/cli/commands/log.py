"""``eka log``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.commands.diff import note_document
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.signatures import signature_document, signature_lines
from eka.cli.statuses import status_document
from eka.cli.text import bold, cyan, dim, red, yellow
from eka.cli.wording import OID_DIGITS, WIDTH, date, shortened
from eka.git import ChangeKind
from eka.workflow.log import DEFAULT_LIMIT
from eka.workflow.log import log as read_log
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Body, Line
    from eka.workflow.log import Changes, LogEntry, LogReport

MOST = 10_000
_INDENT = "  "


def log(
    frame: Frame,
    uri: Annotated[
        str,
        typer.Argument(help="SOURCE::LABEL[@REQUIREMENT], or LABEL; default: the project here."),
    ] = "",
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MOST, help="The most versions to show.")
    ] = DEFAULT_LIMIT,
    offline: option.OfflineFetched = False,
    refresh: option.Refresh = False,
) -> Reply:
    """Show the versions of an atom as a history, newest first.

    Each with its source commit, what changed since the version before, what its owner says of it,
    and who signed it. Where source commits cannot be had, versions are listed all the same. A
    label alone means an atom of the repository here, as its refs have it.

    Exit status: 0 shown, 2 the URI is wrong, 3 no such atom or version, 4 network.
    """
    services = wiring.services(frame, offline=offline, refresh=refresh)
    report = read_log(services, uri, limit=limit)
    document = _document(report)
    document["listings"] = listings_document(services)
    return Reply(document=document, body=_body(report))


def _document(report: LogReport) -> dict[str, Json]:
    return {
        "source": report.source.public,
        "label": report.label.text,
        "total": report.total,
        "history": {"unavailable": report.unavailable or None},
        "versions": [_entry(each) for each in report.entries],
    }


def _entry(entry: LogEntry) -> dict[str, Json]:
    commit, signatures = entry.commit, entry.signatures
    return {
        "version": entry.published.version.text,
        "commit": entry.published.commit.hex,
        "status": status_document(entry.published.status),
        "origin": {
            "commit": commit.origin.hex,
            "path": commit.path,
            "note": note_document(entry.note) if entry.note else None,
        }
        if commit
        else None,
        "changes": _changes(entry.changes) if entry.changes else None,
        "signatures": None
        if signatures is None
        else [signature_document(each) for each in signatures],
        "error": entry.error or None,
    }


def _changes(changes: Changes) -> dict[str, Json]:
    counts = changes.counts
    return {
        "against": changes.against.text,
        "added": counts.get(ChangeKind.ADDED, 0),
        "removed": counts.get(ChangeKind.REMOVED, 0),
        "modified": counts.get(ChangeKind.MODIFIED, 0) + counts.get(ChangeKind.MODE, 0),
        "renamed": counts.get(ChangeKind.RENAMED, 0),
    }


def _body(report: LogReport) -> Body:
    width = max(len(each.published.version.text) for each in report.entries)
    lines: list[Line] = []
    for entry in report.entries:
        lines += _entry_lines(entry, width)
    shown = len(report.entries)
    count = counted(report.total, "version")
    of_all = count if shown == report.total else f"{shown} of {count}"
    lines.append(dim(f"{of_all} of {report.label.text} at {report.source.public}"))
    if report.unavailable:
        lines.append(dim(f"source commits are not all known: {report.unavailable}"))
    return lines


def _entry_lines(entry: LogEntry, width: int) -> list[Line]:
    version = f"{entry.published.version.text:<{width}}"
    room = WIDTH - width - len("  2026-01-01  ")
    note, status = entry.note, entry.published.status
    margin = " " * (width + len(_INDENT))
    if note is not None:
        told = shortened(note.subject, room)
        lines: list[Line] = [(bold(version), f"  {date(note.time_s)}  ", told)]
    else:
        lines = [(bold(version), dim("  no date     its source commit is not known"))]
    if entry.error:
        lines.append((margin, red("not read: "), entry.error))
    if entry.commit is not None:
        author = f" {note.author}" if note is not None else ""
        changed = f", {_changed(entry.changes)}" if entry.changes else ""
        lines.append((margin, cyan(entry.commit.origin.hex[:OID_DIGITS]), author, dim(changed)))
    if status is not None:
        lines += [(margin, yellow(sentence)) for sentence in status.sentences]
    lines += [(margin, *pieces) for pieces in signature_lines(entry.signatures or ())]
    return lines


def _changed(changes: Changes) -> str:
    parts = [f"{counts} {kind.value}" for kind, counts in changes.counts.items() if counts]
    told = ", ".join(sorted(parts)) if parts else "no file differs"
    return f"{told} since {changes.against.text}"
