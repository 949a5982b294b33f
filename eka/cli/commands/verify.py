"""``eka verify``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.render import error_document
from eka.cli.reply import Reply
from eka.cli.signatures import signature_document, signature_lines
from eka.cli.statuses import status_document
from eka.cli.text import bold, dim, green, red, yellow
from eka.errors import Exit
from eka.git import Level, Status
from eka.git.signatures import SignatureState
from eka.workflow.progress import counted
from eka.workflow.project import Project
from eka.workflow.verify import verify_lock, verify_uri

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.git import LevelReport
    from eka.workflow.verify import VerifiedAtom, VerifyReport

WORDS = {
    Status.OK: green("ok"),
    Status.FAILED: red("FAILED"),
    Status.UNAVAILABLE: yellow("unavailable"),
    Status.ABSENT: dim("absent"),
}


def verify(
    frame: Frame,
    uri: Annotated[
        str | None,
        typer.Argument(help="SOURCE::LABEL[@REQUIREMENT], or a SOURCE; default: atom.lock."),
    ] = None,
    *,
    offline: Annotated[bool, typer.Option(help="Check what the cache holds.")] = False,
    accept_changed: option.AcceptChanged = None,
) -> Reply:
    """Recompute atoms and prove where they come from.

    Levels: bytes (the commit is what it must be), manifest (it names this version), subtree (the
    tree is a directory of the source commit), ancestry (that commit descends from the genesis),
    content (the BLAKE3 hash), signature (the allowed signers signed it, as the rules of the
    settings demand). Without a URI every atom of atom.lock is checked against its pin,
    the source must still name the same commits, and its mirrors no others. What this machine saw
    first under a name must be what it is now.

    Exit status: 0 nothing failed, 3 no such atom, 4 network, 5 something is not what it claims.
    """
    services = wiring.services(frame, offline=offline, accept_changed=accept_changed)
    if uri is None:
        report = verify_lock(services, Project.at(frame.directory, frame.settings.aliases))
    else:
        report = verify_uri(services, uri)
    return Reply(
        document={**_document(report), "listings": listings_document(services)},
        body=_lines(report, verbose=frame.verbosity > 0),
        status=Exit.INTEGRITY if report.failed else Exit.OK,
    )


def _document(report: VerifyReport) -> dict[str, Json]:
    return {
        "sound": not report.failed,
        "own": report.own,
        "patched": list(report.patched),
        "atoms": [_atom_document(atom) for atom in report.atoms],
    }


def _atom_document(atom: VerifiedAtom) -> Json:
    return {
        "label": atom.label.text,
        "version": atom.version.text,
        "source": atom.source.public,
        "commit": atom.rev.hex,
        "sound": atom.is_sound,
        "withdrawn": atom.withdrawn,
        "status": status_document(atom.status),
        "error": error_document(atom.error)["error"] if atom.error else None,
        "levels": [
            {
                "level": level.level.value,
                "status": level.status.value,
                "expected": level.expected,
                "found": level.found,
                "note": level.note,
            }
            for level in atom.levels
        ],
        "signatures": [signature_document(each) for each in atom.signatures],
    }


def _lines(report: VerifyReport, *, verbose: bool) -> list[Line]:
    lines: list[Line] = []
    for atom in report.atoms:
        lines += _atom_lines(atom, verbose=verbose)
    count = f"{counted(len(report.atoms), 'atom')} checked, {len(report.failed)} failed"
    own = f", {report.own} of this repository not published" if report.own else ""
    lines += [
        f"{name} stands in a directory here ([patch]): not verified" for name in report.patched
    ]
    return [*lines, dim(count + own)]


def _atom_lines(atom: VerifiedAtom, *, verbose: bool) -> list[Line]:
    name = bold(f"{atom.label.text} {atom.version.text}")
    if atom.report is None:
        why = f"  {atom.error}" if atom.error else ""
        return [(name, " ", red("FAILED")), why]
    words: list[str | Piece] = [name]
    for level in atom.levels:
        words += [f"  {level.level.value} ", WORDS[level.status]]
    if atom.withdrawn:
        words.append(yellow("  withdrawn: no ref names it any more"))
    lines: list[Line] = [tuple(words)]
    if atom.status is not None:
        lines += [("  ", yellow(sentence)) for sentence in atom.status.sentences]
    for level in atom.levels:
        if level.status is Status.FAILED or (verbose and level.status is not Status.OK):
            lines += _level_lines(level)
    quiet = (SignatureState.GOOD, SignatureState.UNKNOWN)
    is_short = atom.signature is not None and atom.signature.status is Status.FAILED
    wants_all = verbose or is_short
    told = [each for each in atom.signatures if wants_all or each.state not in quiet]
    return [*lines, *(("  ", *line) for line in signature_lines(told))]


def _level_lines(level: LevelReport) -> list[Line]:
    lines: list[Line] = [f"  {level.level.value}:"]
    for word, value in (
        ("expected", level.expected),
        ("found", level.found),
        # What signatures are worth is told one by one.
        ("", "" if level.level is Level.SIGNATURE and level.found else level.note),
    ):
        if value:
            lines.append(f"    {word} {value}" if word else f"    {value}")
    return lines
