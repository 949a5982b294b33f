"""Kills ``eka`` while it works: at a moment of the clock, or just before a chosen step.

Every round has a random generator of its own, made from `SEED` and its number, and prints what it
did: a failure is replayed by setting KILL_SEED to the seed that was printed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.story import Person

ROOT = Path(__file__).resolve().parent.parent
SEED = os.environ.get("KILL_SEED", "eka")
PATIENCE_S = 120
# Until here Python loads modules; what is killed then has changed nothing.
LOADING = 0.2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, killed or not."""

    status: int  # negative: the signal
    out: str
    err: str

    @property
    def is_done(self) -> bool:
        """Whether it told its user that all is well."""
        return self.status == 0


def start(
    person: Person, where: Path, *words: str, go: Path | None = None, step: str = "-"
) -> subprocess.Popen[str]:
    """Start ``eka``; with ``go`` it works from the moment that file appears."""
    program = [str(Path(sys.executable).with_name("eka"))]
    if go is not None or step != "-":
        program = [sys.executable, "-m", "tests.fakes.eka_program", str(go or "-"), step]
    return subprocess.Popen(
        [*program, *words, "-C", str(where)],
        cwd=ROOT,
        env=person.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def finish(child: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a process."""
    out, err = child.communicate(timeout=PATIENCE_S)
    return Ended(child.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Measured:
    """How long a command lasts, in seconds and in steps."""

    takes_s: float
    steps: int


def measure(person: Person, where: Path, *words: str, notes: Path) -> Measured:
    """Run a command to its end."""
    begun = time.monotonic()
    ended = finish(start(person, where, *words, step=str(notes)))
    takes_s = time.monotonic() - begun
    assert ended.is_done, ended
    return Measured(takes_s, int(notes.read_text()))


@dataclass(frozen=True, slots=True)
class Round:
    """One round: its number decides by which means, its generator when."""

    number: int
    chance: random.Random
    spares_children: bool = False  # where one of them is, say, the server

    def kill(self, person: Person, where: Path, *words: str, measured: Measured) -> Ended:
        """Run a command and kill it; it may have been quicker.

        Of three rounds one kills before a step, one at a moment, one at a moment together with
        every program the command has started.
        """
        if self.number % 3 == 0:
            step = self.chance.randrange(measured.steps)
            ended = finish(start(person, where, *words, step=str(step)))
            print(
                f"round {self.number} of seed {SEED}: step {step} of {measured.steps}",
                ended.status,
            )
            return ended
        moment_s = measured.takes_s * self.chance.uniform(LOADING, 1)
        child = start(person, where, *words)
        time.sleep(moment_s)
        _kill(child, with_children=self.number % 3 == 1 and not self.spares_children)
        ended = finish(child)
        print(f"round {self.number} of seed {SEED}: after {moment_s:.3f} s", ended.status)
        return ended


def rounds_of(total: int, *, spares_children: bool = False) -> Iterator[Round]:
    """Yield rounds that can be played again."""
    for number in range(total):
        yield Round(number, random.Random(f"{SEED} {number}"), spares_children)


def _kill(child: subprocess.Popen[str], *, with_children: bool) -> None:
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGSTOP)
    for pid in _descendants(child.pid) if with_children else ():
        _send(pid, signal.SIGKILL)
    child.kill()


def _descendants(pid: int) -> Sequence[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, listed) for each in (*_descendants(child), child)]


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
