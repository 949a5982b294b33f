"""``eka publish``."""

from __future__ import annotations

from dataclasses import replace

import typer

from eka.atom import Label, ObjectId
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.checks import check_reply
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.signatures import wants_signature
from eka.cli.text import bold, dim, green, yellow
from eka.git import AtomStatus, PublishRequest
from eka.workflow.progress import counted
from eka.workflow.publish import check_atoms, publish_atoms

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.git import PublishReport


def publish(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    labels: Annotated[list[str] | None, typer.Argument(help="Atoms to publish.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Publish every atom of the set.")
    ] = False,
    rev: Annotated[str, typer.Option("--rev", "-r", help="Commit to publish from.")] = "HEAD",
    remote: option.Remote = None,
    push_source: Annotated[
        bool, typer.Option(help="Push the source commit first if the remote lacks it.")
    ] = False,
    no_origin: Annotated[
        bool, typer.Option("--no-origin", help="Publish without the source commit.")
    ] = False,
    allow_dirty: Annotated[
        bool, typer.Option(help="Publish though files have changes that are in no commit.")
    ] = False,
    genesis: Annotated[
        str | None, typer.Option(help="First commit of the set, where there are several.")
    ] = None,
    sign: Annotated[
        bool | None, typer.Option("--sign/--no-sign", help="Sign the new versions, or do not.")
    ] = None,
    sign_key: Annotated[
        str | None, typer.Option(help="Key to sign with: a path or SHA256:fingerprint.")
    ] = None,
    allow_backwards: Annotated[
        bool, typer.Option(help="Publish versions below those their line has already.")
    ] = False,
    check: Annotated[
        bool, typer.Option(help="Say which atoms need a new version; write nothing, for CI.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Check everything, say what would be published.")
    ] = False,
) -> Reply:
    """Publish atoms from a commit, all or nothing; what is published never changes.

    Everything is checked before the first write and every problem is reported. An atom whose
    tree is published already under its version is unchanged, and skipped.

    With --sign (or the setting publish.sign) each new version carries a signature made with the
    person's ssh key, published in the same push.

    With --check (of all atoms, where none is named) nothing is written and the source commit
    need not be on the remote: it says what is new, what is unchanged and what needs a new version
    because its tree changed. Exit status then: 0 a publish would go through, 1 it would not.

    Exit status: 0 published or unchanged, 1 a check failed, 2 the words are wrong, 3 no such atom
    or commit, 4 network, 6 a version is published already with another content.
    """
    if (labels and everything) or not (labels or everything or check):
        raise UsageFailed("publish", "name the atoms to publish, or give --all for every one")
    if check and (dry_run or push_source):
        raise UsageFailed("publish", "--check writes nothing: leave the other option out")
    request = PublishRequest(
        revision=rev,
        labels=tuple(Label.typed(label) for label in labels) if labels else None,
        remote=remote,
        genesis=None if genesis is None else ObjectId(genesis),
        no_origin=no_origin,
        push_source=push_source,
        allow_dirty=allow_dirty,
        allow_backwards=allow_backwards,
        dry_run=dry_run,
    )
    services = wiring.services(frame)
    if check:
        return check_reply(check_atoms(services, request))
    if wants_signature(frame, wanted=sign, key=sign_key):
        request = replace(request, signer=wiring.signer(frame, services, sign_key))
    report = publish_atoms(services, request)
    return Reply(document=_document(report), body=_lines(report))


def _document(report: PublishReport) -> dict[str, Json]:
    return {
        "check": False,
        "dry_run": report.dry_run,
        "signed_by": report.signed_by,
        "genesis": report.genesis.hex,
        "commit": report.commit.hex,
        "remote": report.remote,
        "source_pushed": report.source_pushed,
        "left_out": list(report.left_out),
        "refs": list(report.refs),
        "atoms": [
            {
                "status": atom.status.value,
                "label": atom.label.text,
                "version": atom.version.text,
                "path": atom.path,
                "ref": atom.ref,
                "commit": atom.commit.hex,
                "tree": atom.tree.hex,
                "origin": atom.origin.hex,
            }
            for atom in report.atoms
        ],
    }


def _lines(report: PublishReport) -> list[Line]:
    lines: list[Line] = []
    for atom in report.atoms:
        name = f"{atom.label.text} {atom.version.text}"
        if atom.status is AtomStatus.NEW:
            verb = "would publish " if report.dry_run else "published "
            lines.append((green(verb), bold(name), dim(f" {atom.commit.hex}")))
        else:
            lines.append((dim("unchanged "), name, dim(f" since origin {atom.origin.hex[:12]}")))
    lines += [(yellow("left out "), path, dim(" (not committed)")) for path in report.left_out]
    if report.source_pushed is not None:
        verb = "would push" if report.dry_run else "pushed"
        lines.append(dim(f"{verb} the source commit to {report.source_pushed}"))
    if report.signed_by is not None and report.new:
        verb = "would sign" if report.dry_run else "signed"
        lines.append(dim(f"{verb} with {report.signed_by}"))
    if report.signed_by is not None and len(report.new) < len(report.atoms):
        lines.append(dim("unchanged versions got no signature: eka sign adds one"))
    where = report.remote or "this repository alone"
    count = len(report.new)
    told = f"{counted(count, 'new version')} of {counted(len(report.atoms), 'atom')} at {where}"
    lines.append(dim(told))
    return lines
