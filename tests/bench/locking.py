"""Locks a project whose atoms lie in three hundred repositories, cold and warm.

The limit of a cold lock is git itself, told beforehand which atoms to fetch: it has nothing to
list, no manifest to read, and nothing to decide.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from eka.atom import parse_lock
from eka.workflow.rounds import Round
from tests.bench.ratio import Amount, Comparison, compare
from tests.bench.stage import EKA, PERSON, git
from tests.fakes.big_world import BASE, BigWorld, Shape
from tests.servers.apache import serve
from tests.story import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from eka.atom import SourceUrl
    from tests.servers.apache import Apache

SHAPE = Shape()
MOST_ROUNDS = 60
ROUNDS = 3
MOST_TIMES = 4.0  # git is told what to fetch: it lists, reads and decides nothing
MEGA = 1_000_000


def measure() -> Iterator[Comparison | Amount]:
    """Yield rounds, programs and bytes of a cold lock; its time; and the time of a warm one."""
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        root = Path(scratch)
        world = BigWorld(root / "server", SHAPE)
        app = world.project(root / "app")
        with serve(world.root) as apache:
            stage = _Stage(root, app, apache)
            yield from _counted(stage)
            yield from _cold(stage)
            yield from _warm(stage)


@dataclass(slots=True)
class _Stage:
    """A served world, a project in it, and somebody who locks it."""

    root: Path
    app: Path
    apache: Apache

    @property
    def lock(self) -> Path:
        return self.app / "atom.lock"

    def person(self) -> Person:
        """Return somebody who remembers nothing."""
        home = self.root / "home"
        shutil.rmtree(home, ignore_errors=True)
        self.lock.unlink(missing_ok=True)
        home.mkdir()
        (home / "gitconfig").write_text(BigWorld.settings(self.apache.url))
        return self.again()

    def again(self) -> Person:
        """Return the same person, who remembers."""
        home = self.root / "home"
        return Person(home, **{**PERSON, "GIT_CONFIG_GLOBAL": str(home / "gitconfig")})


def _counted(stage: _Stage) -> Iterator[Amount]:
    """Count what a cold lock takes, whatever the machine."""
    rounds: list[int] = []
    ask = Round.__call__

    def asked(
        self: Round, jobs: Mapping[SourceUrl, Callable[[], object]]
    ) -> dict[SourceUrl, object]:
        rounds.extend([len(jobs)] if jobs else [])
        return ask(self, jobs)

    person, before = stage.person(), stage.apache.sent_bytes()
    with patch.object(Round, "__call__", asked):
        answer = person.eka(stage.app, "lock")
    _require(answer.status == 0, answer.err)
    atoms = len(parse_lock(stage.lock.read_bytes(), "atom.lock").atoms)
    name = f"cold lock of {atoms} atoms in {SHAPE.repositories} repositories"
    yield Amount(f"{name}: rounds", len(rounds), "rounds", MOST_ROUNDS)
    asked_each = sum(rounds) / SHAPE.repositories
    yield Amount("conversations with each repository", round(asked_each, 1), "", MOST_ROUNDS)
    received = (stage.apache.sent_bytes() - before) / MEGA
    yield Amount("bytes that came in", round(received, 1), "MB", 24)


def _cold(stage: _Stage) -> Iterator[Comparison]:
    """Compare with git, which fetches the same atoms one repository after the other."""
    pins = _pins(stage)
    runs = [(_lock(stage), _fetch(stage, pins)) for _ in range(ROUNDS)]
    name = "eka lock, cold / git fetch of the same, one after the other"
    wall = [(ours.wall_s, theirs.wall_s) for ours, theirs in runs]
    cpu = [(ours.cpu_s, theirs.cpu_s) for ours, theirs in runs]
    yield _compared(name, wall, None)
    yield _compared("the same, processor time of the client", cpu, MOST_TIMES)


def _compared(name: str, runs: Sequence[tuple[float, float]], at_most: float | None) -> Comparison:
    mine, theirs = (iter(side) for side in zip(*runs, strict=True))
    ours = partial(next, mine)
    return compare(name, ours, partial(next, theirs), rounds=len(runs), at_most=at_most)


def _warm(stage: _Stage) -> Iterator[Amount]:
    """Lock again without a network."""
    _lock(stage)
    before = stage.lock.read_bytes()
    again = min(_run(stage, "lock", "--offline").cpu_s for _ in range(3))
    yield Amount("warm lock, offline, processor time", round(again * 1000), "ms", 1000)
    took: list[float] = []
    for _ in range(3):
        stage.lock.unlink()
        took.append(_run(stage, "lock", "--offline").cpu_s)
        _require(stage.lock.read_bytes() == before)
    yield Amount("the same, the lock itself lost", round(min(took) * 1000), "ms", 1000)


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds a process and its children took."""

    wall_s: float
    cpu_s: float


def _lock(stage: _Stage) -> _Took:
    stage.person()
    return _run(stage, "lock")


def _run(stage: _Stage, *words: str) -> _Took:
    return _timed([str(EKA), *words], stage.app, stage.again().environment)


def _pins(stage: _Stage) -> dict[str, list[str]]:
    """Return the commits that the lock pins, by the name of their repository."""
    lock = parse_lock(stage.lock.read_bytes(), "atom.lock")
    names = {each.genesis: each.urls[0].removeprefix(BASE) for each in lock.sets}
    found: dict[str, list[str]] = {}
    for atom in lock.atoms:
        if atom.rev is not None:
            found.setdefault(names[atom.key.genesis], []).append(atom.rev.hex)
    return found


def _fetch(stage: _Stage, pins: Mapping[str, Sequence[str]]) -> _Took:
    copy = stage.root / "copy.git"
    shutil.rmtree(copy, ignore_errors=True)
    git(stage.root, "init", "-q", "--bare", str(copy))
    lines: list[str] = []
    for name, revs in pins.items():
        (copy / f"{name}.revs").write_text("".join(f"{rev}\n" for rev in revs))
        url = f"{stage.apache.url}/{name}"
        lines.append(f"git -c fetch.fsckObjects=true fetch -q --stdin {url} < {name}.revs")
    (copy / "fetch.sh").write_text("set -e\n" + "\n".join(lines) + "\n")
    return _timed(["sh", "fetch.sh"], copy, {**os.environ, **PERSON})


def _timed(command: Sequence[str], where: Path, environment: Mapping[str, str]) -> _Took:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, check=False)
    wall_s = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _require(done.returncode == 0, done.stderr.decode(errors="replace"))
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Took(wall_s, cpu_s)


def _require(is_true: bool, about: object = "") -> None:  # noqa: FBT001 - a condition
    if not is_true:
        message = f"this benchmark measured nothing: {about}"
        raise SystemExit(message)
