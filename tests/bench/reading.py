"""Reading a lock of 3000 atoms, in processor time of a bare Python that reads it as TOML.

The lock has 15 layers of 200 atoms from 300 sets: each atom needs six of the layers below.
"""

from __future__ import annotations

import compileall
import os
import random
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import eka
from eka.atom import (
    AtomKey,
    ContentHash,
    Genesis,
    Label,
    Lock,
    LockedAtom,
    LockedSet,
    ObjectId,
    Version,
    atom_id,
    encode_lock,
    parse_manifest,
    requirements_digest,
)
from tests.bench.ratio import Comparison, compare
from tests.bench.stage import EKA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ATOMS, SETS, LAYERS, NEEDS = 3000, 300, 15, 4
PER_LAYER = ATOMS // LAYERS
LAST = f"atom{ATOMS - 1}"
# words -> goal, times a bare Python that reads the lock
GOALS = {
    ("tree",): 2.0,
    ("tree", "--json"): 2.5,  # indented JSON is written by Python itself
    ("tree", "--invert", LAST): 2.0,
    ("tree", "--duplicates"): 2.0,
    ("why", LAST, "--offline"): 2.0,
    ("diff", "--lock", "atom.lock", "atom.lock"): 2.5,  # reads it twice
}
READ = "import sys, tomllib; tomllib.load(open(sys.argv[1], 'rb'))"


def measure() -> Iterator[Comparison]:
    """Yield one comparison per command line."""
    compileall.compile_dir(Path(eka.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        place = Path(scratch)
        _write(place)
        environment = {**os.environ, "HOME": scratch, "XDG_CACHE_HOME": f"{scratch}/.cache"}
        theirs = partial(_cpu_s, (sys.executable, "-c", READ, "atom.lock"), place, environment)
        for words, goal in GOALS.items():
            ours = partial(_cpu_s, (str(EKA), *words), place, environment)
            name = f"eka {' '.join(words[:2])}, 3000 atoms / tomllib"
            yield compare(name, ours, theirs, rounds=7, at_most=goal)


def _cpu_s(command: Sequence[str], place: Path, environment: dict[str, str]) -> float:
    """Return the processor time of a command that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _write(place: Path) -> None:
    """Write a project and its lock."""
    keys = [
        AtomKey(_genesis(number), Label(f"atom{number}"), Version.parse("1.2.3"))
        for number in range(ATOMS)
    ]
    text = _manifest(keys[:PER_LAYER])
    (place / "atom.toml").write_text(text)
    lock = Lock(
        requirements=requirements_digest(parse_manifest(text.encode(), "atom.toml")),
        sets=tuple(
            LockedSet(_genesis(number), (f"https://h{number}.example.org/r",))
            for number in range(SETS)
        ),
        atoms=tuple(_atoms(keys)),
        requires=tuple(keys[:PER_LAYER]),
    )
    (place / "atom.lock").write_bytes(encode_lock(lock))


def _genesis(number: int) -> Genesis:
    return Genesis(ObjectId(f"{number % SETS + 1:040x}"))


def _manifest(keys: Sequence[AtomKey]) -> str:
    sets = "".join(f's{number} = "https://h{number}.example.org/r"\n' for number in range(SETS))
    lines = "".join(
        f'[deps.from.s{number % SETS}]\n{key.label.text} = "^1"\n'
        for number, key in enumerate(keys)
    )
    return f'[package]\nlabel = "big"\nversion = "1.0.0"\n[package.sets]\n{sets}{lines}'


def _atoms(keys: Sequence[AtomKey]) -> Iterator[LockedAtom]:
    chance = random.Random(1)
    for number, key in enumerate(keys):
        needs: set[AtomKey] = set()
        below = (number // PER_LAYER + 1) * PER_LAYER
        if below < ATOMS:
            near = chance.sample(range(below, below + PER_LAYER), NEEDS)
            far = chance.randrange(below, ATOMS)
            needs = {keys[each] for each in (*near, far, number + PER_LAYER)}
        yield LockedAtom(
            key,
            atom_id(key.genesis, key.label),
            ObjectId("a" * 40),
            ContentHash("b" * 64),
            ObjectId("c" * 40),
            tuple(sorted(needs)),
        )
