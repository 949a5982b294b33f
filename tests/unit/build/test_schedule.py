"""The order in which a plan's actions are started, decided without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.build.schedule import Schedule, Task

if TYPE_CHECKING:
    from collections.abc import Mapping


def schedule(tasks: Mapping[str, tuple[str, float | None]], kind: str = "run") -> Schedule:
    """Return a schedule of tasks, written as name: (needs, expected time)."""
    return Schedule(
        {name: Task(kind, needs.split(), expected) for name, (needs, expected) in tasks.items()}
    )


DIAMOND: dict[str, tuple[str, float | None]] = {
    "base": ("", 1.0),
    "quick": ("base", 2.0),
    "slow": ("base", 9.0),
    "top": ("quick slow", 1.0),
}


@pytest.mark.spec("build-order")
def test_the_head_of_the_longest_path_goes_first() -> None:
    plan = schedule(DIAMOND)

    first = plan.take(fetch=False)
    nothing = plan.take(fetch=False)
    plan.done("base")
    then = [plan.take(fetch=False), plan.take(fetch=False), plan.take(fetch=False)]

    assert (first, nothing) == ("base", None)
    assert then == ["slow", "quick", None]


@pytest.mark.spec("build-order")
def test_a_short_task_that_holds_up_much_goes_before_a_longer_one_that_holds_up_nothing() -> None:
    plan = schedule({"leaf": ("", 5.0), "tool": ("", 1.0), "user": ("tool", 9.0)})

    assert [plan.take(fetch=False), plan.take(fetch=False)] == ["tool", "leaf"]


@pytest.mark.spec("build-order")
def test_of_equal_ones_the_first_of_the_plan_goes_first() -> None:
    plan = schedule(dict.fromkeys("dbac", ("", None)))

    assert [plan.take(fetch=False) for _ in range(4)] == list("dbac")


def test_downloads_and_builds_wait_for_different_places() -> None:
    plan = Schedule({"file": Task("fetch", (), None), "tool": Task("run", (), None)})

    assert (plan.take(fetch=True), plan.take(fetch=True)) == ("file", None)
    assert (plan.take(fetch=False), plan.take(fetch=False)) == ("tool", None)


@pytest.mark.spec("build-keep-going")
def test_a_failure_takes_everything_above_it_along_and_nothing_else() -> None:
    tasks: dict[str, tuple[str, float | None]] = {
        "a": ("", None),
        "b": ("a", None),
        "other": ("", None),
        "c": ("b other", None),
    }
    plan = schedule(tasks)

    taken = plan.take(fetch=False)
    lost = plan.failed("a")
    plan.done("other")

    assert (taken, plan.take(fetch=False)) == ("a", "other")
    assert lost == ["b", "c"]
    assert plan.left == 0
    assert plan.take(fetch=False) is None


@pytest.mark.parametrize(
    ("running", "jobs", "left_s"),
    [({}, 4, 11.0), ({"base": 0.5}, 4, 10.5), ({"base": 99.0}, 4, 10.0), ({}, 1, 13.0)],
)
def test_what_is_left_is_the_longest_path_or_all_shared_by_the_jobs(
    running: dict[str, float], jobs: int, left_s: float
) -> None:
    assert schedule(DIAMOND).left_s(running, jobs) == left_s


def test_nothing_is_guessed_when_too_little_is_known() -> None:
    assert schedule({"a": ("", 1.0), "b": ("a", None), "c": ("b", None)}).left_s({}, 1) is None
    assert schedule({"a": ("", 3.0), "b": ("a", None)}).left_s({}, 1) == 6.0


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 15)), st.floats(0.1, 9) | st.none()), max_size=16),
    st.sets(st.integers(0, 15)),
)
def test_every_task_is_taken_once_after_its_needs_or_lost_to_a_failure(
    drawn: list[tuple[set[int], float | None]], bad: set[int]
) -> None:
    needs = {
        str(number): {str(each) for each in below if each < number}
        for number, (below, _) in enumerate(drawn)
    }
    plan = Schedule(
        {name: Task("run", below, drawn[int(name)][1]) for name, below in needs.items()}
    )
    done: list[str] = []
    gone: list[str] = []

    while (name := plan.take(fetch=False)) is not None:
        assert needs[name] <= set(done)
        if int(name) in bad:
            gone += [name, *plan.failed(name)]
        else:
            done.append(name)
            plan.done(name)

    assert plan.left == 0
    assert sorted(done + gone, key=int) == list(needs)
