"""Building: what one action costs beside its program, alone and in large plans; against Nix."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.build import Demands
from eka.store import ActionInput, Plan, Store, action_id
from tests.bench.ratio import Amount, Comparison, NotRun, compare, cpu_s
from tests.bench.stage import EKA
from tests.fakes.nix import EXPRESSION, Nix
from tests.fakes.workbench import Workbench
from tests.story import Person, Village

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eka.store import TreeInput

INPUTS = 200
ACTIONS = 1000
ATOMS = 200
ROUNDS = 15
JOBS = 4  # on both sides
_NUMBERS = itertools.count()


def measure() -> Iterator[Comparison | Amount | NotRun]:
    """Yield what building costs; in memory, so that it is not the disk that is measured."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=memory) as scratch:
        home = Path(scratch)
        with Store.open(home / "store", durable=False) as store:
            yield from _single(Workbench(store), home)
        with Store.open(home / "many", durable=False) as store:
            yield from _plan(Workbench(store), home)
        yield _nothing_to_do(home)
        _open(home)


def _single(bench: Workbench, home: Path) -> Iterator[Comparison | Amount | NotRun]:
    """One action from a call of the library to its registered output.

    Without a rival the least of many rounds counts: what else runs here only makes it longer.
    """
    trees = {
        f"i{number}": bench.tree({"f": b"%d" % number}, name=f"in{number}")
        for number in range(INPUTS)
    }
    few = _action(bench, dict(list(trees.items())[:10]))
    nix = _nix(home / "nix")
    if nix is None:
        yield NotRun("an action with 10 inputs / nix-build", "nix-build is not installed")
    else:
        yield compare(
            "an action with 10 inputs / nix-build", few, nix, rounds=ROUNDS, at_most=0.33
        )
    many = _action(bench, trees)
    before = _processors_s()
    for _ in range(ROUNDS):
        many()
    used_s = (_processors_s() - before) / ROUNDS
    name = f"an action with {INPUTS} inputs, processor time"
    yield Amount(name, round(used_s * 1000, 1), "ms", 40)
    taken_s = min(many() for _ in range(3 * ROUNDS))
    yield Amount(f"an action with {INPUTS} inputs", round(taken_s * 1000, 1), "ms", 40)


def _processors_s() -> float:
    """Return the processor time of this process and those it waited for."""
    ours, theirs = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return ours.ru_utime + ours.ru_stime + theirs.ru_utime + theirs.ru_stime


def _action(bench: Workbench, inputs: dict[str, TreeInput]) -> Callable[[], float]:
    def build() -> float:
        action = bench.script(f"echo {next(_NUMBERS)} > $out", inputs=inputs)
        began_s = time.perf_counter()
        bench.realise(action)
        return time.perf_counter() - began_s

    build()
    return build


def _nix(home: Path) -> Callable[[], float] | None:
    if shutil.which("nix-build") is None:
        return None
    home.mkdir()
    nix = Nix(home)
    tools = nix.add_tools()

    def build() -> float:
        began_s = time.perf_counter()
        nix.build(f'make "n" "echo {next(_NUMBERS)} > $out"', tools)
        return time.perf_counter() - began_s

    build()
    return build


def _plan(bench: Workbench, home: Path) -> Iterator[Comparison | NotRun]:
    """Many actions that do nothing, and one that needs them all; time for each."""
    name = f"per action of {ACTIONS} / per derivation of as many"

    def ours() -> float:
        mark = next(_NUMBERS)
        actions = [
            bench.script(f"echo {mark} {number} > $out", name=f"n{number}")
            for number in range(ACTIONS)
        ]
        roots = tuple(ActionInput(action_id(each)) for each in actions)
        began_s = time.perf_counter()
        bench.realiser.realise(Plan.of(actions, roots), Demands(jobs=JOBS))
        return (time.perf_counter() - began_s) / ACTIONS

    if shutil.which("nix-build") is None:
        yield NotRun(name, "nix-build is not installed")
        return
    (home / "nix-many").mkdir()
    nix = Nix(home / "nix-many")
    tools = nix.add_tools()

    def theirs() -> float:
        mark = next(_NUMBERS)
        each = f'(n: make "n" "echo {mark} ${{toString n}} > $out")'
        began_s = time.perf_counter()
        expression = f"builtins.genList {each} {ACTIONS}"
        text = EXPRESSION.format(tools=tools, expression=expression)
        nix.says("nix-build", "--no-out-link", "--max-jobs", str(JOBS), "--expr", text)
        return (time.perf_counter() - began_s) / ACTIONS

    yield compare(name, ours, theirs, rounds=3, at_most=0.5)


def _nothing_to_do(home: Path) -> Amount:
    """Processor time of ``eka build`` where all is there, above that for an atom alone."""
    person = Person(home / "person")
    village = Village(home / "village")
    names = [f"a{number}" for number in range(ATOMS)]
    own = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'
    for name in names:
        build = f"[build]\nrootfs = \"shell\"\nscript = '''echo {name} > $out'''\n"
        village.atom(name, own + build)
    lines = "".join(f'{name} = "^1"\n' for name in names)
    uses = " ".join(f"${name}" for name in names)
    whole = f"[build]\nrootfs = \"shell\"\nscript = '''cat {uses} > $out'''\n"
    village.atom("whole", own + lines + whole)
    village.publish(person)
    for label in ("whole", "a0"):
        person.does(home, "new", f"of-{label}")
        person.does(home / f"of-{label}", "add", f"{village.url}::{label}@^1")
        person.does(home / f"of-{label}", "build", label, "--no-link")
    os.environ.update(person.environment)  # what is measured is started from here

    def cpu_ms(label: str) -> float:
        place = str(home / f"of-{label}")
        return 1000 * cpu_s([str(EKA), "-C", place, "build", label, "--no-link", "--frozen"])

    taken = [(cpu_ms("whole"), cpu_ms("a0")) for _ in range(ROUNDS)]
    above = min(many for many, _ in taken) - min(one for _, one in taken)
    return Amount(
        f"eka build, {ATOMS + 1} actions there, above one action", round(above), "ms", 100
    )


def _open(place: Path) -> None:
    """Let everything below a directory be deleted: stores are read-only."""
    for directory, _, _ in os.walk(place):
        Path(directory).chmod(0o755)
