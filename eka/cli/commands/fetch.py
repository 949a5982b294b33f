"""``eka fetch``."""

from __future__ import annotations

from typing import Annotated

import typer

from eka.cli import option, wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.workflow.fetch import fetch_project
from eka.workflow.progress import counted
from eka.workflow.project import Project


def fetch(
    frame: Frame,
    *,
    offline: Annotated[bool, typer.Option(help="Only check that everything is here.")] = False,
    store: option.StorePlace = None,
    accept_changed: option.AcceptChanged = None,
) -> Reply:
    """Download everything atom.lock pins: atoms into the cache, other sources into the store.

    Afterwards eka build --offline needs nothing more.

    Exit status: 0 all there, 1 no lock or a stale one, 4 network, 5 an object is not what its id
    says, or an atom not what was seen first, 102 a download has another hash.
    """
    services = wiring.services(frame, offline=offline, store=store, accept_changed=accept_changed)
    report = fetch_project(services, Project.at(frame.directory, frame.settings.aliases))
    return Reply(
        document={
            "fetched": report.fetched,
            "files": report.files,
            "downloaded": report.downloaded,
            "atoms": [
                {
                    "label": atom.key.label.text,
                    "version": atom.key.version.text,
                    "commit": atom.rev.hex if atom.rev else None,
                }
                for atom in report.atoms
            ],
        },
        body=(
            f"{counted(len(report.atoms), 'atom')} in the cache, {report.fetched} fetched now",
            f"{counted(report.files, 'file')} in the store, {report.downloaded} downloaded now",
        ),
    )
