"""Problems of other resolvers, read from a directory that was filled by hand.

It holds checkouts of the public projects, ``packse`` and ``resolvelib``, and of pubgrub's test
examples the file ``large_case_u16_NumberVersion.ron``. Each of their packages becomes an atom of
which one version may be selected, as there; what no requirement of ours can say is left out.
"""

from __future__ import annotations

import json
import re
import tomllib
from itertools import starmap
from typing import TYPE_CHECKING, Any

from tests.fakes.solver_puzzles import Rules
from tests.fakes.versions import FakeVersion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.fakes.versions import World

LARGE_CASE = "large_case_u16_NumberVersion.ron"
_COMPARISON = re.compile(r"(>=|<=|==|=|>|<|~>)? *([0-9]+(?:\.[0-9]+){0,2})(\.\*)?")
_PLAIN_KEYS = {"requires", "yanked", "sdist"}

Edges = dict[int, dict[int, dict[int, tuple[int, int | None]]]]
"""Package -> version -> what it needs: package -> from, and up to but without."""


def large_case(folder: Path) -> Edges | None:
    """Return pubgrub's large case; None if it is not there."""
    path = folder / LARGE_CASE
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"Some\((\d+)\)", r"\1", text).replace("None", "null")
    text = re.sub(r"(\d+):", r'"\1":', text.replace("(", "[").replace(")", "]"))
    found: dict[str, Any] = json.loads(re.sub(r",(\s*[\]}])", r"\1", text))
    return {
        int(package): {
            int(version): {int(other): tuple(ranges[0]) for other, ranges in needs.items()}
            for version, needs in versions.items()
        }
        for package, versions in found.items()
    }


def scenarios(folder: Path) -> Iterator[tuple[str, Rules]]:
    """Yield the scenarios of packse and resolvelib that speak of plain versions alone."""
    for path in sorted((folder / "packse" / "scenarios").rglob("*.toml")):
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        if rules := _packse(scenario):
            yield f"packse {path.stem}", rules
    pods = folder / "resolvelib" / "tests" / "functional" / "cocoapods" / "inputs"
    for path in sorted((pods / "case").glob("*.json")):
        case = _commented(path)
        place = pods / "index" / f"{case.get('index', 'awesome')}.json"
        index = _commented(place)
        if rules := _cocoapods(case, index):
            yield f"cocoapods {path.stem}", rules


def _commented(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read JSON that may hold comments, and commas at ends."""
    text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
    return json.loads(re.sub(r",(\s*[\]}])", r"\1", text))


def _packse(scenario: Mapping[str, Any]) -> Rules | None:
    packages: dict[str, Any] = scenario.get("packages", {})
    root = scenario["root"]
    if set(root) - {"requires"} or scenario.get("environment") or not root.get("requires"):
        return None
    atoms: World = {}
    for label, package in packages.items():
        atoms[label] = {}
        for number, one in package["versions"].items():
            requires = _written(one.get("requires", ()))
            if set(one) - _PLAIN_KEYS or requires is None or _number(number) is None:
                return None
            reason = "it is yanked" if one.get("yanked") else ""
            atoms[label][_number(number) or ""] = FakeVersion(requires, unavailable=reason)
    wanted = _written(root["requires"])
    return _once(atoms, wanted) if wanted else None


def _cocoapods(case: Mapping[str, Any], index: Mapping[str, Any]) -> Rules | None:
    """Return a case over those versions of its index that are plain."""
    atoms: World = {}
    for name, versions in index.items():
        atoms[_label(name)] = made = {}
        for one in versions:
            needs = tuple(starmap(_line, dict(one["dependencies"]).items()))  # [] is none
            number = _number(one["version"])
            if number is not None and None not in needs:
                made[number] = FakeVersion(tuple(line for line in needs if line))
    root = [_line(name, text) for name, text in case["requested"].items()]
    return None if None in root or not root else _once(atoms, [line for line in root if line])


def _once(atoms: World, root: Sequence[str]) -> Rules:
    """Return the problem over the atoms that the root reaches, each wanted once."""
    reached: World = {}
    waiting = list(root)
    while waiting:
        label = waiting.pop().partition(" ")[0]
        if label not in reached and label in atoms:
            reached[label] = atoms[label]
            waiting += [line for one in atoms[label].values() for line in one.requires]
    return Rules(reached, root, list(reached), (), "highest")


def _written(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Return the lines of packse as ours; None if they say more than ours can."""
    found: list[str] = []
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9_-]+) *(.*)", line)
        written = _line(match[1], match[2]) if match else None
        if written is None:
            return None
        found.append(written)
    return tuple(found)


def _line(name: str, text: str) -> str | None:
    parts = [_comparison(part.strip()) for part in text.split(",") if part.strip()]
    if None in parts:
        return None
    return f"{_label(name)} {', '.join(part for part in parts if part) or '>=0'}"


def _comparison(text: str) -> str | None:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        return None
    operator, number, wildcard = match.groups()
    digits = number.split(".")
    if wildcard:
        return f"={number}" if operator in {None, "=", "=="} else None
    if operator == "~>":
        end = [*digits[:-2], str(int(digits[-2]) + 1)] if len(digits) > 1 else []
        return f">={_number(number)}" + (f", <{_number('.'.join(end))}" if end else "")
    return f"{'=' if operator in {None, '=='} else operator}{_number(number)}"


def _number(text: str) -> str | None:
    """Return ``1.2`` as ``1.2.0``; None if it is not up to three plain numbers."""
    if re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){0,2}", text) is None:
        return None
    return ".".join([*text.split("."), "0", "0"][:3])


def _label(name: str) -> str:
    label = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return label if label[0].isalpha() else f"p{label}"
