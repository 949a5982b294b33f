"""Many actions at once: in which order, how many, and what becomes of the rest after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed, BuildsFailed, BuildTimedOut, Demands
from eka.store import (
    ActionFailed,
    ActionFinished,
    ActionInput,
    ActionSkipped,
    ActionStarted,
    Plan,
    RunAction,
    RunOutcome,
    Store,
    WorkLeft,
    action_id,
    log_lines,
)
from tests.fakes.workbench import Workbench, plan_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def step(
    bench: Workbench, name: str, script: str = "", needs: Sequence[RunAction] = (), **more: object
) -> RunAction:
    """Return an action that needs others and writes its name after a script."""
    return bench.script(
        f"{script}\necho {name} > $out",
        name=name,
        inputs={f"i{index}": ActionInput(action_id(below)) for index, below in enumerate(needs)},
        **more,
    )


def diamond(bench: Workbench, script: str = "") -> list[RunAction]:
    """Return base, two that need it, and one that needs both."""
    base = step(bench, "base")
    left, right = (step(bench, name, script, [base]) for name in ("left", "right"))
    return [base, left, right, step(bench, "top", "", [left, right])]


def names(bench: Workbench, kind: type) -> list[str]:
    """Return the names in the events of one kind."""
    return [getattr(event, "name", "") for event in bench.events if isinstance(event, kind)]


def most_at_once(bench: Workbench) -> int:
    """Return how many actions ran at one time."""
    running, most = set[str](), 0
    for event in bench.events:
        if isinstance(event, ActionStarted):
            running.add(event.action)
        elif isinstance(event, ActionFinished):
            running.discard(event.action)
        most = max(most, len(running))
    return most


@pytest.mark.spec("build-order")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_diamond_is_built_with_as_many_at_once_as_asked(store: Store, jobs: int) -> None:
    bench = Workbench(store)
    actions = diamond(bench, "sleep 0.3")

    found = bench.realiser.realise(plan_of(*actions), Demands(jobs=jobs))

    assert most_at_once(bench) == jobs
    assert [path.name for path in found.values()] == ["top"]


@pytest.mark.spec("build-order")
def test_what_took_long_before_goes_first_when_it_is_built_again(store: Store) -> None:
    bench = Workbench(store)
    for name, duration_s in (("a", 1), ("b", 1), ("slow", 60), ("c", 1)):
        run = store.runs.begin("0" * 64, name, "run", has_log=False)
        store.runs.end(run, RunOutcome.BUILT, duration_s)
    actions = [step(bench, name) for name in ("a", "b", "slow", "c")]
    last = step(bench, "last", "", actions)

    bench.realiser.realise(plan_of(*actions, last), Demands(jobs=1))

    assert names(bench, ActionStarted) == ["slow", "a", "b", "c", "last"]


def test_how_long_the_rest_takes_is_told_once_that_is_known(store: Store) -> None:
    bench = Workbench(store)
    bench.realise(*diamond(bench, "sleep 0.6"))
    first = [event for event in bench.events if isinstance(event, WorkLeft)]
    bench.events.clear()

    bench.realise(*diamond(bench, "sleep 0.6 # again"), jobs=1)

    second = [event for event in bench.events if isinstance(event, WorkLeft)]
    assert (first[0].actions, first[0].expected_s) == (4, None)
    expected_s = second[0].expected_s
    assert expected_s is not None
    assert 1.2 < expected_s < 20


@pytest.mark.spec("build-keep-going")
def test_what_does_not_need_a_failure_is_still_built(store: Store) -> None:
    bench = Workbench(store)
    bad = step(bench, "bad", "echo why; exit 3")
    lost = step(bench, "lost", "", [bad])
    good = step(bench, "good", "sleep 0.3")
    top = step(bench, "top", "", [lost, good])

    with pytest.raises(BuildFailed) as caught:
        bench.realise(bad, lost, good, top, keep_going=True)

    assert caught.value.name == "bad"
    assert names(bench, ActionFinished) == ["good"]
    assert names(bench, ActionFailed) == ["bad"]
    assert names(bench, ActionSkipped) == ["lost", "top"]
    skipped = [event for event in bench.events if isinstance(event, ActionSkipped)]
    assert {event.failed for event in skipped} == {action_id(bad)}


@pytest.mark.spec("build-keep-going")
@pytest.mark.parametrize("delays", [("0.4", "0"), ("0", "0.4")])
def test_several_failures_are_told_in_the_order_of_the_plan(
    store: Store, delays: tuple[str, str]
) -> None:
    bench = Workbench(store)
    first = step(bench, "first", f"sleep {delays[0]}; sleep 9", timeout_s=1)
    second = step(bench, "second", f"sleep {delays[1]}; exit 1")
    top = step(bench, "top", "", [first, second])

    with pytest.raises(BuildsFailed) as caught:
        bench.realise(second, first, top, keep_going=True, jobs=2)

    assert [type(each) for each in caught.value.problems] == [BuildTimedOut, BuildFailed]
    assert caught.value.worst == 101
    assert caught.value.skipped == 1


def test_what_was_built_beside_a_failure_is_there_the_next_time(store: Store) -> None:
    bench = Workbench(store)
    good, bad = step(bench, "good"), step(bench, "bad", "exit 1")
    top = step(bench, "top", "", [good, bad])
    with pytest.raises(BuildFailed):
        bench.realise(good, bad, top, keep_going=True)
    bench.events.clear()

    with pytest.raises(BuildFailed):
        bench.realise(good, bad, top, keep_going=True)

    assert names(bench, ActionStarted) == ["bad"]


def test_the_outputs_of_several_roots_come_in_the_order_asked_for(store: Store) -> None:
    bench = Workbench(store)
    slow, quick = step(bench, "slow", "sleep 0.3"), step(bench, "quick")
    roots = tuple(ActionInput(action_id(each)) for each in (slow, quick))

    found = bench.realiser.realise(Plan.of([quick, slow], roots), Demands(jobs=2))

    assert [path.name for path in found.values()] == ["slow", "quick"]


def test_a_run_is_remembered_with_its_log_whether_it_succeeds_or_not(store: Store) -> None:
    bench = Workbench(store)
    path = bench.realise(step(bench, "good", "echo said"))
    with pytest.raises(BuildFailed):
        bench.realise(step(bench, "bad", "echo complaint; exit 1"))

    (good,), (bad,) = store.runs.find(path.text), store.runs.find("bad")

    assert (good.name, good.outcome, bad.outcome) == ("good", RunOutcome.BUILT, RunOutcome.FAILED)
    assert good.log is not None
    assert bad.log is not None
    assert list(log_lines(good.log)) == [b"said"]
    assert list(log_lines(bad.log)) == [b"complaint"]
    assert good.duration_ms > 0
