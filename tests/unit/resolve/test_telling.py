"""The order of an explanation where facts do not simply follow from each other."""

from __future__ import annotations

from itertools import combinations

import pytest

from eka.resolve import Unsatisfiable, telling
from tests.fakes.versions import resolve, world


def crowd(guests: int, rooms: int) -> Unsatisfiable:
    """Return why guests do not fit into fewer rooms, of which each takes one.

    Guest *g* is an atom with a version for each room. Two guests in one room want different
    versions of an atom that stands for the two and the room.
    """
    names = "abcdefg"[:guests]
    texts: dict[str, list[str]] = {
        f"{name} 1.{room}.0": [] for name in names for room in range(rooms)
    }
    for one, other in combinations(names, 2):
        for room in range(rooms):
            meeting = f"{one}{other}{room}"
            texts[f"{one} 1.{room}.0"].append(f"{meeting} =1.0.0")
            texts[f"{other} 1.{room}.0"].append(f"{meeting} =1.1.0")
            texts |= {f"{meeting} 1.0.0": [], f"{meeting} 1.1.0": []}
    with pytest.raises(Unsatisfiable) as caught:
        resolve(world(texts), [f"{name} ^1" for name in names])
    return caught.value


def conclusions(error: Unsatisfiable) -> list[str]:
    return [each.text for each in error.explanation.sentences if each.is_conclusion]


def test_versions_are_ruled_out_where_facts_meet_in_no_other_way() -> None:
    error = crowd(3, 2)

    assert error.explanation.is_minimal
    assert len(conclusions(error)) == 2
    assert conclusions(error) == [
        "so b 1.0.0 cannot be selected: no version of ab0 meets both =1.1.0 and =1.0.0",
        "so no version of ac0 meets both =1.0.0 and =1.1.0",
    ]


def test_cases_may_lie_in_cases() -> None:
    error = crowd(4, 3)

    told = conclusions(error)
    assert error.explanation.is_minimal
    assert len(told) > 3
    assert told[-1].startswith("so no version of")


def test_what_needs_deeper_cases_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_MAX_DEPTH", 0)

    error = crowd(4, 3)

    assert conclusions(error) == ["so nothing fits all of this, as the solver found"]
    assert len(error.explanation.leaves) == 40


def test_what_takes_too_many_facts_is_listed() -> None:
    error = crowd(5, 4)

    assert conclusions(error) == ["so nothing fits all of this, as the solver found"]
