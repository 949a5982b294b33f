"""Locks that are large, or have more ways through them than there are atoms in the universe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import encode_lock, parse_manifest, requirements_digest
from tests.fakes.few_locks import URLS, a_lock
from tests.limits import confined
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

ATOMS, LAYER, RUNGS = 3000, 200, 300
THINKING_S = (
    5  # of which reading the lock takes less than one, on a machine that does nothing else
)
TEXT = (
    '[package]\nlabel = "top"\nversion = "1.0.0"\n'
    f'[package.sets]\ncore = "{URLS["core"]}"\n[deps.from.core]\nn0 = "^1"\n'
)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(tmp_path_factory.mktemp("home"))


def write(place: Path, lines: list[str]) -> None:
    """Write a project that needs ``n0``, and its lock."""
    place.mkdir(exist_ok=True)
    (place / "atom.toml").write_text(TEXT)
    requirements = requirements_digest(parse_manifest(TEXT.encode(), "atom.toml"))
    text = encode_lock(a_lock(*lines)).decode().replace("0" * 64, requirements, 1)
    (place / "atom.lock").write_text(text)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose lock has 3000 atoms in layers; each needs five of the next one."""
    lines = ["n0 1.0.0 > " + ", ".join(f"n{each} 1.0.0" for each in range(1, LAYER))]
    for number in range(1, ATOMS):
        first = (number // LAYER + 1) * LAYER
        below = {first + (number * step) % LAYER for step in (1, 3, 7, 11, 13)}
        needs = ", ".join(f"n{each} 1.0.0" for each in sorted(below) if each < ATOMS)
        lines.append(f"n{number} 1.0.0 > {needs}" if needs else f"n{number} 1.0.0 > ")
    place = tmp_path_factory.mktemp("large")
    write(place, lines)
    return place


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with 2 ** 300 ways to the last atom of its lock."""
    lines: list[str] = []
    for rung in range(RUNGS):
        lines.append(f"n{rung} 1.0.0 > l{rung} 1.0.0, r{rung} 1.0.0")
        lines += [f"{side}{rung} 1.0.0 > n{rung + 1} 1.0.0" for side in "lr"]
    place = tmp_path_factory.mktemp("ladder")
    write(place, lines)
    return place


@pytest.mark.parametrize(
    "words",
    [
        ("tree",),
        ("tree", "--depth", "7"),
        ("tree", "--invert", f"n{ATOMS - 1}"),
        ("tree", "--duplicates"),
        ("why", f"n{ATOMS - 1}", "--all", "--offline"),
        ("diff", "--lock", "atom.lock", "atom.lock"),
    ],
)
def test_a_large_lock_is_read_in_little_time(
    person: Person, large: Path, words: tuple[str, ...]
) -> None:
    answer = confined(person, large, *words, thinking_s=THINKING_S)

    assert answer.status == 0
    assert answer.document["schema"] == f"eka.{words[0]}/1"


@pytest.mark.spec("why-ways")
def test_very_many_ways_are_counted_as_far_as_it_makes_sense(person: Person, ladder: Path) -> None:
    few = confined(person, ladder, "why", f"n{RUNGS}", "--offline", thinking_s=THINKING_S)
    text = person.does(ladder, "why", f"n{RUNGS}", "--offline").out

    (found,) = few.document["atoms"]
    assert (found["total"], len(found["ways"])) == (10**9, 3)
    assert {len(way) for way in found["ways"]} == {2 * RUNGS + 1}
    assert "and very many more" in text


@pytest.mark.spec("tree-once")
def test_a_deep_tree_is_cut_however_it_is_shown(person: Person, ladder: Path) -> None:
    whole = confined(person, ladder, "tree", "--no-dedupe", thinking_s=THINKING_S)
    lines = person.does(ladder, "tree", "--invert", f"n{RUNGS}").out.splitlines()
    every = person.does(ladder, "tree", "--no-dedupe", "--depth", "40").out.splitlines()

    assert len(whole.document["projects"][0]["atoms"]) == 3 * RUNGS + 2
    assert len(lines) < 6 * RUNGS
    assert any(line.endswith(" ...") for line in lines)
    assert every[-1].startswith("cut after 100000 lines")
