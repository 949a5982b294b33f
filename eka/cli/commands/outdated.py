"""``eka outdated``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.statuses import status_document
from eka.cli.text import Table, bold, dim, green, yellow
from eka.errors import Exit
from eka.workflow.ages import ago, in_time
from eka.workflow.outdated import OutdatedOptions, read_freshness
from eka.workflow.places import relative_to
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Annotated

    from eka.atom import Version
    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.workflow.locked_lines import NeedLine
    from eka.workflow.outdated import Freshness
    from eka.workflow.services import Services

PROJECT_ID = "project"
SHOWN_LINES = 2
NOT_KNOWN = "?"


def outdated(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LABEL[@V]]...", help="Look at these atoms; default: all."),
    ] = None,
    *,
    direct_only: Annotated[
        bool, typer.Option(help="Look only at what atom.toml itself asks for.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Show also what is at its newest version.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option(help="End with 1 when something is outdated.")
    ] = False,
    cooldown: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Choose no version seen first less than 7d, 36h ago."),
    ] = None,
    offline: option.OfflineListed = False,
    refresh: option.Refresh = False,
) -> Reply:
    """Show locked atoms of which there are newer versions, and which requirement holds them back.

    COMPATIBLE is the newest version that all requirements accept and that need not wait for a
    cooldown: eka update takes it. NEWEST is the newest one at all, yanked versions left out, and
    pre-releases unless one is locked. What is yanked, deprecated or gone is shown even if nothing
    is newer. In a set's root, of every atom of the set.

    Exit status: 0 shown, 1 something is outdated (with --exit-code), or there is no lock or it is
    not of this manifest, 2 an argument is wrong, 3 no such atom is locked, 4 a source does not
    answer (what others say is shown), 5 a source is not what it was.
    """
    services = wiring.services(frame, offline=offline, refresh=refresh, cooldown=cooldown)
    options = OutdatedOptions(labels=tuple(labels or ()), direct_only=direct_only)
    found = read_freshness(services, options)
    shown = [each for each in found if every or each.is_remarkable or each.unknown]
    return Reply(
        document={
            "atoms": [_document(each) for each in shown],
            "total": len(found),
            "outdated": sum(each.is_outdated for each in found),
            "listings": listings_document(services),
        },
        body=list(_body(frame, services, found, shown)),
        status=_status(found, exit_code=exit_code),
    )


def _status(found: Sequence[Freshness], *, exit_code: bool) -> int:
    if any(each.unknown for each in found):
        return Exit.NETWORK
    return Exit.FAILED if exit_code and any(each.is_outdated for each in found) else Exit.OK


def _document(found: Freshness) -> Json:
    key = found.key
    return {
        "directory": str(found.locked.project.directory),
        "label": key.label.text,
        "set": key.genesis.hex,
        "source": found.source.public,
        "direct": found.is_direct,
        "dev": found.is_dev,
        "version": key.version.text,
        "compatible": found.compatible.text if found.compatible else None,
        "newest": found.newest.text if found.newest else None,
        "outdated": found.is_outdated,
        "held_by": [_line_document(each) for each in found.held_by],
        "status": status_document(found.status),
        "listed": found.is_listed,
        "waits": {"first_seen_s": found.wait.first_seen_s, "eligible_s": found.wait.eligible_s}
        if found.wait
        else None,
        "unknown": found.unknown or None,
    }


def _line_document(line: NeedLine) -> Json:
    span = line.line.span
    return {
        "owner": line.owner.text if line.owner else PROJECT_ID,
        "requirement": line.line.requirement.text,
        "dev": line.is_dev,
        "file": span.file if span else None,
        "line": span.line if span else None,
    }


def _body(
    frame: Frame, services: Services, found: Sequence[Freshness], shown: Sequence[Freshness]
) -> Iterator[Line | Table]:
    directories = [str(each.locked.project.directory) for each in found]
    is_set = len(set(directories)) > 1
    for directory, group in groupby(shown, lambda each: str(each.locked.project.directory)):
        if is_set:
            yield bold(relative_to(Path(directory), frame.directory))
        header = ("atom", "locked", "compatible", "newest", "held back by", "note")
        yield _fitted(header, [_row(each, frame, services) for each in group])
        if is_set:
            yield ""
    remembered = [each.at_s for each in services.answers.all if each.is_remembered]
    age = f", as listed {ago(min(remembered), services.now_s)}" if remembered else ""
    yield dim(_summary(found) + age)


def _summary(found: Sequence[Freshness]) -> str:
    if not found:
        return "no published atom is locked"
    count = sum(each.is_outdated for each in found)
    verb = "are" if count > 1 else "is"
    can_follow = any(each.compatible and each.compatible > each.key.version for each in found)
    hint = "; eka update takes what is compatible" if can_follow else ""
    return f"{count or 'none'} of {counted(len(found), 'atom')} {verb} outdated{hint}"


def _fitted(header: tuple[str, ...], rows: list[tuple[str | Piece, ...]]) -> Table:
    """Return a table without the columns that say nothing."""
    kept = [at for at in range(len(header)) if any(_text(row[at]) for row in rows)]
    return Table(
        tuple(header[at] for at in kept), tuple(tuple(row[at] for at in kept) for row in rows)
    )


def _text(cell: str | Piece) -> str:
    return cell if isinstance(cell, str) else cell.text


def _row(found: Freshness, frame: Frame, services: Services) -> tuple[str | Piece, ...]:
    locked = found.key.version
    dev = " (dev)" if found.is_dev else ""
    return (
        f"{found.key.label.text}{dev}",
        locked.text,
        _version(found.compatible, locked),
        _version(found.newest, locked),
        dim(_holders(found.held_by, frame)),
        yellow(_note(found, services)),
    )


def _version(found: Version | None, locked: Version) -> str | Piece:
    if found is None:
        return NOT_KNOWN
    return green(found.text) if found > locked else found.text


def _holders(lines: Sequence[NeedLine], frame: Frame) -> str:
    told = [_holder(each, frame) for each in lines[:SHOWN_LINES]]
    more = len(lines) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _holder(line: NeedLine, frame: Frame) -> str:
    owner = line.owner
    if owner is None:
        where = relative_to(Path(line.place), frame.directory)
    else:
        where = f"{owner.label.text} {owner.version.text}"
    return f"{line.line.requirement.text} ({where})"


def _note(found: Freshness, services: Services) -> str:
    if found.unknown:
        return f"not known: {found.unknown}"
    notes = list(found.status.sentences) if found.status else []
    if not found.is_listed:
        notes.append("is not published any more")
    if found.wait and found.newest:
        when = in_time(found.wait.eligible_s, services.now_s)
        notes.append(f"{found.newest.text} can be chosen {when}")
    return "; ".join(notes)
