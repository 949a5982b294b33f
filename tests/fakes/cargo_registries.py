"""Registries as they grow: atoms with histories, which need what was new when they were made.

Requirements are written as Cargo writes them, so Cargo can be asked the same question.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import Requirement, Version
from eka.resolve import Dependencies, Wanted
from tests.fakes.versions import FakeVersions, key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.resolve import Request, ResolveKey

History = dict[str, dict[str, str]]
"""Version -> what it needs: name -> requirement."""


@dataclass(frozen=True)
class Registry:
    """What is published, and what a project wants of it."""

    atoms: dict[str, History]
    root: dict[str, str]

    def wanted(self) -> tuple[Wanted, ...]:
        """Return the lines of the project."""
        return tuple(Wanted(key(name), Requirement(text)) for name, text in self.root.items())

    def provider(self) -> Published:
        """Return what answers a search."""
        return Published(self)


class Published(FakeVersions):
    """Answers for a registry; reads a manifest when it is asked for, and counts how often."""

    def __init__(self, registry: Registry) -> None:
        super().__init__({})
        self.manifest_rounds = 0
        self._atoms = registry.atoms
        self._requirements: dict[str, Requirement] = {}
        self._keys = {name: key(name) for name in registry.atoms}

    def versions(self, keys: Sequence[ResolveKey]) -> Mapping[ResolveKey, Sequence[Version]]:
        self.rounds += 1
        return {each: tuple(map(Version.parse, self._atoms[each[1].text])) for each in keys}

    def dependencies(self, requests: Sequence[Request]) -> Mapping[Request, Dependencies]:
        self.rounds += 1
        self.manifest_rounds += 1
        self.asked += requests
        return {each: Dependencies(tuple(self._lines(each))) for each in requests}

    def _lines(self, request: Request) -> Iterator[Wanted]:
        (_, label), version = request
        for other, text in self._atoms[label.text][version.text].items():
            requirement = self._requirements.get(text)
            if requirement is None:
                requirement = self._requirements[text] = Requirement(text)
            yield Wanted(self._keys[other], requirement, label.text)


def grown(count: int, seed: int, *, tight: float = 0.0, needs: int = 4) -> Registry:
    """Return a registry of ``count`` atoms.

    Args:
        count: How many atoms; each has about 14 versions.
        seed: Which of all such registries.
        tight: The share of requirements that allow one version (`=`), or one minor (`~`).
        needs: How many atoms a version needs on average.
    """
    rng = random.Random(f"{count}/{seed}/{tight}/{needs}")
    histories = [_history(rng) for _ in range(count)]
    atoms = {
        _name(at): _needs(rng, at, histories, tight=tight, needs=needs) for at in range(count)
    }
    roots = sorted(rng.sample(range(max(1, count // 10)), max(1, min(count // 10, 12))))
    return Registry(atoms, {_name(at): _wish(rng, histories[at]) for at in roots})


def _name(at: int) -> str:
    return f"pkg{at:05}"


def _needs(
    rng: random.Random, at: int, histories: list[list[str]], *, tight: float, needs: int
) -> History:
    """Return what each version of an atom needs: mostly the same atoms all the time."""
    span = range(at + 1, min(len(histories), at + 1 + max(12, len(histories) // 8)))
    usual = rng.sample(span, min(len(span), rng.randint(0, 2 * needs)))
    made: History = {}
    for place, version in enumerate(histories[at]):
        if usual and rng.random() < 0.1:
            usual[rng.randrange(len(usual))] = rng.choice(span)
        age = place / len(histories[at])
        made[version] = {
            _name(other): _requirement(rng, histories[other], age, tight) for other in set(usual)
        }
    return made


def _history(rng: random.Random) -> list[str]:
    """Return versions in the order of their publication, which is their order."""
    major, minor, patch = rng.choice([(0, 1, 0), (0, 1, 0), (1, 0, 0)])
    found: list[str] = []
    for _ in range(rng.randint(4, 24)):
        found.append(f"{major}.{minor}.{patch}")
        step = rng.random()
        if step < 0.06:
            major, minor, patch = major + 1, 0, 0
        elif step < 0.35:
            minor, patch = minor + 1, 0
        else:
            patch += 1
    return found


def _requirement(rng: random.Random, history: list[str], age: float, tight: float) -> str:
    """Return a requirement on a version that was new when its line was written."""
    at = min(len(history) - 1, max(0, round(age * len(history)) - rng.randint(0, 4)))
    version = history[at]
    if rng.random() < tight:
        return f"{rng.choice('=~')}{version}"
    return f">={version}" if rng.random() < 0.05 else f"^{version}"


def _wish(rng: random.Random, history: list[str]) -> str:
    return f"^{rng.choice(history[len(history) // 2 :])}"


def write_for_cargo(registry: Registry, folder: Path) -> Path:
    """Write a registry as cargo's, and a project that wants what the root wants.

    Returns:
        The project; ``cargo generate-lockfile --offline`` locks it.
    """
    index, project = folder / "registry" / "index", folder / "project"
    for name, history in registry.atoms.items():
        place = index / name[:2] / name[2:4] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        lines = [_cargo_line(name, version, needs) for version, needs in history.items()]
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (project / "src").mkdir(parents=True)
    (project / "src" / "lib.rs").touch()
    (project / ".cargo").mkdir()
    (project / ".cargo" / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "local"\n'
        f'[source.local]\nlocal-registry = "{index.parent}"\n',
        encoding="utf-8",
    )
    head = '[package]\nname = "project"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
    wishes = "".join(f'{name} = "{text}"\n' for name, text in registry.root.items())
    (project / "Cargo.toml").write_text(head + wishes, encoding="utf-8")
    return project


def _cargo_line(name: str, version: str, needs: Mapping[str, str]) -> str:
    deps: list[dict[str, object]] = [
        {
            "name": other, "req": text, "features": [], "optional": False,
            "default_features": True, "target": None, "kind": "normal",
        }
        for other, text in needs.items()
    ]  # fmt: skip
    return json.dumps({
        "name": name, "vers": version, "deps": deps, "cksum": "0" * 64,
        "features": {}, "yanked": False,
    })  # fmt: skip
