"""How long explanations of conflicts are, and whether they say nothing too much.

Corpora: registries generated here and, with ``EKA_CORPORA``, the scenarios of packse (a checkout
in ``$EKA_CORPORA/packse``) that speak of versions alone and cannot be resolved.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eka.atom import Version
from eka.cli.conflicts import story
from eka.errors import EkaError
from eka.resolve import Unsatisfiable, drive, solve
from tests.bench.ratio import Amount, NotRun
from tests.fakes.only_facts import is_contradiction, not_needed
from tests.fakes.registries import registry
from tests.fakes.versions import FakeVersion, FakeVersions, key, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve import ResolveKey, Wanted
    from tests.fakes.versions import World

MOST_LINES = 12
MARGIN = "    "
# atoms of a registry -> how many registries
GENERATED = {50: 60, 200: 30, 1000: 12, 5000: 2}
_OPERATORS = (">=", "<=", "==", ">", "<")


@dataclass(frozen=True)
class Case:
    """A project that cannot be resolved, perhaps."""

    provider: FakeVersions
    root: Sequence[Wanted]
    single: Sequence[ResolveKey] = ()


def measure() -> Iterator[Amount | NotRun]:
    """Yield the share of long explanations, and what is wrong with their leaves."""
    cases = [_generated(count, seed) for count, many in GENERATED.items() for seed in range(many)]
    scenarios = _packse()
    if not scenarios:
        yield NotRun("scenarios of packse", "EKA_CORPORA names no directory that has them")
    told = long = spare = wrong = 0
    for case in (*cases, *scenarios):
        error = _conflict(case)
        if error is None:
            continue
        told += 1
        leaves = error.explanation.leaves
        long += len(list(story(error, MARGIN))) > MOST_LINES
        wrong += not is_contradiction(case.provider, leaves, case.single)
        spare += len(not_needed(case.provider, leaves, case.single))
    share = round(100 * long / told, 1)
    yield Amount(f"explanations (of {told}) of > {MOST_LINES} lines", share, "%", 5)
    yield Amount("leaves that are not needed", spare, "leaves", 0)
    yield Amount("explanations that do not contradict", wrong, "", 0)


def _conflict(case: Case) -> Unsatisfiable | None:
    try:
        drive(solve(case.root, single=case.single), case.provider)
    except Unsatisfiable as error:
        return error
    except EkaError:  # a line of the project that nothing meets is an error of its own
        return None
    return None


def _generated(count: int, seed: int) -> Case:
    made = registry(count, seed)
    return Case(FakeVersions(made.atoms), lines(made.root))


def _packse() -> list[Case]:
    """Return the scenarios that can be written with our versions and requirements."""
    root = Path(os.environ.get("EKA_CORPORA", "/nonexistent")) / "packse" / "scenarios"
    cases: list[Case] = []
    for path in sorted(root.rglob("*.toml")):
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        if not scenario.get("expected", {}).get("satisfiable", True):
            case = _converted(scenario)
            cases += [case] if case else []
    return cases


def _converted(scenario: dict[str, Any]) -> Case | None:
    """Return a scenario in our words; None where it speaks of more than versions."""
    if scenario.get("environment") or set(scenario["root"]) - {"requires"}:
        return None
    try:
        atoms: World = {
            label: {
                str(Version.parse(number).text): _version(one)
                for number, one in package["versions"].items()
            }
            for label, package in scenario.get("packages", {}).items()
        }
        root = [_line(each) for each in scenario["root"]["requires"]]
        named = {line.partition(" ")[0] for line in root} | set(atoms)
        single = [key(label) for label in sorted(named)]
        return Case(FakeVersions(atoms), lines(root), single)
    except (EkaError, _Foreign):
        return None


class _Foreign(Exception):
    """Something our formats have no word for."""


def _version(one: dict[str, Any]) -> FakeVersion:
    if set(one) - {"requires", "yanked"}:
        raise _Foreign
    requires = tuple(_line(each) for each in one.get("requires", ()))
    return FakeVersion(requires, unavailable="it is yanked" if one.get("yanked") else "")


def _line(text: str) -> str:
    """Return ``a >=1.0.0, <2.0.0`` for ``a>=1.0.0,<2.0.0``."""
    if any(each in text for each in ";[@!~"):
        raise _Foreign
    at = min((text.find(each) for each in "<>=" if each in text), default=len(text))
    label, rest = text[:at].strip(), text[at:].strip()
    parts = [_comparator(each.strip()) for each in rest.split(",")] if rest else ["*"]
    return f"{label} {', '.join(parts)}"


def _comparator(text: str) -> str:
    operator = next((each for each in _OPERATORS if text.startswith(each)), None)
    if operator is None:
        raise _Foreign
    return f"{'=' if operator == '==' else operator}{text.removeprefix(operator).strip()}"
