"""``eka sign``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, dim, green
from eka.workflow.progress import counted
from eka.workflow.sign import SignRequest, sign_versions

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.sign import SignReport


def sign(
    frame: Frame,
    targets: Annotated[
        list[str],
        typer.Argument(
            help="LABEL of this repository or SOURCE::LABEL; with @VERSION or @REQUIREMENT."
        ),
    ],
    *,
    sign_key: Annotated[
        str | None,
        typer.Option("--sign-key", "-k", help="Key to sign with: a path or SHA256:fingerprint."),
    ] = None,
    remote: option.Remote = None,
    dry_run: Annotated[bool, typer.Option(help="Check and sign, push nothing.")] = False,
) -> Reply:
    """Add a signature to versions that are published already.

    Without a version the newest is signed, with a requirement every version that meets it. Each
    is recomputed first, as eka verify does. The signature is a tag object in refs/ekala/sigs,
    beside the version, which stays as it is; several people can sign one version.

    The key is the one of --sign-key, else of the setting sign.key, else git's user.signingKey
    where gpg.format is ssh. Encrypted keys sign through the ssh-agent.

    Exit status: 0 signed, or it was already, 1 the key cannot sign or the remote refuses, 2 the
    words are wrong, 3 no such version, 4 network, 5 a version is not what it claims to be, 6
    something else stands where the signature belongs.
    """
    services = wiring.services(frame)
    request = SignRequest(
        targets=tuple(targets),
        signer=wiring.signer(frame, services, sign_key),
        remote=remote,
        dry_run=dry_run,
    )
    report = sign_versions(services, request)
    return Reply(document=_document(report), body=_lines(report))


def _document(report: SignReport) -> dict[str, Json]:
    return {
        "dry_run": report.dry_run,
        "key": report.key,
        "versions": [
            {
                "source": each.source,
                "label": each.label.text,
                "version": each.version.text,
                "commit": each.commit.hex,
                "ref": each.ref,
                "new": each.is_new,
            }
            for each in report.versions
        ],
    }


def _lines(report: SignReport) -> list[Line]:
    verb = "would sign " if report.dry_run else "signed "
    lines: list[Line] = [
        (
            green(verb) if each.is_new else dim("signed already "),
            bold(f"{each.label.text} {each.version.text}"),
            dim(f" at {each.source}"),
        )
        for each in report.versions
    ]
    new = sum(each.is_new for each in report.versions)
    return [*lines, dim(f"{counted(new, 'new signature')} by {report.key}")]
