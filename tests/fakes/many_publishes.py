"""Publishes again and again in a process of its own, with a commit before each run.

``python -m tests.fakes.many_publishes REPOSITORY HOME GO < PLAN`` reads a list of
``[number, [label, ...]]``, waits for the file GO, and gives each of the labels the version
``1.<number>.0`` and publishes it. One line of JSON for each run says what came of it.
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
from tests.fakes.monorepo import run


def main(repository: str, home: str, go: str) -> int:
    """Publish all that is planned."""
    plan: list[tuple[int, list[str]]] = json.load(sys.stdin)
    runner = GitRunner("git", os.environ, Path(home))
    path = Path(repository)
    print("ready", flush=True)
    while not Path(go).exists():
        time.sleep(0.001)
    for number, labels in plan:
        _commit(path, number, labels)
        answer = _published(WorkRepository.open(path, runner), labels)
        mine = [f"refs/atoms/{label}/1.{number}.0" for label in labels if label != "shared"]
        print(json.dumps({**answer, "mine": mine}), flush=True)
    return 0


def _commit(path: Path, number: int, labels: list[str]) -> None:
    """Give the labels a new version, on a branch nobody else pushes to."""
    for label in labels:
        text = f'[package]\nlabel = "{label}"\nversion = "1.{number}.0"\n'
        (path / "pkgs" / label / "atom.toml").write_text(text)
        (path / "pkgs" / label / "README").write_text(f"{path.name} {number}\n")
    run(path, "commit", "-qam", f"{number}")
    run(path, "push", "-q", "origin", f"HEAD:refs/heads/{path.name}")


def _published(repository: WorkRepository, labels: list[str]) -> dict[str, object]:
    request = PublishRequest(labels=tuple(map(Label, labels)))
    try:
        report = Publisher(repository).publish(request)
    except EkaError as error:
        return {"status": int(error.exit_status), "code": error.code, "atoms": {}, "created": []}
    atoms = {atom.ref: atom.commit.hex for atom in report.atoms}
    return {"status": 0, "atoms": atoms, "created": [atom.ref for atom in report.new]}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
