"""The layers hold, and a line that breaks them is found wherever it hides."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = "layers: data flows down, imports point down"
WAIST = "narrow waist: the store side knows no atoms, no git, no locks"
PURE = "pure layers do no input or output"
CYCLES = "no import cycles anywhere"


@dataclass(frozen=True)
class Violation:
    """A line that must not be."""

    place: str
    line: str
    contract: str


VIOLATIONS = {
    "store knows atoms": Violation("store/path.py", "import eka.atom", WAIST),
    "atom knows git": Violation("atom/label.py", "import eka.git", LAYERS),
    "cli opens repositories": Violation("cli/text.py", "import pygit2", "one door: pygit2"),
    "workflow checks signatures itself": Violation(
        "workflow/sets.py", "import cryptography", "one door: cryptography"
    ),
    "resolve starts programs": Violation("resolve/model.py", "import subprocess", PURE),
    "resolve talks to the net": Violation("resolve/model.py", "import http.client", PURE),
    "git draws": Violation("git/refs.py", "import rich.console", "one door: typer and rich"),
    "git composes": Violation("git/refs.py", "import eka.compose", LAYERS),
    "the protocol looks at the clock": Violation("git/protocol.py", "import time", PURE),
    "store knows user stories": Violation("store/path.py", "import eka.workflow", LAYERS),
    "hidden in a function": Violation(
        "build/tar.py", "def hide() -> None:\n    import eka.resolve", WAIST
    ),
    "hidden from the interpreter": Violation(
        "store/path.py",
        "import typing\nif typing.TYPE_CHECKING:\n    from eka.git import GitRunner",
        WAIST,
    ),
    "a package without a layer": Violation("utils.py", "", LAYERS),
    "the programs know each other": Violation("store_cli/main.py", "import eka.cli.main", LAYERS),
    "a second door to the database": Violation(
        "build/executor.py", "import sqlite3", "one door: sqlite3"
    ),
    "a circle inside a package": Violation(
        "atom/oid.py", "import eka.atom.identity", CYCLES
    ),
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what the linter reads."""
    shutil.copytree(ROOT / "eka", tmp_path / "eka", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    ran = lint(tree)

    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_caught(tree: Path, name: str) -> None:
    violation = VIOLATIONS[name]
    with (tree / "eka" / violation.place).open("a", encoding="utf-8") as module:
        module.write(f"\n{violation.line}\n")

    ran = lint(tree)

    assert ran.returncode == 1
    broken = [line for line in ran.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(violation.contract[:40]) for line in broken), ran.stdout
