"""The scenarios of resolution: small worlds as data, and what must come out of them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from eka.errors import EkaError, Problems
from eka.resolve import DependencyCycle, NoMatchingVersion, Unsatisfiable
from tests.fakes.versions import FakeVersion, resolve, text_of
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eka.resolve import Solution
    from tests.fakes.versions import World

SCENARIOS = sorted((FIXTURES / "resolve").glob("*.toml"))
KEYS = {"description", "clauses", "root", "packages", "expected"}


def load(path: Path) -> dict[str, Any]:
    scenario = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(scenario) <= KEYS, path.name
    return scenario


def marked(path: Path) -> Any:  # noqa: ANN401 - pytest does not name this type
    """Return a scenario as a parameter, marked with the clauses it proves."""
    clauses: list[str] = load(path)["clauses"]
    return pytest.param(path, id=path.stem, marks=pytest.mark.spec(*clauses))


def world_of(packages: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> World:
    return {
        label: {
            version: FakeVersion(
                tuple(one.get("requires", ())),
                single=one.get("single", False),
                unavailable=one.get("unavailable", ""),
            )
            for version, one in versions.items()
        }
        for label, versions in packages.items()
    }


def solve_scenario(scenario: Mapping[str, Any]) -> Solution:
    root = scenario["root"]
    return resolve(
        world_of(scenario.get("packages", {})),
        root["requires"],
        locked=root.get("locked", ()),
        strategy=root.get("strategy", "highest"),
        single=root.get("single", ()),
    )


def edges_of(solution: Solution) -> list[str]:
    return [
        f"{text_of(one)} > {text_of(other)}"
        for one, others in solution.edges.items()
        for other in others
    ]


def facts_of(error: EkaError) -> dict[str, Any]:
    """Return what a scenario may expect of an error."""
    facts: dict[str, Any] = {"error": error.code}
    if isinstance(error, Problems):
        facts["problems"] = [problem.code for problem in error.problems]
    if isinstance(error, Unsatisfiable):
        assert error.explanation.is_minimal
        facts["report"] = error.why.splitlines()
        lines = [leaf.wanted for leaf in error.explanation.leaves if leaf.wanted]
        facts["lines"] = sorted(f"{line.key[1].text} {line.requirement.text}" for line in lines)
    if isinstance(error, DependencyCycle):
        facts["path"] = [text_of(one) for one in error.path]
    if isinstance(error, NoMatchingVersion):
        facts["newest"] = error.newest
    return facts


@pytest.mark.parametrize("path", [marked(path) for path in SCENARIOS])
def test_a_scenario_ends_as_written(path: Path) -> None:
    scenario = load(path)
    expected = scenario["expected"]

    try:
        solution = solve_scenario(scenario)
    except EkaError as error:
        found = facts_of(error)
    else:
        found = {"selected": [text_of(one) for one in solution.edges], "edges": edges_of(solution)}

    assert {name: found.get(name) for name in expected} == expected
