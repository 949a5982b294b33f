"""A lock that is right already: nothing is written, and nobody is asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kills import ROOT
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_INTEGRITY = 5


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def app(person: Person, village: Village, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1")
    return tmp_path / "app"


def state(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return inode, time of the last change, and content of each file."""
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            status = path.stat()
            found[str(path)] = status.st_ino, status.st_mtime_ns, path.read_bytes()
    return found


@pytest.mark.spec("flow-unchanged", "flow-same")
@pytest.mark.parametrize(
    "words", [["lock"], ["lock", "--locked"], ["lock", "--frozen"], ["lock", "--minimal"]]
)
def test_nothing_is_touched_and_a_dead_server_is_not_missed(
    person: Person, village: Village, app: Path, words: list[str]
) -> None:
    before = state(app)
    shutil.rmtree(village.server)

    answer = person.does(app, *words)

    assert "up to date" in answer.out
    assert answer.err.count("note:") == 0
    assert state(app) == before


def calls(person: Person, app: Path, notes: Path, *words: str) -> list[str]:
    """Run eka; return the calls by which somebody might have been reached."""
    program = str(Path(sys.executable).with_name("eka"))
    trace = ["strace", "-qq", "-f", "-v", "-s", "64", "-o", str(notes), "-e"]
    done = subprocess.run(
        [*trace, "trace=connect,execve", program, *words, "-C", str(app)],
        env={**person.environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = notes.read_text(errors="replace").splitlines()
    return [line for line in lines if "connect(" in line or '"upload-pack"' in line]


@pytest.mark.spec("flow-unchanged")
def test_nobody_is_called(person: Person, app: Path, tmp_path: Path) -> None:
    unasked = calls(person, app, tmp_path / "notes", "lock")
    asked = calls(person, app, tmp_path / "notes", "lock", "--refresh")

    assert unasked == []
    assert len(asked) > 0


@pytest.mark.spec("flow-unchanged")
def test_an_atom_of_a_set_needs_no_server_either(person: Person, village: Village) -> None:
    before = state(village.mono / "greet")
    shutil.rmtree(village.server)

    answer = person.does(village.mono, "lock")

    assert answer.out.count("up to date") == len(["greet", "shell"])
    assert state(village.mono / "greet") == before


@pytest.mark.spec("flow-unchanged", "status-told")
def test_statuses_are_told_as_they_were_last_listed(
    person: Person, village: Village, app: Path
) -> None:
    person.does(village.mono, "yank", "greet@1.0.0", "--reason", "it is rude")

    before = person.does(app, "lock").err
    asked = person.does(app, "lock", "--refresh").err
    after = person.does(app, "lock").err

    assert "yanked" not in before
    assert "greet 1.0.0 is yanked: it is rude" in asked
    assert "greet 1.0.0 is yanked: it is rude" in after


def without_cache(person: Person, app: Path) -> None:
    """Lose the objects."""
    del app
    shutil.rmtree(person.home / ".cache")


def other_requirement(person: Person, app: Path) -> None:
    """Ask for the same atom in other words."""
    del person
    path = app / "atom.toml"
    path.write_text(path.read_text().replace('"^1"', '">=1"'))


def other_closure(person: Person, app: Path) -> None:
    """Let the lock leave out what an atom in it needs, as a bad merge might."""
    del person
    text = (app / "atom.lock").read_text()
    begin = text.index("[[atom]]", text.index('label = "greet"'))
    genesis = text.partition('genesis = "')[2][:40]
    text = text[:begin].rstrip() + "\n"
    text = text.replace(f'requires = [\n  "{genesis}::shell@1.0.0",\n]', "requires = []")
    (app / "atom.lock").write_text(text)


@pytest.mark.spec("flow-unchanged")
@pytest.mark.parametrize("spoil", [without_cache, other_requirement, other_closure])
def test_sources_are_asked_where_the_lock_alone_does_not_tell(
    tmp_path: Path, village: Village, spoil: Callable[[Person, Path], None]
) -> None:
    person, app = Person(tmp_path / "home"), tmp_path / "app"
    person.does(tmp_path, "new", "app")
    person.does(app, "add", f"{village.url}::greet@^1")
    right = (app / "atom.lock").read_text()
    spoil(person, app)

    answer = person.json(app, "lock")

    assert answer.status == 0, answer.out
    assert len(answer.document["listings"]) > 0
    assert "::shell@1.0.0" in (app / "atom.lock").read_text()
    assert (app / "atom.lock").read_text().count("[[atom]]") == right.count("[[atom]]")


@pytest.mark.spec("flow-unchanged", "flow-moved")
def test_what_moved_is_found_when_somebody_asks(
    person: Person, village: Village, app: Path
) -> None:
    ref = "refs/atoms/greet/1.0.0"
    git(village.server, "update-ref", ref, "refs/atoms/shell/1.0.0")

    silent = person.json(app, "lock")
    asked = person.json(app, "lock", "--refresh")

    assert silent.status == 0
    assert silent.document["listings"] == []
    assert (asked.status, asked.code) == (EXIT_INTEGRITY, "pin-mismatch")


@pytest.mark.spec("flow-same")
def test_who_may_write_nothing_can_still_lock_what_is_right(person: Person, app: Path) -> None:
    before = (app / "atom.lock").stat()
    (app / "atom.lock").chmod(0o444)

    person.does(app, "lock")

    assert (app / "atom.lock").stat().st_mtime_ns == before.st_mtime_ns
