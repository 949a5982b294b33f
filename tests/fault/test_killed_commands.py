"""The whole program is killed at any moment: what it said it did is done, the next run completes.

`tests.kills` says how a failure is replayed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from eka.workflow.pair import NOTE
from tests.kills import Ended, Measured, Round, finish, measure, rounds_of, start
from tests.servers.git_http import serve
from tests.story import Person, Village, git
from tests.syscalls import CHANGES, count, kill_at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

LABELS = tuple(f"a{number}" for number in range(8))
# Of an add: the note, the manifest, the lock, and cleaning up.
LAST_STEPS = 10
NEW_ATOM = ["publish", "--all", "--push-source", "--json"]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(tmp_path)


@pytest.fixture
def http_remote(tmp_path: Path, village: Village) -> Generator[None]:
    """Let the server be no child of eka: it outlives the kills."""
    with serve(tmp_path / "server") as server:
        git(village.mono, "remote", "set-url", "origin", f"{server.url}/pkgs.git")
        yield


def refs(repository: Path) -> dict[str, str]:
    """Return the refs that publishing writes."""
    listed = git(
        repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/atoms", "refs/ekala"
    )
    return dict(line.split() for line in listed.splitlines())


def bump(village: Village, number: int) -> None:
    """Give every atom a new version."""
    for label in LABELS:
        village.atom(label, version=f"1.{number}.0")
    village.commit()


def told(ended: Ended) -> dict[str, str]:
    """Return the refs that a publish said it has published."""
    if not ended.is_done:
        return {}
    return {atom["ref"]: atom["commit"] for atom in json.loads(ended.out)["atoms"]}


@pytest.mark.usefixtures("http_remote")
@pytest.mark.spec("publish-heals")
def test_a_killed_publish_loses_nothing_and_is_completed_by_the_next(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    publish_and_kill(person, village, tmp_path, rounds_of(rounds(10, 100)))


@pytest.mark.spec("publish-heals")
def test_so_is_one_to_a_directory_of_this_machine(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    publish_and_kill(person, village, tmp_path, rounds_of(rounds(5, 50), spares_children=True))


def publish_and_kill(
    person: Person, village: Village, tmp_path: Path, rounds: Iterator[Round]
) -> None:
    """Publish new versions again and again, each time killed, then not killed."""
    bump(village, 0)
    person.does(village.mono, "init")
    measured = measure(person, village.mono, *NEW_ATOM, notes=tmp_path / "notes")
    acknowledged: dict[str, str] = {}
    for each in rounds:
        bump(village, each.number + 1)

        acknowledged |= told(each.kill(person, village.mono, *NEW_ATOM, measured=measured))
        answer = person.json(village.mono, *NEW_ATOM[:-1])

        assert answer.status == 0, answer
        acknowledged |= told(Ended(answer.status, answer.out, answer.err))
        assert acknowledged.items() <= refs(village.server).items()
        assert refs(village.mono) == refs(village.server)
        assert not list((village.mono / ".git/refs").rglob("*.lock"))
    for repository in (village.mono, village.server):
        assert git(repository, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.usefixtures("http_remote")
@pytest.mark.spec("publish-heals")
def test_r01_a_publish_killed_at_any_system_call_is_completed_by_the_next(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    bump(village, 0)
    person.does(village.mono, "init")
    calls = count(person, village.mono, *NEW_ATOM, calls=CHANGES, notes=tmp_path / "notes")
    for turn, (number, in_child) in enumerate(calls_of(calls, rounds(6, 120))):
        bump(village, turn + 1)

        ended = kill_at(
            person, village.mono, *NEW_ATOM, calls=CHANGES, number=number, children=in_child
        )
        answer = person.json(village.mono, *NEW_ATOM[:-1])

        assert answer.status == 0, answer
        assert told(ended).items() <= refs(village.server).items()
        assert refs(village.mono) == refs(village.server)
        assert not list((village.mono / ".git/refs").rglob("*.lock"))
    for repository in (village.mono, village.server):
        assert git(repository, "fsck", "--strict", "--no-dangling") == ""


def calls_of(counted: tuple[int, int], rounds: int) -> Iterator[tuple[int, bool]]:
    """Yield numbers of system calls spread over a command, of eka itself and of its children."""
    for in_child, most in ((False, counted[0]), (True, counted[1])):
        step = max(1, 2 * most // rounds)
        yield from ((number, in_child) for number in range(1 + step // 2, most + 1, step))


@dataclass(frozen=True, slots=True)
class Pair:
    """Manifest and lock of a project."""

    manifest: bytes
    lock: bytes | None

    @classmethod
    def of(cls, project: Path) -> Pair:
        """Read them."""
        lock = project / "atom.lock"
        return cls(
            (project / "atom.toml").read_bytes(), lock.read_bytes() if lock.exists() else None
        )

    def put(self, project: Path) -> None:
        """Let a project have them again, and nothing that a kill left."""
        for leftover in project.glob(".atom*"):
            leftover.unlink()
        (project / "atom.toml").write_bytes(self.manifest)
        if self.lock is None:
            (project / "atom.lock").unlink(missing_ok=True)
        else:
            (project / "atom.lock").write_bytes(self.lock)


def leftovers(project: Path) -> list[str]:
    """Return the files that are neither manifest nor lock."""
    return sorted({path.name for path in project.iterdir()} - {"atom.toml", "atom.lock"})


def check_pair(project: Path, old: Pair, new: Pair, *, is_done: bool) -> None:
    """Check what a kill left: old and old, new and new, or a note that says what is to be done."""
    found = Pair.of(project)
    if (project / NOTE).exists():
        assert {found.manifest, found.lock} <= {
            old.manifest,
            old.lock,
            new.manifest,
            new.lock,
        }
        assert not is_done
    else:
        assert found == new if is_done else found in (old, new)


def check_added(
    person: Person, app: Path, words: list[str], old: Pair, new: Pair, *, is_done: bool
) -> None:
    """Check what a killed `eka add` left, and that the next commands mend and finish it."""
    check_pair(app, old, new, is_done=is_done)
    was_noted = (app / NOTE).exists()
    person.does(app, "info")
    assert Pair.of(app) in ([new] if was_noted or is_done else [old, new])
    assert leftovers(app) == []
    person.does(app, *words)
    assert Pair.of(app) == new
    assert leftovers(app) == []
    assert person.eka(app, "lock", "--locked").status == 0


@pytest.fixture
def app(person: Person, village: Village) -> Path:
    """A project that depends on ``shell`` already."""
    village.publish(person)
    app = person.home / "app"
    person.does(person.home, "new", "app")
    person.does(app, "add", f"{village.url}::shell@^1")
    return app


def forget(person: Person) -> None:
    """Let a person's cache be empty, so that a kill may hit a fetch as well."""
    shutil.rmtree(person.home / ".cache", ignore_errors=True)


