"""Somebody opens the environment of a build, to try things or to see why it failed."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.processes import PATIENCE_S, sleepers, wait_until

if TYPE_CHECKING:
    from tests.story import Person, Village

EKA = Path(sys.executable).with_name("eka")
DEPENDS = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'


@pytest.fixture(scope="module")
def village(published: Village) -> Village:
    return published


def recipe(village: Village, script: str, name: str = "work") -> Path:
    """Write an atom with this script; returns its directory."""
    text = f"{DEPENDS}[build]\nrootfs = \"shell\"\nscript = '''\n{script}\n'''\n"
    village.atom(name, text)
    return village.mono / name


def eka(person: Person, where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run eka as a program: a shell talks through descriptors of its own."""
    return subprocess.run(
        [str(EKA), *words],
        cwd=where,
        env=person.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.spec("build-enter")
def test_a_command_runs_where_the_build_would(person: Person, village: Village) -> None:
    script = 'echo $out $JOBS $TMPDIR $HOME; cat atom.toml | { read a; echo "$a"; }'
    work = recipe(village, f"{script}\nmkdir $out")

    inside = eka(person, work, "shell", "-c", script)
    built = eka(person, work, "build", "--no-link", "-v")

    assert inside.returncode == 0, inside.stderr
    said = [line.split("> ", 1)[1] for line in built.stderr.splitlines() if "> " in line]
    assert inside.stdout.splitlines()[1] == said[1] == "[package]"
    assert inside.stdout.splitlines()[0].split()[0] == said[0].split()[0]


@pytest.mark.spec("build-enter")
def test_nothing_is_kept_and_nothing_built(person: Person, village: Village) -> None:
    work = recipe(village, "false")
    store = Path(person.environment["XDG_DATA_HOME"]) / "eka" / "store"

    answer = eka(person, work, "shell", "-c", "mkdir $out; echo x > new; echo here")

    assert (answer.returncode, answer.stdout) == (0, "here\n")
    assert not (work / "new").exists()
    assert list((store / "tmp").iterdir()) == []


@pytest.mark.parametrize(("command", "status"), [("exit 7", 7), ("kill -9 $$", 137)])
def test_the_status_is_that_of_the_command(
    person: Person, village: Village, command: str, status: int
) -> None:
    work = recipe(village, "false")

    assert eka(person, work, "shell", "-c", command).returncode == status


def test_the_build_itself_can_be_tried(person: Person, village: Village) -> None:
    work = recipe(village, "echo trying; exit 5")

    answer = eka(person, work, "shell", "--build")

    assert (answer.returncode, answer.stdout) == (5, "trying\n")


def test_a_dependency_is_entered_by_its_name(person: Person, village: Village) -> None:
    person.does(village.root, "new", "user")
    person.does(village.root / "user", "add", f"{village.url}::greet@^1")

    answer = eka(person, village.root / "user", "shell", "greet", "-c", "cat word")

    assert (answer.returncode, answer.stdout) == (0, "hello\n")


def test_what_has_no_recipe_has_no_shell(person: Person, village: Village) -> None:
    answer = person.json(recipe(village, "false"), "shell", "shell", "-c", "true")

    assert (answer.status, answer.code) == (2, "nothing-to-build")


@pytest.mark.spec("build-enter")
def test_a_person_at_a_terminal_gets_a_shell(person: Person, village: Village) -> None:
    work = recipe(village, "false")
    child, terminal = pty.fork()
    if not child:
        os.chdir(work)
        os.execve(EKA, [str(EKA), "shell"], {**person.environment, "TERM": "dumb"})  # noqa: S606 - as a terminal does

    os.write(terminal, b"echo $((6 * 7)) $TERM; cat /proc/1/comm; exit 4\n")
    told = read_to_end(terminal)
    _, status = os.waitpid(child, 0)

    assert "42 dumb" in told
    assert "bwrap" in told
    assert os.waitstatus_to_exitcode(status) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_eka_is_the_end_of_its_shell(
    person: Person, village: Village, number: signal.Signals
) -> None:
    mark = f"77{os.getpid()}"
    work = recipe(village, "false")
    with subprocess.Popen(
        [str(EKA), "shell", "-c", f"sleep {mark} & sleep {mark}"],
        cwd=work,
        env=person.environment,
        stderr=subprocess.DEVNULL,
    ) as child:
        wait_until(lambda: len(sleepers(mark)) == 2)

        child.send_signal(number)
        child.wait(PATIENCE_S)

    wait_until(lambda: not sleepers(mark))


@pytest.mark.spec("build-keep-failed")
def test_a_failed_build_is_kept_with_a_way_into_it(
    person: Person, village: Village, tmp_path: Path
) -> None:
    work = recipe(village, "echo evidence > made; echo partly > $out; exit 3")

    answer = person.json(work, "build", "--keep-failed", str(tmp_path / "failed"))
    (kept,) = (tmp_path / "failed").iterdir()
    again = subprocess.run([kept / "enter", "--build"], capture_output=True, check=False)
    opened = subprocess.run(
        [kept / "enter"], input=b"cat made; cat $out; id -u", capture_output=True, check=False
    )

    assert (answer.status, answer.code) == (100, "build-failed")
    assert str(kept) in answer.document["error"]["fix"]
    assert again.returncode == 3
    assert opened.stdout.split()[:2] == [b"evidence", b"partly"]


def read_to_end(terminal: int) -> str:
    """Return all that is written to a terminal until nobody has it open."""
    told = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(terminal)
    return told.decode()
