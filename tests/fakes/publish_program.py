"""Publishes in a process of its own, so that tests can race and kill it.

``python -m tests.fakes.publish_program REPOSITORY HOME REMOTE [GO [LABEL...]]`` waits for the file
GO (``-``: for nothing) and writes one line of JSON: what was published, or the code of the error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from eka.atom import Label
from eka.errors import EkaError
from eka.git import GitRunner, Publisher, PublishRequest, WorkRepository


def main(repository: str, home: str, remote: str, go: str = "-", *labels: str) -> int:
    """Publish once."""
    runner = GitRunner("git", os.environ, Path(home))
    publisher = Publisher(WorkRepository.open(Path(repository), runner))
    request = PublishRequest(remote=remote, labels=tuple(map(Label, labels)) or None)
    print("ready", flush=True)
    while go != "-" and not Path(go).exists():
        time.sleep(0.001)
    try:
        report = publisher.publish(request)
    except EkaError as error:
        print(json.dumps({"code": error.code, "exit": error.exit_status, "text": str(error)}))
        return int(error.exit_status)
    atoms = {atom.ref: [atom.status, atom.commit.hex] for atom in report.atoms}
    print(json.dumps({"atoms": atoms, "refs": report.refs}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
