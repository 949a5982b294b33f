"""The solver and the requirement engine, against the goals that were set for them.

Generated cases always run. ``EKA_CORPORA`` names a directory with the problems of others (see
tests/fakes/corpora.py). Rivals run where they are: ``cargo`` when it is on ``PATH``; pubgrub-rs
when ``EKA_PUBGRUB`` names a program that is given the name of a case (``singletons``,
``disjoint``, ``ranges``, ``flat``, ``large FILE``) and prints how many seconds solving it took.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from eka.atom import Requirement, Version
from eka.errors import EkaError
from eka.program import collect_seldom
from eka.resolve import Catalog, Dependencies, Listing, Solution, Wanted, drive, solve
from tests.bench.ratio import Amount, Comparison, NotRun, compare, cpu_s
from tests.fakes.answer_set import solvable
from tests.fakes.cargo_registries import Registry, grown, write_for_cargo
from tests.fakes.corpora import LARGE_CASE, large_case, scenarios
from tests.fakes.solver_puzzles import faults
from tests.fakes.versions import FakeVersions, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eka.resolve import ResolveKey
    from tests.fakes.corpora import Edges
    from tests.fakes.solver_puzzles import Rules

Result = Comparison | Amount | NotRun
World = dict[int, dict[int, list[tuple[int, str]]]]
"""Package -> minor of its version -> what that needs: package, requirement."""

ROUNDS = 9
YARDSTICK_MS = 12.5  # what the yardstick took on the idle machine the goals were set on
ORACLE_GRAPHS = 60
# atoms, seed, share of tight requirements, needs; goals against cargo
LIGHT = ((300, 1, 0.0, 4), (1000, 1, 0.0, 4), (3000, 1, 0.0, 4), (5000, 1, 0.0, 4))
HEAVY = ((1000, 3, 0.02, 4), (1000, 4, 0.04, 4))
LOCKED = (230, 2, 0.0, 4)  # about five hundred atoms are selected


def measure() -> Iterator[Result]:
    """Yield each goal with what was reached."""
    collect_seldom()  # as every command of eka does
    yield from _versions()
    yield from _requirements()
    yield from _backtracking()
    yield from _large()
    yield from _relock()
    yield from _rounds()
    yield from _against_cargo()
    yield from _corpora()


def _goal(title: str, work: Callable[[], object], most_ms: float, rounds: int = ROUNDS) -> Result:
    """Return how long ``work`` takes, against a yardstick measured in the same minutes.

    Goals are in milliseconds of the machine they were set on; the yardstick carries them over to
    slower and busier ones.
    """
    return compare(
        f"{title} ({most_ms:g} ms)",
        lambda: _seconds(work),
        lambda: _seconds(_yardstick),
        rounds=rounds,
        at_most=round(most_ms / YARDSTICK_MS, 2),
    )


def _yardstick() -> object:
    """Do what solvers do: look up, shift bits, sort, make small values."""
    known: dict[int, tuple[int, int]] = {}
    for number in range(40_000):
        mask = (1 << number % 90) - 1
        known[number * 7919 % 65_521] = (mask & 0x5555_5555, mask.bit_length())
    return sorted(known.values())


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


# --- versions and requirements --------------------------------------------------------------


def _versions() -> Iterator[Result]:
    rng = random.Random(1)
    texts = [
        f"{rng.randint(0, 20)}.{rng.randint(0, 50)}.{rng.randint(0, 300)}" for _ in range(92_000)
    ]
    texts += [f"1.{rng.randint(0, 50)}.0-rc.{rng.randint(0, 300)}" for _ in range(8000)]

    def parse_and_sort() -> object:
        return sorted(map(Version.parse, texts), key=lambda version: version.key)

    yield _goal("parse and sort 100 000 versions", parse_and_sort, 350)


def _requirements() -> Iterator[Result]:
    rng = random.Random(2)
    numbers = {(rng.randint(0, 9), rng.randint(0, 30), rng.randint(0, 9)) for _ in range(640)}
    versions = [Version(*each) for each in sorted(numbers)][:600]
    texts = sorted({
        f"{rng.choice(['^', '^', '', '~', '=', '>='])}{major}.{minor}.{patch}"
        for major, minor, patch in numbers
        for _ in range(4)
    } | {f">={major}.{minor}, <{major + 1}" for major, minor, _ in numbers})  # fmt: skip

    def evaluate() -> object:
        listing = Listing(versions)
        return [listing.mask(Requirement(text)) for text in texts]

    most_ms = round(len(texts) * 6 / 1000, 1)  # 6 us each
    yield _goal(f"parse and evaluate {len(texts)} requirements", evaluate, most_ms, 21)


# --- the cases of pubgrub-rs ----------------------------------------------------------------


def _singletons() -> tuple[World, list[tuple[int, str]]]:
    world: World = {p: {v: [(p + 1, f"=1.{v}.0")] for v in range(1, 500)} for p in range(1, 100)}
    world[1][0] = []
    return world, [(1, "*")]


def _disjoint() -> tuple[World, list[tuple[int, str]]]:
    world: World = {p: {v: [(p + 1, f"=1.{v}.0")] for v in range(1, 200)} for p in range(1, 300)}
    world[1][0] = []
    world[300] = {v: [(999, f"=1.{v}.0")] for v in range(1, 200)}
    world[999] = {v: [] for v in range(200)}
    return world, [(1, "*"), (999, "=1.0.0")]


def _ranges() -> tuple[World, list[tuple[int, str]]]:
    world: World = {
        p: {v: [(p + 1, f">=1.{200 - v}.0")] for v in range(1, 200)} for p in range(1, 5)
    }
    world[1][0] = []
    return world, [(1, "*")]


def _flat() -> tuple[World, list[tuple[int, str]]]:
    world: World = {
        p: {0: [(other, "=1.0.0") for other in (2 * p + 1, 2 * p + 2) if other < 1000]}
        for p in range(1000)
    }
    return world, [(0, "*")]


def _backtracking() -> Iterator[Result]:
    yield from _case("flat", "1000 atoms, nothing in conflict", _flat(), 15, 15)
    # What pubgrub-rs took on the machine where the goals were set, twice over.
    yield from _case("singletons", "backtracking: singletons, 100 x 500", _singletons(), 1410, 3)
    yield from _case("disjoint", "backtracking: disjoint, 300 x 200", _disjoint(), 1370, 3)
    yield from _case("ranges", "backtracking: ranges, 5 x 200", _ranges(), 596, 3)


def _case(
    name: str, title: str, case: tuple[World, list[tuple[int, str]]], most_ms: int, rounds: int
) -> Iterator[Result]:
    world, root = case
    provider = _provider(world)
    wanted = _lines(root)
    yield _goal(title, lambda: drive(solve(wanted), provider), most_ms, rounds)
    yield from _rival(name, title, lambda: _seconds(lambda: drive(solve(wanted), provider)))


def _rival(
    case: str, title: str, ours: Callable[[], float], *, at_most: float = 2, rounds: int = 3
) -> Iterator[Result]:
    program = os.environ.get("EKA_PUBGRUB")
    if not program:
        yield NotRun(f"{title}: pubgrub-rs", "EKA_PUBGRUB names no program")
        return

    def theirs() -> float:
        run = subprocess.run([program, *case.split(" ")], check=True, capture_output=True)
        return float(run.stdout)

    yield compare(f"{title}: pubgrub-rs", ours, theirs, rounds=rounds, at_most=at_most)


def _large() -> Iterator[Result]:
    title = "pubgrub's large case"
    edges = large_case(_folder())
    if edges is None:
        yield NotRun(title, "EKA_CORPORA names no directory that has it")
        return
    provider = _provider(_ranged(edges))
    roots = [_lines([(package, f"=1.{at}.0")]) for package in edges for at in edges[package]]
    catalog = Catalog()  # roots of one world share what was told of it

    def ours() -> float:
        return sum(_attempt_s(root, provider, catalog) for root in roots)

    solved = sum(_found(root, provider, catalog) is not None for root in roots)
    slowest = max(roots, key=lambda root: _attempt_s(root, provider, catalog))
    yield _goal(f"{title}: {len(roots)} roots", ours, 120)
    yield _goal(f"{title}: a slow root", lambda: _found(slowest, provider, catalog), 10)
    yield Amount(f"{title}: solved, of 593", 593 - solved, "fewer", 0)
    file = _folder() / LARGE_CASE
    yield from _rival(f"large {file}", title, ours, at_most=12)


def _ranged(edges: Edges) -> World:
    return {
        package: {
            at: [(other, _range(*bounds)) for other, bounds in needs.items()]
            for at, needs in versions.items()
        }
        for package, versions in edges.items()
    }


def _range(low: int, high: int | None) -> str:
    return f">=1.{low}.0" if high is None else f">=1.{low}.0, <1.{high}.0"


def _attempt_s(root: tuple[Wanted, ...], provider: FakeVersions, catalog: Catalog) -> float:
    return _seconds(lambda: _found(root, provider, catalog))


def _found(root: tuple[Wanted, ...], provider: FakeVersions, catalog: Catalog) -> Solution | None:
    try:
        return drive(solve(root, catalog=catalog), provider)
    except EkaError:
        return None


# --- registries like cargo's ----------------------------------------------------------------


def _relock() -> Iterator[Result]:
    registry = grown(LOCKED[0], LOCKED[1], tight=LOCKED[2], needs=LOCKED[3])
    provider, wanted = registry.provider(), registry.wanted()
    rng = random.Random(3)  # a lock that was made some time ago
    old = {
        key(name): [Version.parse(each) for each in rng.sample(list(history), len(history) // 2)]
        for name, history in registry.atoms.items()
    }
    solution = drive(solve(wanted, preferred=old), provider)
    kept: dict[ResolveKey, list[Version]] = {}
    for one, version in solution.edges:
        kept.setdefault(one, []).append(version)
    provider.asked.clear()
    again = drive(solve(wanted, preferred=kept), provider)
    title = f"lock {len(solution.edges)} atoms again"
    yield _goal(title, lambda: drive(solve(wanted, preferred=kept), provider), 60)
    read = set(provider.asked) - set(solution.edges)
    yield Amount(f"{title}: other manifests read", len(read), "manifests", 0)
    yield Amount(f"{title}: versions changed", len(set(again.edges) ^ set(solution.edges)), "", 0)
    if shutil.which("cargo") is None:
        yield NotRun(f"{title}: cargo update", "there is no cargo")
        return
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        project = write_for_cargo(registry, Path(scratch))
        _cargo(project, "generate-lockfile")
        yield compare(
            f"{title}: cargo update",
            lambda: _seconds(lambda: drive(solve(wanted, preferred=kept), registry.provider())),
            lambda: _cargo(project, "update", "--workspace"),
            rounds=ROUNDS,
            at_most=1,
        )


def _rounds() -> Iterator[Result]:
    for count, seed, tight, needs in (*LIGHT[-1:], (3000, 1, 0.005, 4)):
        registry = grown(count, seed, tight=tight, needs=needs)
        provider = registry.provider()
        solution = _found(registry.wanted(), provider, Catalog())
        title = f"rounds of manifests, {count} atoms"
        if tight:
            yield Amount(f"{title}, conflicts", provider.manifest_rounds, "rounds", 60)
        elif solution is not None:
            most = _depth(solution) + 2
            yield Amount(f"{title}, none in conflict", provider.manifest_rounds, "rounds", most)


def _depth(solution: Solution) -> int:
    """Return how many atoms the longest chain of needs has."""
    depths = dict.fromkeys(solution.root, 1)
    waiting = list(solution.root)
    while waiting:
        one = waiting.pop()
        for other in solution.edges[one]:
            if depths.get(other, 0) <= depths[one]:
                depths[other] = depths[one] + 1
                waiting.append(other)
    return max(depths.values(), default=0)


def _against_cargo() -> Iterator[Result]:
    if shutil.which("cargo") is None:
        yield NotRun("graphs in which cargo agrees", "there is no cargo")
        return
    wrong = sum(_disagrees(seed) for seed in range(ORACLE_GRAPHS))
    yield Amount(f"graphs (of {ORACLE_GRAPHS}) in which cargo disagrees", wrong, "graphs", 0)
    for goal, graphs in ((1.5, LIGHT), (5, HEAVY)):
        for count, seed, tight, needs in graphs:
            registry = grown(count, seed, tight=tight, needs=needs)
            with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
                project = write_for_cargo(registry, Path(scratch))
                yield compare(
                    f"{count} atoms, {tight:.1%} tight: cargo",
                    lambda: _whole_s(registry),  # noqa: B023 - called before the next graph
                    lambda: _cargo(project, "generate-lockfile"),  # noqa: B023 - as above
                    rounds=3,
                    at_most=goal,
                )


def _whole_s(registry: Registry) -> float:
    """Return the seconds to parse all versions and requirements, and to solve."""
    return _seconds(lambda: _found(registry.wanted(), registry.provider(), Catalog()))


def _disagrees(seed: int) -> bool:
    """Whether cargo finds a lock where we find none, or the other way round."""
    registry = grown(30 + 2 * seed, seed, tight=(seed % 3) / 200, needs=3)
    ours = _found(registry.wanted(), registry.provider(), Catalog())
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        project = write_for_cargo(registry, Path(scratch))
        _cargo(project, "generate-lockfile")
        return (project / "Cargo.lock").exists() != (ours is not None)


def _cargo(project: Path, *words: str) -> float:
    # Its settings are looked for from the directory it is started in.
    return cpu_s(["env", "-C", str(project), "cargo", *words, "--offline"])


# --- problems of other resolvers ------------------------------------------------------------


def _corpora() -> Iterator[Result]:
    found = list(scenarios(_folder()))
    if not found:
        yield NotRun("packse, resolvelib: clingo", "EKA_CORPORA names no directory that has them")
        return
    wrong = [name for name, rules in found if not _agrees(rules)]
    yield Amount(f"scenarios (of {len(found)}) in which clingo disagrees", len(wrong), "", 0)


def _agrees(rules: Rules) -> bool:
    single = [key(label) for label in rules.single]
    try:
        solution = drive(solve(rules.wanted(), single=single), rules.provider())
    except EkaError as error:
        return (error.code == "dependency-cycle") == solvable([rules])[0]
    return solvable([rules])[0] and not faults(rules, solution)


# --- worlds ---------------------------------------------------------------------------------


def _folder() -> Path:
    return Path(os.environ.get("EKA_CORPORA") or "/nonexistent")


def _provider(world: World) -> FakeVersions:
    """Return what answers for a world; each package is an atom with one bucket."""
    known: dict[str, Requirement] = {}
    keys: dict[int, ResolveKey] = {package: key(f"p{package}") for package in world}
    made = FakeVersions({})
    for package, versions in world.items():
        numbers = {at: Version(1, at, 0) for at in sorted(versions)}
        made.listed[keys[package]] = tuple(numbers.values())
        for at, needs in versions.items():
            made.needs[keys[package], numbers[at]] = Dependencies(_lines(needs, keys, known))
    return made


def _lines(
    needs: list[tuple[int, str]],
    keys: Mapping[int, ResolveKey] | None = None,
    known: dict[str, Requirement] | None = None,
) -> tuple[Wanted, ...]:
    keys, known = keys or {}, {} if known is None else known
    return tuple(
        Wanted(keys.get(other) or key(f"p{other}"), known.setdefault(text, Requirement(text)))
        for other, text in needs
    )
