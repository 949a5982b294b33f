"""What the search asks, and how it takes answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import Version
from eka.resolve import (
    Answer,
    Need,
    NoSuchPackage,
    Solution,
    Unavailable,
    Unsatisfiable,
    drive,
    solve,
)
from tests.fakes.versions import FakeVersions, answer, key, lines, request, text_of, world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.resolve import Dependencies, Request, ResolveKey

CHAIN = world({
    "a 1.0.0": ["b ^1"], "a 1.1.0": ["b ^1.1"],
    "b 1.0.0": [], "b 1.1.0": ["c ^1"], "b 1.2.0": ["c ^1"],
    "c 1.0.0": [], "c 1.1.0": [],
})  # fmt: skip

# Every new version of `top` ends at `pin 1.1.0`, which the project refuses.
CONFLICTS = world(
    {f"top 1.{n}.0": [f"mid =1.{n}.0"] for n in range(1, 20)}
    | {f"mid 1.{n}.0": ["pin =1.1.0"] for n in range(1, 20)}
    | {"top 1.0.0": [], "pin 1.0.0": [], "pin 1.1.0": []}
)


class Sparing(FakeVersions):
    """Answers the first item of every question, and nothing else."""

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        return super().versions(keys[:1])

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        return super().dependencies(requests[:1])


class Offline(FakeVersions):
    """Knows no versions of `far`."""

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        found = dict(super().versions(keys))
        if key("far") in found:
            found[key("far")] = Unavailable("it is not in the cache")
        return found


def selected(solution: Solution) -> list[str]:
    return [text_of(one) for one in solution.edges]


@pytest.mark.spec("resolution-rounds")
def test_without_conflict_only_selected_versions_are_read_in_two_rounds_a_level() -> None:
    depth = 12
    chain = {f"p{n} 1.{m}.0": [f"p{n + 1} ^1"] for n in range(1, depth) for m in range(3)}
    provider = FakeVersions(world(chain | {f"p{depth} 1.0.0": []}))

    solution = drive(solve(lines(["p1 ^1"])), provider)

    assert provider.rounds == 2 * depth
    assert sorted(provider.asked) == list(solution.edges)


def test_what_all_lines_need_is_asked_together() -> None:
    search = solve(lines(["a ^1", "c ^1"]))
    provider = FakeVersions(CHAIN)

    first = next(search)
    second = search.send(answer(provider, first))

    assert first == Need((key("a"), key("c")))
    assert second == Need((), (request("a 1.1.0"), request("c 1.1.0")))


@pytest.mark.spec("resolution-need")
def test_an_answer_may_hold_everything_at_once() -> None:
    provider = FakeVersions(CHAIN)
    search = solve(lines(["a ^1"]))
    next(search)

    with pytest.raises(StopIteration) as end:
        search.send(Answer(provider.listed, provider.needs))

    solution: Solution = end.value.value
    assert selected(solution) == ["a 1.1.0", "b 1.2.0", "c 1.1.0"]


@pytest.mark.spec("resolution-need", "resolution-deterministic")
def test_answers_of_one_item_give_the_same_solution() -> None:
    root = lines(["top *", "pin =1.0.0"])
    at_once = drive(solve(root), FakeVersions(CONFLICTS))

    one_by_one = drive(solve(root), Sparing(CONFLICTS))

    assert one_by_one == at_once
    assert selected(at_once) == ["pin 1.0.0", "top 1.0.0"]


@pytest.mark.spec("resolution-need")
def test_a_later_answer_does_not_replace_an_earlier_one() -> None:
    empty = FakeVersions(CHAIN).needs[request("c 1.0.0")]
    search = solve(lines(["a ^1", "c ^1"]))
    next(search)
    listed = {key("a"): [Version(1, 0, 0)], key("c"): [Version(1, 0, 0)]}
    search.send(Answer(listed, {request("c 1.0.0"): empty}))
    changed = Answer(
        {key("c"): Unavailable("it moved")},
        {request("c 1.0.0"): Unavailable("it is yanked"), request("a 1.0.0"): empty},
    )

    with pytest.raises(StopIteration) as end:
        search.send(changed)

    solution: Solution = end.value.value
    assert selected(solution) == ["a 1.0.0", "c 1.0.0"]


def test_an_answer_without_news_is_the_fault_of_the_caller() -> None:
    search = solve(lines(["a ^1"]))
    next(search)
    search.send(Answer())

    with pytest.raises(RuntimeError):
        search.send(Answer())


def test_an_answer_without_dependencies_is_asked_again_then_refused() -> None:
    search = solve(lines(["a ^1"]))
    next(search)
    need = search.send(Answer({key("a"): [Version(1, 0, 0)]}))

    again = search.send(Answer())

    assert need == again == Need((), (request("a 1.0.0"),))
    with pytest.raises(RuntimeError):
        search.send(Answer())


def test_the_more_versions_fail_the_more_are_asked_at_once() -> None:
    provider = FakeVersions(CONFLICTS)

    drive(solve(lines(["top *", "pin =1.0.0"])), provider)

    assert provider.rounds < 20


def test_a_project_without_requirements_asks_nothing() -> None:
    search = solve([])

    with pytest.raises(StopIteration) as end:
        next(search)

    assert end.value.value == Solution({}, {}, ())


def test_an_atom_that_cannot_be_listed_says_why() -> None:
    provider = Offline(world({"a 1.0.0": ["far ^1"]}))

    with pytest.raises(Unsatisfiable) as caught:
        drive(solve(lines(["a ^1"])), provider)

    leaf = caught.value.explanation.leaves[-1]
    assert (leaf.kind, leaf.cause, leaf.reason) == ("unmet", "unlisted", "it is not in the cache")


def test_a_line_of_the_project_that_cannot_be_listed_says_why() -> None:
    provider = Offline(world({}))

    with pytest.raises(NoSuchPackage) as caught:
        drive(solve(lines(["far ^1"])), provider)

    assert caught.value.why == "it is not in the cache"
