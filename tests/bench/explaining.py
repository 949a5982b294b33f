"""How long explanations of conflicts are, and whether they say nothing too much.

Measured are registries generated here and, with ``EKA_CORPORA``, the scenarios of others (see
tests/fakes/corpora.py); of all of them those that cannot be resolved.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eka.cli.conflicts import story
from eka.errors import EkaError
from eka.resolve import Unsatisfiable, drive, solve
from tests.bench.ratio import Amount, NotRun
from tests.fakes.corpora import scenarios
from tests.fakes.only_facts import is_contradiction, not_needed
from tests.fakes.registries import registry
from tests.fakes.versions import FakeVersions, key, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve import ResolveKey, Wanted

MOST_LINES = 12
MARGIN = "    "
# atoms of a registry -> how many registries
GENERATED = {50: 60, 200: 30, 1000: 12, 5000: 2}


@dataclass(frozen=True)
class Case:
    """A project that cannot be resolved, perhaps."""

    provider: FakeVersions
    root: Sequence[Wanted]
    single: Sequence[ResolveKey] = ()


def measure() -> Iterator[Amount | NotRun]:
    """Yield the share of long explanations, and what is wrong with their leaves."""
    cases = [_generated(count, seed) for count, many in GENERATED.items() for seed in range(many)]
    foreign = _scenarios()
    if not foreign:
        yield NotRun("packse, resolvelib", "EKA_CORPORA names no directory that has them")
    told = long = spare = wrong = 0
    for case in (*cases, *foreign):
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


def _scenarios() -> list[Case]:
    folder = Path(os.environ.get("EKA_CORPORA") or "/nonexistent")
    return [
        Case(FakeVersions(rules.atoms), lines(rules.root), [key(each) for each in rules.single])
        for _, rules in scenarios(folder)
    ]
