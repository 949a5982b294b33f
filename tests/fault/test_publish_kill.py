"""A publisher is killed at any moment: the next run completes it, nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.git import AtomStatus, CacheUnusable, GitFailed, RefLocked
from eka.git.local_refs import LOCK_NAME, locked
from eka.git.pack import build_pack
from eka.git.scratch import scratch_directory
from tests.fakes.monorepo import Monorepo, list_refs, pushed_set, run
from tests.servers.git_http import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import ObjectId

MODULE = "tests.fakes.publish_program"
LABELS = tuple(f"a{number:02}" for number in range(40))


def start(mono: Monorepo, remote: str, *labels: str) -> subprocess.Popen[str]:
    """Start a publisher; it begins when it has said that it is ready."""
    home = mono.root / "home"
    home.mkdir(exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(mono.path), str(home), remote, "-", *labels],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    children = [int(word) for word in text.split()]
    return [each for child in children for each in (child, *descendants(child))]


def kill(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to processes, some of which may be gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def acknowledged(child: subprocess.Popen[str]) -> dict[str, str]:
    """Return the refs a publisher said it has published before it was killed."""
    output, _ = child.communicate(timeout=60)
    lines = output.splitlines()
    if not lines or not lines[-1].endswith("}"):
        return {}
    atoms = json.loads(lines[-1]).get("atoms", {})
    return {ref: commit for ref, (_, commit) in atoms.items()}


def locks(path: Path) -> list[Path]:
    """Return the lock files below a repository's refs."""
    return list((path / "refs").rglob("*.lock"))


def bumped(mono: Monorepo, number: int) -> None:
    """Give every atom a new version, committed and pushed."""
    for label in LABELS:
        mono.atom(label, f"1.{number}.0")
    mono.commit()
    mono.push()


