"""One plan gives the same bytes whoever builds it, wherever the store lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.fakes.workbench import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a directory every user may write to; pytest's own are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="eka-same-"))
    directory.chmod(0o777)
    yield directory
    subprocess.run(["chmod", "-R", "u+w", str(directory)], check=True)
    shutil.rmtree(directory)


def build(store: Path, *, before: tuple[str, ...] = (), umask: int = 0o022) -> dict[str, object]:
    program = [sys.executable, "-m", "tests.fakes.lone_build", str(store), "true"]
    done = subprocess.run(
        [*before, *program],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
        umask=umask,
    )
    assert done.returncode == 0, done.stderr.decode()
    return cast("dict[str, object]", json.loads(done.stdout))


@pytest.mark.spec("build-same")
def test_root_and_nobody_in_different_stores_get_the_same_bytes(open_directory: Path) -> None:
    # Who is not root has only one identity to build with; the stores and umasks still differ.
    nobody = NOBODY if os.geteuid() == 0 else ()

    ours = build(open_directory / "one", umask=0o077)
    theirs = build(open_directory / "a" / "much" / "longer" / "place", before=nobody)

    assert ours == theirs
    assert ours["faults"] == []
    assert ours["built"] == ["library", "program"]


@pytest.mark.spec("build-once")
def test_two_processes_that_want_one_action_build_it_once(open_directory: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fakes.lone_build",
        str(open_directory / "s"),
        "sleep 1",
    ]
    environment = {"PATH": os.environ["PATH"]}
    both = [
        subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]

    told = [json.loads(process.communicate()[0]) for process in both]

    built = [name for each in told for name in each["built"]]
    assert sorted(built) == ["library", "program"]
    assert told[0]["path"] == told[1]["path"]
    assert told[0]["faults"] == told[1]["faults"] == []
