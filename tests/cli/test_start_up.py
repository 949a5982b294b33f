"""Short commands load little; a benchmark measures what that is worth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import eka
from eka.cli.main import main
from tests.fakes.ref_world import make_ref_world

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import sys
from eka.cli.main import main
status = main({words!r})
print(status, *sys.modules)
"""
DEAR = {"typer", "rich", "pygit2", "semver", "tomlkit", "http", "ssl", "sqlite3", "asyncio"}


def loaded(*words: str) -> set[str]:
    """Return the modules a run of ``eka`` loads."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(words=list(words))],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    status, *modules = ran.stdout.splitlines()[-1].split()
    assert status in ("0", "2"), ran.stderr
    return set(modules)


@pytest.mark.parametrize("word", ["--version", "--help", "help"])
def test_the_shortest_commands_load_no_library(word: str) -> None:
    modules = loaded(word)

    assert modules & {*DEAR, "argparse", "dataclasses", "inspect", "json", "subprocess"} == set()
    assert {each for each in modules if each.startswith("eka")} == {
        "eka", "eka.cli", "eka.cli.main", "eka.cli.table", "eka.program",
    }  # fmt: skip


def test_a_mistake_loads_no_library() -> None:
    assert loaded("publsh") & DEAR == set()


@pytest.mark.parametrize("name", ["versions", "add", "doctor"])
def test_a_command_loads_typer_alone_before_it_works(name: str) -> None:
    assert loaded(name, "--help") & DEAR == {"typer"}


def test_a_plain_query_loads_only_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    world = make_ref_world(tmp_path / "set.git", labels=2, versions=2)

    modules = loaded("versions", f"file://{world.path}::{world.label(1)}")

    standard = {"argparse", "dataclasses", "inspect", "shutil", "subprocess", "threading"}
    dear = {"ipaddress", "pathlib", "tomllib", "typing", "urllib.parse"}
    assert modules & {*DEAR, *standard, *dear} == set()


def test_a_program_that_ends_at_once_has_said_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    world = make_ref_world(tmp_path / "set.git", labels=2000, versions=1)

    ran = subprocess.run(
        [Path(sys.executable).with_name("eka"), "list", "--json", f"file://{world.path}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip

    assert len(ran.stdout) > 128 * 1024
    assert len(json.loads(ran.stdout)["labels"]) == 2000


def test_the_version_is_told_to_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    statuses = main(["--version"]), main(["--version", "--json"])

    told = capsys.readouterr().out.splitlines()
    assert statuses == (0, 0)
    assert told[0] == f"eka {eka.__version__}"
    assert json.loads(told[1]) == {"schema": "eka.version/1", "version": eka.__version__}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["--version", "--help", "versions x::y --offline", "doctor"])
def test_a_program_started_without_a_stream_works_without_it(
    closed: str, words: str, tmp_path: Path
) -> None:
    program = Path(sys.executable).with_name("eka")
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}

    def told(redirection: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", f'exec "$0" {words} {redirection}', program],
            capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
        )  # fmt: skip

    whole, cut = told(""), told(closed)

    assert cut.returncode == whole.returncode
    # Numbers aside: how much room a disk has may change between the two.
    shown = "" if ">&-" in closed.replace("2>&-", "") else whole.stdout
    assert re.sub(r"[0-9.]+", "0", cut.stdout) == re.sub(r"[0-9.]+", "0", shown)
    assert cut.stderr == ("" if "2>&-" in closed else whole.stderr)