@pytest.mark.spec("publish-heals")
def test_a_killed_publisher_to_a_remote_is_completed_by_the_next_run(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    mono = pushed_set(tmp_path, *LABELS)
    chance = random.Random(20)
    with serve(tmp_path) as server:
        run(mono.server, "config", "http.receivepack", "true")
        mono.git("remote", "set-url", "origin", f"{server.url}/server.git")
        longest_s = 1.0
        for number in range(rounds(10, 100)):
            bumped(mono, number)
            child = start(mono, "origin")
            began = time.monotonic()
            # Every other time all programs of the publisher end at once, as in a crash.
            alone = [child.pid] if number % 2 else []
            time.sleep(chance.uniform(0, longest_s))
            is_done = child.poll() is not None
            kill([child.pid], signal.SIGSTOP)
            kill(alone or [*descendants(child.pid), child.pid], signal.SIGKILL)
            told = acknowledged(child)
            if is_done:
                longest_s = time.monotonic() - began

            report = mono.publish()

            refs = mono.server_refs()
            assert told.items() <= refs.items()
            assert {atom.ref: atom.commit.hex for atom in report.atoms}.items() <= refs.items()
            assert mono.refs() == refs
            assert len(report.atoms) == len(LABELS)
            assert locks(mono.path / ".git") == []
    assert run(mono.path, "fsck", "--strict", "--no-dangling") == ""
    assert run(mono.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("publish-heals")
def test_a_killed_publisher_to_its_own_repository_is_completed_by_the_next_run(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    mono = pushed_set(tmp_path, *LABELS)
    chance = random.Random(21)
    longest_s = 1.0
    stale = 0
    for number in range(rounds(10, 100)):
        bumped(mono, number)
        child = start(mono, ".")
        began = time.monotonic()
        time.sleep(chance.uniform(0.3, 1) * longest_s)
        is_done = child.poll() is not None
        kill([child.pid], signal.SIGSTOP)
        kill([*descendants(child.pid), child.pid], signal.SIGKILL)
        told = acknowledged(child)
        if is_done:
            longest_s = time.monotonic() - began
        stale += bool(locks(mono.path / ".git"))

        report = mono.publish(remote=".")

        refs = mono.refs()
        assert told.items() <= refs.items()
        assert {atom.ref: atom.commit.hex for atom in report.atoms}.items() <= refs.items()
        assert len(report.atoms) == len(LABELS)
        assert locks(mono.path / ".git") == []
    assert run(mono.path, "fsck", "--strict", "--no-dangling") == ""
    print(f"{stale} kills left lock files")


def refs_of(mono: Monorepo, count: int) -> dict[str, ObjectId]:
    """Return refs to write: all lead to HEAD."""
    head = mono.repository.resolve("HEAD")
    return {f"refs/atoms/x{number}/1.0.0": head for number in range(count)}


def leave_locks(mono: Monorepo, names: Sequence[str]) -> None:
    """Leave what a killed eka leaves: a journal, and the lock files it names."""
    top = mono.path / ".git"
    (top / LOCK_NAME).write_text("".join(f"{name}\n" for name in names))
    for name in names:
        lock = top / f"{name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()


@pytest.mark.spec("publish-heals")
def test_locks_that_a_killed_eka_left_are_removed(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    leave_locks(mono, ["refs/atoms/alpha/1.0.0", "refs/ekala/init"])

    mono.publish()

    assert mono.refs() == mono.server_refs()
    assert locks(mono.path / ".git") == []
    assert (mono.path / ".git" / LOCK_NAME).read_bytes() == b""


@pytest.mark.spec("publish-heals")
@pytest.mark.parametrize("why", ["unnamed", "older"])
def test_locks_of_another_program_are_left_alone(tmp_path: Path, why: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    name = "refs/atoms/alpha/1.0.0"
    leave_locks(mono, [name])
    if why == "unnamed":
        (mono.path / ".git" / LOCK_NAME).write_text("")
    else:
        os.utime(mono.path / ".git" / f"{name}.lock", (1, 1))

    with pytest.raises(RefLocked):
        mono.publish()

    assert (mono.path / ".git" / f"{name}.lock").exists()
    assert name in mono.server_refs()
    (mono.path / ".git" / f"{name}.lock").unlink()
    assert [atom.status for atom in mono.publish().atoms] == [AtomStatus.UNCHANGED]
    assert mono.refs() == mono.server_refs()


def test_a_forged_journal_removes_nothing_else(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    top = mono.path / ".git"
    names = ["refs/heads/main", "../work/precious", "refs/atoms/../../precious", "/tmp/x", ""]
    (top / LOCK_NAME).write_text("\n".join(names))
    kept = [top / "refs/heads/main.lock", mono.path / "precious.lock", top / "precious.lock"]
    for path in kept:
        path.touch()

    with locked(mono.repository):
        pass

    assert all(path.exists() for path in kept)


def test_the_lock_outlives_a_killed_holder_while_its_git_still_writes(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    waited: list[str] = []
    with locked(mono.repository) as refs:
        sleeper = subprocess.Popen(["sleep", "0.5"], pass_fds=(refs.descriptor,))
    began = time.monotonic()

    with locked(mono.repository, waiting=lambda: waited.append("waiting")):
        took_s = time.monotonic() - began

    assert waited == ["waiting"]
    assert took_s > 0.2
    sleeper.wait()


def test_refs_are_written_all_or_none(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    wanted = refs_of(mono, 5)
    blocked = mono.path / ".git/refs/atoms/x3/1.0.0.lock"
    blocked.parent.mkdir(parents=True)
    blocked.touch()

    with locked(mono.repository) as refs, pytest.raises(RefLocked):
        refs.write(wanted)
    assert mono.refs() == {}
    blocked.unlink()
    with locked(mono.repository) as refs:
        refs.write(wanted)

    assert set(mono.refs()) == set(wanted)


def test_a_pack_that_refers_to_what_is_not_there_is_refused(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    body = f"tree {'1' * 40}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\nx".encode()

    with locked(mono.repository) as refs, pytest.raises(GitFailed):
        refs.add_pack(build_pack([("commit", body)], "sha1"))

    assert list_refs(mono.path) == {}


@pytest.mark.spec("publish-heals")
def test_what_a_killed_publisher_left_in_ekas_own_directory_is_removed(tmp_path: Path) -> None:
    with scratch_directory(tmp_path) as alive:
        program = (
            "import sys, time, pathlib; from eka.git.scratch import scratch_directory\n"
            "with scratch_directory(pathlib.Path(sys.argv[1])) as path:\n"
            "    print(path, flush=True); time.sleep(60)"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        left = Path(child.stdout.readline().strip())
        child.kill()
        child.communicate()
        (tmp_path / "scratch-halfway").mkdir()
        assert left.exists()

        with scratch_directory(tmp_path) as mine:
            found = set(tmp_path.glob("scratch-*"))

        assert found == {alive, mine}
    assert not alive.exists()


def test_a_home_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(CacheUnusable), scratch_directory(tmp_path / "absent"):
        pass