@dataclass(frozen=True)
class Trial:
    """A command that changes a project, measured with an empty cache and with a full one."""

    person: Person
    app: Path
    words: list[str]
    old: Pair
    new: Pair
    cold: Measured
    warm: Measured

    @classmethod
    def of(cls, person: Person, app: Path, words: list[str], notes: Path) -> Trial:
        """Run the command to its end twice."""
        old = Pair.of(app)
        forget(person)
        cold = measure(person, app, *words, notes=notes)
        new = Pair.of(app)
        assert new != old
        old.put(app)
        warm = measure(person, app, *words, notes=notes)
        return cls(person, app, words, old, new, cold, warm)

    def kill(self, each: Round) -> Ended:
        """Run the command on the old project and kill it, every second time with no cache."""
        is_cold = each.number % 2 == 1
        self.old.put(self.app)
        if is_cold:
            forget(self.person)
        measured = self.cold if is_cold else self.warm
        return each.kill(self.person, self.app, *self.words, measured=measured)


@pytest.mark.spec("flow-pair")
def test_r03_a_killed_add_leaves_manifest_and_lock_that_belong_together(
    person: Person, village: Village, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["add", f"{village.url}::greet@^1"]
    trial = Trial.of(person, app, words, tmp_path / "notes")
    for each in rounds_of(rounds(10, 100)):
        ended = trial.kill(each)

        check_added(person, app, words, trial.old, trial.new, is_done=ended.is_done)
    assert git(person.home / ".cache/eka/objects.git", "fsck", "--no-dangling") == ""


@pytest.mark.spec("flow-pair")
def test_r03_an_add_killed_before_any_of_its_last_steps_leaves_no_mixture(
    person: Person, village: Village, app: Path, tmp_path: Path
) -> None:
    words = ["add", f"{village.url}::greet@^1"]
    old = Pair.of(app)
    person.does(app, *words)
    new = Pair.of(app)
    old.put(app)
    steps = measure(person, app, *words, notes=tmp_path / "notes").steps
    noted = 0
    for step in range(steps - LAST_STEPS, steps):
        old.put(app)

        ended = finish(start(person, app, *words, step=str(step)))

        assert not ended.is_done
        noted += (app / NOTE).exists()
        check_added(person, app, words, old, new, is_done=False)
    assert noted > 2  # they were killed while they wrote


# Each from a project that depends on `shell` (locked at 1.0.0, 1.1.0 is there) and `greet`.
CHANGING = {
    "remove": ["remove", "greet"],
    "update": ["update", "shell"],
    "pin": ["pin", "shell@1.1.0"],
    "unpin": ["unpin", "greet"],
}


@pytest.fixture
def full(person: Person, village: Village, app: Path) -> Path:
    """A project of which every line can change."""
    person.does(app, "add", f"{village.url}::greet@=1.0.0")
    village.atom("shell", version="1.1.0")
    village.release(person, "shell")
    return app


@pytest.mark.spec("flow-pair")
@pytest.mark.parametrize("command", CHANGING)
def test_a_killed_change_of_dependencies_leaves_no_mixture(
    person: Person,
    full: Path,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
    command: str,
) -> None:
    words = CHANGING[command]
    trial = Trial.of(person, full, words, tmp_path / "notes")
    old, new, last = trial.old, trial.new, trial.warm.steps
    for each in rounds_of(rounds(2, 60)):
        ended = trial.kill(each)

        check_changed(person, full, words, old, new, is_done=ended.is_done)
    killed = 0
    for step in range(last - LAST_STEPS, last, rounds(5, 1)):
        old.put(full)

        ended = finish(start(person, full, *words, step=str(step)))

        killed += not ended.is_done  # what is remembered now may have saved steps
        check_changed(person, full, words, old, new, is_done=ended.is_done)
    assert killed


def check_changed(
    person: Person, app: Path, words: list[str], old: Pair, new: Pair, *, is_done: bool
) -> None:
    """Check what a killed command left, and that the next ones mend and finish it."""
    check_pair(app, old, new, is_done=is_done)
    was_noted = (app / NOTE).exists()
    person.does(app, "info")
    found = Pair.of(app)
    assert found in ([new] if was_noted or is_done else [old, new])
    assert leftovers(app) == []
    if found == old:
        person.does(app, *words)
    assert Pair.of(app) == new
    assert leftovers(app) == []
    assert person.eka(app, "lock", "--locked").status == 0


@pytest.mark.spec("flow-pair")
def test_r01_an_add_killed_at_any_system_call_leaves_no_mixture(
    person: Person, village: Village, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["add", f"{village.url}::greet@^1"]
    old = Pair.of(app)
    forget(person)
    calls = count(person, app, *words, calls=CHANGES, notes=tmp_path / "notes")
    new = Pair.of(app)
    for number, in_child in calls_of(calls, rounds(6, 200)):
        old.put(app)
        forget(person)

        ended = kill_at(person, app, *words, calls=CHANGES, number=number, children=in_child)

        check_added(person, app, words, old, new, is_done=ended.is_done)


@pytest.mark.spec("flow-pair")
def test_a_killed_lock_leaves_the_old_lock_or_the_new_one(
    person: Person, village: Village, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    words = ["lock", "--update"]
    person.does(app, "add", f"{village.url}::greet@^1")
    village.greet("bye", version="1.1.0")
    village.publish(person)
    trial = Trial.of(person, app, words, tmp_path / "notes")
    assert trial.new.manifest == trial.old.manifest
    assert trial.new.lock != trial.old.lock
    for each in rounds_of(rounds(10, 100)):
        ended = trial.kill(each)
        check_pair(app, trial.old, trial.new, is_done=ended.is_done)

        person.does(app, *words)
        assert Pair.of(app) == trial.new
        assert leftovers(app) == []


@pytest.mark.spec("flow-pair")
def test_a_killed_lock_of_a_set_leaves_each_lock_old_or_new(
    person: Person, village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    for label in LABELS[:3]:
        village.atom(label, '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n')
    village.commit()
    person.does(village.mono, "init")
    person.does(village.mono, "lock")
    projects = [village.mono / label for label in LABELS[:3]]
    old = [Pair.of(project) for project in projects]
    village.atom("shell", version="1.1.0")
    measured = measure(person, village.mono, "lock", notes=tmp_path / "notes")
    new = [Pair.of(project) for project in projects]
    assert all(before != after for before, after in zip(old, new, strict=True))
    for each in rounds_of(rounds(5, 50)):
        for project, before in zip(projects, old, strict=True):
            before.put(project)

        ended = each.kill(person, village.mono, "lock", measured=measured)
        for project, before, after in zip(projects, old, new, strict=True):
            check_pair(project, before, after, is_done=ended.is_done)

        person.does(village.mono, "lock")
        assert [Pair.of(project) for project in projects] == new
        assert [leftovers(project) for project in projects] == [[], [], []]


@pytest.mark.spec("build-interrupt")
def test_a_killed_build_leaves_a_sound_store_and_the_next_gives_the_same(
    person: Person, village: Village, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    person.does(app, "add", f"{village.url}::greet@^1")
    words = ["build", "greet", "--json", "--store"]
    measured = measure(person, app, *words, str(tmp_path / "first"), notes=tmp_path / "notes")
    result = app / "result-greet"
    expected = person.json(app, *words[:2], "--store", str(tmp_path / "first")).document["outputs"]
    for each in rounds_of(rounds(10, 100)):
        store = tmp_path / f"store{each.number // 2}"  # the second kill finds what the first left
        result.unlink(missing_ok=True)

        ended = each.kill(person, app, *words, str(store), measured=measured)
        if ended.is_done:
            check_outputs(json.loads(ended.out)["outputs"], expected)
        if result.is_symlink():
            assert result.exists()
        faults = check_store(store)
        answer = person.json(app, *words[:2], "--store", str(store))

        assert faults == []
        assert answer.status == 0, answer
        check_outputs(answer.document["outputs"], expected)
        assert (result / "bin" / "greet").read_text().startswith("#!/bin/sh")
        assert check_store(store) == []
        assert not list((store / "tmp").iterdir())


def check_outputs(found: list[dict[str, str]], expected: list[dict[str, str]]) -> None:
    """Check that a build gave the same bytes under the same name."""
    keys = ("target", "path", "content", "link")
    assert [{key: each[key] for key in keys} for each in found] == [
        {key: each[key] for key in keys} for each in expected
    ]


def check_store(root: Path) -> list[str]:
    """Return what is wrong with a store."""
    if not root.exists():
        return []
    with Store.open(root) as store:
        return [str(fault) for fault in store.verify()]
