"""``eka fetch``."""

from __future__ import annotations

from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.workflow.fetch import fetch_project
from eka.workflow.project import Project


def fetch(frame: Frame) -> Reply:
    """Download every atom that atom.lock pins into the local cache.

    Exit status: 0 all there, 1 no lock or a stale one, 4 network, 5 an object is not what its id
    says.
    """
    report = fetch_project(
        wiring.services(frame), Project.at(frame.directory, frame.settings.aliases)
    )
    return Reply(
        document={
            "fetched": report.fetched,
            "atoms": [
                {
                    "label": atom.key.label.text,
                    "version": atom.key.version.text,
                    "commit": atom.rev.hex if atom.rev else None,
                }
                for atom in report.atoms
            ],
        },
        body=(f"{len(report.atoms)} atoms in the cache, {report.fetched} of them fetched now",),
    )
