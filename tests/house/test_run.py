"""``./run`` says what it can do, and on a bare machine exactly what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("cat", "cksum", "cut", "date", "dirname", "env", "id", "rm", "sh", "tr")


@dataclass(frozen=True)
class Machine:
    """A checkout on a machine where only some programs exist."""

    checkout: Path
    programs: Path

    def has(self, name: str, script: str = "") -> None:
        """Install a program: the real one, or a shell script."""
        target = self.programs / name
        if script:
            target.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            target.chmod(0o755)
        else:
            real = shutil.which(name)
            assert real is not None
            target.symlink_to(real)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", self.checkout / "run", *words],
            env={"PATH": str(self.programs)}, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    bare = Machine(tmp_path / "checkout", tmp_path / "programs")
    bare.checkout.mkdir()
    bare.programs.mkdir()
    for name in ("run", "pyproject.toml"):
        shutil.copy(ROOT / name, bare.checkout)
    for tool in TOOLS:
        bare.has(tool)
    (bare.programs / "python3").symlink_to(sys.executable)
    return bare


def test_without_words_it_says_what_it_can_do(machine: Machine) -> None:
    ran = machine.run()

    assert ran.returncode == 0
    assert all(f"\n  {name}" in ran.stdout for name in ("demo", "check", "test", "bench", "docs"))


def test_a_wrong_word_is_refused_before_anything_is_installed(machine: Machine) -> None:
    ran = machine.run("chekc")

    assert ran.returncode == 1
    assert "there is no command chekc" in ran.stderr
    assert not (machine.checkout / ".venv").exists()


def test_an_ordinary_user_is_told_what_to_install(machine: Machine) -> None:
    (machine.programs / "id").unlink()
    machine.has("id", "echo 1000")
    machine.has("git")

    ran = machine.run("check")

    assert ran.returncode == 1
    assert "as root, run: apt-get install bubblewrap busybox-static" in ran.stderr


def test_without_apt_the_missing_packages_are_named(machine: Machine) -> None:
    (machine.programs / "id").unlink()
    machine.has("id", "echo 0")

    ran = machine.run("check")

    assert ran.returncode == 1
    assert "no apt-get here" in ran.stderr
    assert "git bubblewrap busybox-static" in ran.stderr


def test_root_installs_what_is_missing_and_a_failure_is_named(machine: Machine) -> None:
    (machine.programs / "id").unlink()
    machine.has("id", "echo 0")
    machine.has("apt-get", f'echo "$@" >> {machine.checkout}/log; test "$1" = update')

    ran = machine.run("check")

    log = (machine.checkout / "log").read_text(encoding="utf-8").splitlines()
    assert ran.returncode == 1
    assert "could not install: git bubblewrap busybox-static" in ran.stderr
    assert log[0].startswith("update")
    assert "git bubblewrap busybox-static" in log[1]


def test_an_old_python_is_not_enough(machine: Machine) -> None:
    (machine.programs / "python3").unlink()
    machine.has("python3", "exit 1")

    ran = machine.run("check")

    assert ran.returncode == 1
    assert "Python 3.11 or newer is needed" in ran.stderr


def test_a_prepared_checkout_starts_at_once(machine: Machine) -> None:
    places = machine.checkout / ".venv" / "bin"
    places.mkdir(parents=True)
    for name, script in (("eka", "exit 0"), ("python", 'echo started "$@"')):
        (places / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (places / name).chmod(0o755)
    pinned = (machine.checkout / "pyproject.toml").read_bytes()
    starter = (machine.checkout / "run").read_bytes()
    sum_of = subprocess.run(["cksum"], input=pinned + starter, capture_output=True, check=True)
    stamp = f"ready-{sum_of.stdout.split()[0].decode()}"
    (machine.checkout / ".venv" / stamp).touch()

    ran = machine.run("demo", "--fast")

    assert (ran.returncode, ran.stdout) == (0, "started -m tests.demo --fast\n")
