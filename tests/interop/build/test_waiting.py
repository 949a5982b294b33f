"""Builds that wait for another process, which is at the same action."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed
from eka.store import ActionInput, Plan, Store, TreeInput, action_id, resolved_name

if TYPE_CHECKING:
    from tests.fakes.workbench import Workbench


@pytest.mark.spec("build-once")
def test_nobody_waits_for_another_process_once_all_is_stopped(bench: Workbench) -> None:
    busy, bad = bench.script("echo > $out", name="busy"), bench.script("false", name="bad")
    inputs = {key: each.path for key, each in busy.inputs.items() if isinstance(each, TreeInput)}
    roots = tuple(ActionInput(action_id(each)) for each in (busy, bad))
    before = set(threading.enumerate())

    with (
        Store.open(bench.store.root, durable=False) as other,
        other.lock(f"action {resolved_name(busy, inputs)}"),
        pytest.raises(BuildFailed) as caught,
    ):
        bench.realiser.realise(Plan.of((busy, bad), roots))

    assert caught.value.name == "bad"
    assert set(threading.enumerate()) <= before
