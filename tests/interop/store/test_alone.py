"""``eka-store`` works where no git and no atom code can be imported, and ends as programs do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eka.store import Store
from tests.fakes.workbench import Workbench, plan_of
from tests.store_nodes import SAMPLE, write

CHECKOUT = Path(__file__).resolve().parents[3]
# What lies above the waist, and the libraries of what lies above.
ABOVE = [
    "eka.atom", "eka.git", "eka.resolve", "eka.compose", "eka.direct", "eka.workflow", "eka.cli",
    "pygit2", "tomlkit", "semver", "typer", "rich", "tomllib",
]  # fmt: skip
BLOCKED = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in {ABOVE!r}):
            raise ImportError(f"{{name}} must not be imported")

sys.meta_path.insert(0, Blocker())
from eka.store_cli.main import main
status = main(sys.argv[1:])
above = [name for name in sys.modules if name in {ABOVE!r}]
assert not above, above
sys.exit(status)
"""


def run(
    *words: object, code: str = BLOCKED, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the program where all that is above the store cannot be imported."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, cwd=CHECKOUT, input=stdin, capture_output=True, check=False)


def plan(root: Path, script: str) -> bytes:
    with Store.open(root) as store:
        action = Workbench(store).script(script)
        for number, wanted in enumerate(action.inputs.values()):
            store.add_root(root.parent / f"input{number}", wanted.path)  # type: ignore[union-attr]
        return plan_of(action).encode()


def test_every_command_works_without_git_and_atoms(tmp_path: Path) -> None:
    root = tmp_path / "s"
    write(SAMPLE, tmp_path / "source")
    at = ("--store", root, "--json")

    added = json.loads(run("add", tmp_path / "source", *at).stdout)
    made = run("realise", "-", *at, stdin=plan(root, "touch $out"))
    others = [
        run("info", *at), run("path-info", added["path"], *at), run("verify", *at),
        run("gc", *at), run("--help"), run("--version"),
    ]  # fmt: skip

    assert made.stderr == b""
    assert json.loads(made.stdout.splitlines()[-1])["schema"] == "eka-store.realise/1"
    assert [(each.returncode, each.stderr) for each in others] == [(0, b"")] * 6


def test_names_streams_and_keys_need_no_git_either(tmp_path: Path) -> None:
    root, key, file = tmp_path / "s", tmp_path / "key", tmp_path / "file"
    write(SAMPLE, tmp_path / "source")
    at = ("--store", root, "--json")
    wanted = plan(root, "echo said; touch $out")
    made = json.loads(run("realise", "-", *at, stdin=wanted).stdout.splitlines()[-1])
    (output,) = made["outputs"]
    path = output["path"]

    def ask(*words: object) -> bytes:
        return run("serve", "--stdio", *at, stdin=json.dumps(words[0]).encode()).stdout

    ran = [
        run("closure", path, *at), run("ls", path, *at), run("cat", path, *at),
        run("roots", "--add", path, tmp_path / "link", *at), run("log", path, *at),
        run("put-plan", "-", *at, stdin=wanted), run("reduce", output["action"], *at),
        run("sign", "--generate", "me", "--key", key, *at), run("sign", path, "--key", key, *at),
        run("trust", *at), run("stats", *at), run("export", path, "-o", file, *at),
        run("import", file, "--dry-run", *at),
    ]  # fmt: skip
    served = ask({"id": 1, "op": "stats"})

    assert [(each.returncode, each.stderr) for each in ran] == [(0, b"")] * len(ran)
    assert json.loads(served.splitlines()[-1])["exit_status"] == 0


def test_the_blocker_blocks() -> None:
    ran = run(code=BLOCKED.replace("from eka.store_cli.main import main", "import eka.atom"))

    assert ran.returncode == 1
    assert b"eka.atom must not be imported" in ran.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_what_needs_no_store_loads_none(words: list[str]) -> None:
    code = (
        "import sys; from eka.store_cli.main import main; main(sys.argv[1:])\n"
        "print([name for name in ('sqlite3', 'eka.build', 'eka.store') if name in sys.modules])"
    )

    ran = run(*words, code=code)

    assert ran.stdout.splitlines()[-1] == b"[]"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "eka.store_cli", "--help"]
    reading, writing = os.pipe()
    os.close(reading)

    ran = subprocess.run(
        command, cwd=CHECKOUT, stdout=writing, stderr=subprocess.PIPE, check=False
    )

    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_an_interrupted_build_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "s"
    (tmp_path / "plan").write_bytes(plan(root, "echo started; sleep 60"))
    command = [sys.executable, "-m", "eka.store_cli", "realise", str(tmp_path / "plan")]
    program = subprocess.Popen(
        [*command, "--store", str(root), "--json"], cwd=CHECKOUT, stdout=subprocess.PIPE
    )
    assert program.stdout is not None
    lines = [program.stdout.readline() for _ in range(2)]
    assert b"started" in lines[1]

    begun = time.monotonic()
    program.send_signal(signal.SIGINT)
    rest, _ = program.communicate(timeout=50)

    assert time.monotonic() - begun < 20
    assert program.returncode == 130
    assert json.loads(rest.splitlines()[-1])["error"]["exit_status"] == 130
    assert list((root / "tmp").iterdir()) == []
    assert list((root / "sessions").iterdir()) == []
