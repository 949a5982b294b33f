"""What a build is made from comes out of caches too: names of actions below, and trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.build.caches import find_sink
from eka.store import ActionInput, PathNotFound, Plan, Store, action_id
from eka.store.cache.push import push
from eka.store_cli.push import sign_closure
from tests.fakes.caches import KEY, OTHER_KEY, RESOLVED, taker
from tests.fakes.store_server import listening
from tests.fakes.workbench import Workbench, plan_of, real_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store import RunAction, StorePath


def copied_parts(bench: Workbench) -> list[RunAction]:
    """Return an action whose output holds, and does not mention, what two others made."""
    parts = [bench.script(f"echo {each} > $out", name=each) for each in ("left", "right")]
    inputs = {each.name: ActionInput(action_id(each)) for each in parts}
    env = {each.name: f"{{{{input:{each.name}}}}}" for each in parts}
    whole = bench.script("cat $left $right > $out", name="whole", inputs=inputs, env=env)
    return [*parts, whole]


@pytest.fixture
def built(tmp_path: Path) -> tuple[Plan, StorePath, StorePath]:
    """A plan built in the store ``there``; its root and the tree that it starts from."""
    with Store.open(tmp_path / "there", durable=False) as store:
        bench = Workbench(store)
        plan = plan_of(*copied_parts(bench))
        (whole,) = bench.realiser.realise(plan).values()
        rootfs = bench.rootfs().path
        sign_closure(store, [whole], KEY)
        store.keep("whole", whole)
        store.keep("rootfs", rootfs)
    return plan, whole, rootfs


def send(home: Path, *paths: StorePath, to: str) -> int:
    with Store.open(home / "there", durable=False) as store, store.lease(paths):
        done = push(store, find_sink(to, home, {}), paths)
    assert {path.name for path in done.pushed} == {path.name for path in paths}
    return done.reductions


@pytest.mark.spec("cache-ancestry")
def test_an_output_that_mentions_nothing_it_was_made_from_is_substituted_alone(
    built: tuple[Plan, StorePath, StorePath], tmp_path: Path
) -> None:
    plan, whole, _ = built
    cache = tmp_path / "cache"

    reductions = send(tmp_path, whole, to=str(cache))

    with taker(tmp_path / "here", cache) as here:
        assert here.take(plan, no_build=True) == whole
        assert here.finished == {"whole": "substituted"}
        assert here.store.info().paths == 1
    assert reductions == 3


@pytest.mark.spec("cache-ancestry")
def test_a_server_tells_what_it_was_told_of_paths_it_never_had(
    built: tuple[Plan, StorePath, StorePath], tmp_path: Path
) -> None:
    plan, whole, _ = built
    with Store.open(tmp_path / "middle", durable=False) as store:
        store.trust(KEY.public, RESOLVED)

    with listening(tmp_path / "middle", "--http", "127.0.0.1:0", "--writable") as address:
        reductions = send(tmp_path, whole, to=address)
        with taker(tmp_path / "here", address) as here:
            assert here.take(plan, no_build=True) == whole
            assert here.finished == {"whole": "substituted"}

    assert reductions == 3


@pytest.mark.spec("cache-trees")
def test_trees_are_had_from_a_cache_though_nobody_is_trusted(
    built: tuple[Plan, StorePath, StorePath], tmp_path: Path
) -> None:
    plan, whole, rootfs = built
    cache = tmp_path / "cache"
    send(tmp_path, rootfs, to=str(cache))

    with taker(tmp_path / "here", cache, trusts=(OTHER_KEY,), sandbox=real_sandbox()) as here:
        taken = here.take(plan)
        told = here.finished

    assert taken == whole
    assert told == {"left": "built", "right": "built", "whole": "built"}


def test_a_tree_that_is_nowhere_is_named(
    built: tuple[Plan, StorePath, StorePath], tmp_path: Path
) -> None:
    plan, whole, rootfs = built
    send(tmp_path, whole, to=str(tmp_path / "cache"))

    with (
        taker(tmp_path / "here", tmp_path / "cache", trusts=()) as here,
        pytest.raises(PathNotFound) as caught,
    ):
        here.take(plan)

    assert caught.value.path == rootfs.text
