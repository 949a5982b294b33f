"""Outputs from binary caches in place of builds: what is taken, what is refused, what is told."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from eka.build.cache_errors import BuildersDisagree, NotInCaches
from eka.store import (
    ActionInput,
    FetchAction,
    Plan,
    Reduction,
    Store,
    action_id,
    read_tree,
    tree_path,
)
from eka.store.trust import reduction_statement
from tests.fakes.caches import KEY, OTHER_KEY, RESOLVED, built, pushed, taker, three_actions
from tests.fakes.store_server import listening
from tests.fakes.workbench import Workbench, plan_of, real_sandbox
from tests.servers.nix_cache import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.store import StorePath


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path, Path]:
    """A plan, the store it was built in, and a cache of what came of it."""
    home = tmp_path_factory.mktemp("made")
    plan = built(home / "builder")
    pushed(home / "builder", home / "cache")
    return plan, home / "builder", home / "cache"


@pytest.fixture
def plan(made: tuple[Plan, Path, Path]) -> Plan:
    return made[0]


@pytest.fixture
def cache(made: tuple[Plan, Path, Path], tmp_path: Path) -> Path:
    """A copy of the cache, to be harmed."""
    shutil.copytree(made[2], tmp_path / "cache")
    return tmp_path / "cache"


def documents(cache: Path, area: str) -> Iterator[tuple[Path, list[dict[str, object]]]]:
    for file in sorted((cache / area).iterdir()):
        yield file, [json.loads(line) for line in file.read_text().splitlines()]


def rewrite(file: Path, lines: list[dict[str, object]]) -> None:
    text = (json.dumps(each, sort_keys=True, separators=(",", ":")) for each in lines)
    file.write_text("".join(f"{line}\n" for line in text))


@pytest.mark.spec("cache-substitute")
def test_a_store_that_built_nothing_takes_a_plan_from_a_directory(
    plan: Plan, cache: Path, tmp_path: Path
) -> None:
    with taker(tmp_path / "s", cache) as here:
        path = here.take(plan)

        # Only what the root needs was fetched, and of its inputs only what it refers to.
        assert here.finished == {"three": "substituted"}
        assert here.troubles == []
        assert {each.name for each in here.store.closure([path])} == {"one", "two", "three"}
        assert here.store.verify() == []
        assert (here.store.physical(path) / "text").read_text() == "one\n"


@pytest.mark.spec("cache-http")
def test_any_web_server_can_serve_a_cache(plan: Plan, cache: Path, tmp_path: Path) -> None:
    with served(cache) as address, taker(tmp_path / "s", address) as here:
        here.take(plan, no_build=True)

        assert (here.finished, here.troubles) == ({"three": "substituted"}, [])


@pytest.mark.spec("cache-served")
@pytest.mark.spec("cache-batch")
def test_a_store_is_itself_a_cache(
    made: tuple[Plan, Path, Path], plan: Plan, tmp_path: Path
) -> None:
    with (
        listening(made[1], "--http", "127.0.0.1:0") as address,
        taker(tmp_path / "s", address) as here,
    ):
        here.take(plan, no_build=True)

        assert (here.finished, here.troubles) == ({"three": "substituted"}, [])
        assert here.store.verify() == []


def test_what_is_there_is_not_asked_for_again(plan: Plan, cache: Path, tmp_path: Path) -> None:
    with taker(tmp_path / "s", cache) as here:
        path = here.take(plan)
    shutil.rmtree(cache)

    with taker(tmp_path / "s", cache) as again:
        assert again.take(plan) == path
        assert (again.finished, again.troubles) == ({"three": "cached"}, [])


@pytest.mark.spec("cache-trust")
def test_what_an_unknown_key_signed_is_built_here(
    plan: Plan, made: tuple[Plan, Path, Path], cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(made[1], tmp_path / "s")  # with the tree that is needed to build

    with taker(tmp_path / "t", cache, trusts=()) as here:
        with pytest.raises(NotInCaches) as raised:
            here.take(plan, no_build=True)

        assert raised.value.names == ("one", "two", "three")
        assert here.troubles == [(str(cache), "not-trusted")]
        assert here.store.info().paths == 0


@pytest.mark.spec("cache-trust")
def test_a_forged_signature_is_noticed_and_the_cache_named(
    plan: Plan, cache: Path, tmp_path: Path
) -> None:
    for file, lines in documents(cache, "resolved"):
        for line in lines[1:]:
            line["evidence"] = "forged"
        rewrite(file, lines)

    with taker(tmp_path / "s", cache) as here, pytest.raises(NotInCaches):
        here.take(plan, no_build=True)

    assert here.troubles == [(str(cache), "cache-false")]


def say(store_root: Path, cache: Path) -> None:
    """Let a second builder sign what the first one built, and push that."""
    with Store.open(store_root, durable=False) as store:
        path = store.kept()["result"]
        for each in store.closure([path]):
            for fact in store.leading_to(each):
                if fact.by == "local" and fact.kind == "resolved":
                    store.sign_reduction(fact, OTHER_KEY)
    pushed(store_root, cache)


@pytest.mark.spec("reduction-builders")
@pytest.mark.spec("cache-trust")
def test_two_of_two_builders_must_have_signed_where_two_are_required(
    made: tuple[Plan, Path, Path], plan: Plan, cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(made[1], tmp_path / "builder")
    with taker(tmp_path / "s", cache, trusts=(KEY, OTHER_KEY)) as alone:
        alone.store.require_builders(RESOLVED, 2)
        with pytest.raises(NotInCaches):
            alone.take(plan, no_build=True)

    say(tmp_path / "builder", tmp_path / "second")

    # Each cache has the signature of one builder; together they are enough.
    with taker(tmp_path / "s", cache, tmp_path / "second", trusts=()) as both:
        both.take(plan, no_build=True)
        assert both.finished == {"three": "substituted"}


@pytest.mark.spec("cache-trust")
def test_builders_that_disagree_are_told_of_and_neither_is_taken(
    plan: Plan, cache: Path, tmp_path: Path
) -> None:
    other = "0" * 32 + "-three"
    for file, lines in documents(cache, "resolved"):
        if str(lines[1]["path"]).endswith("-three"):
            fact = Reduction("resolved", f"{file.stem}!out", other, OTHER_KEY.name, "bubblewrap")
            lines.append({
                "output": "out", "path": other, "by": fact.by, "evidence": fact.evidence,
                "signature": OTHER_KEY.sign(reduction_statement(fact)).text,
            })  # fmt: skip
            rewrite(file, lines)

    with taker(tmp_path / "s", cache, trusts=(KEY, OTHER_KEY)) as here:
        with pytest.raises(BuildersDisagree) as raised:
            here.take(plan, no_build=True)

        assert (raised.value.name, raised.value.exit_status) == ("three", 104)
        assert [code for _, code in here.troubles] == ["builders-disagree"]
        assert len(here.store.nondeterminism()) == 1


def harm_object(cache: Path, change: object) -> None:
    for file in (cache / "object").iterdir():
        data = file.read_bytes()
        file.write_bytes(data[:-9] if change == "cut" else data[:60] + b"?" + data[61:])


@pytest.mark.parametrize("change", ["cut", "changed"])
@pytest.mark.spec("cache-checked")
@pytest.mark.spec("cache-degrades")
def test_a_harmed_object_is_refused_and_another_cache_is_asked(
    made: tuple[Plan, Path, Path], plan: Plan, cache: Path, tmp_path: Path, change: str
) -> None:
    harm_object(cache, change)

    with taker(tmp_path / "s", cache, made[2]) as here:
        here.take(plan, no_build=True)

        assert here.finished == {"three": "substituted"}
        assert here.troubles == [(str(cache), "cache-false")]
        assert here.store.verify() == []


@pytest.mark.spec("cache-degrades")
def test_what_only_a_lying_cache_has_is_built(
    made: tuple[Plan, Path, Path], plan: Plan, cache: Path, tmp_path: Path
) -> None:
    harm_object(cache, "cut")
    give_trees(made[1], plan, tmp_path / "s")

    with taker(tmp_path / "s", cache, sandbox=real_sandbox()) as here:
        here.take(plan)

        assert set(here.finished.values()) == {"built"}
        assert here.troubles == [(str(cache), "cache-false")]


def give_trees(builder: Path, plan: Plan, root: Path) -> None:
    """Put the trees of a plan into another store."""
    with Store.open(builder, durable=False) as source, Store.open(root, durable=False) as store:
        for tree, names in plan.trees().items():
            for name in names:
                path = tree_path(tree, name)
                store.keep(f"tree/{name}", store.add_tree(name, read_tree(source.physical(path))))


@pytest.mark.parametrize("field", ["references", "size_bytes", "content", "path"])
@pytest.mark.spec("cache-checked")
@pytest.mark.spec("cache-references")
def test_a_false_document_is_refused(plan: Plan, cache: Path, tmp_path: Path, field: str) -> None:
    false: dict[str, object] = {
        "references": [],
        "size_bytes": 1,
        "content": "0" * 64,
        "path": "0" * 32 + "-two",
    }
    for file, (line,) in documents(cache, "info"):
        if str(line["path"]).endswith("-three"):
            rewrite(file, [{**line, field: false[field], "signatures": []}])

    with taker(tmp_path / "s", cache) as here, pytest.raises(NotInCaches):
        here.take(plan, no_build=True)

    assert here.troubles == [(str(cache), "cache-false")]
    with Store.open(tmp_path / "s", durable=False) as store:
        assert store.verify() == []


@pytest.mark.spec("cache-degrades")
def test_a_cache_that_is_down_is_told_once_and_the_next_is_asked(
    plan: Plan, cache: Path, tmp_path: Path
) -> None:
    with taker(tmp_path / "s", "http://127.0.0.1:1", cache) as here:
        here.take(plan, no_build=True)

        assert here.finished == {"three": "substituted"}
        assert here.troubles == [("http://127.0.0.1:1", "cache-unreachable")]


@pytest.mark.spec("cache-order-asked")
def test_a_closure_may_come_from_several_caches(
    made: tuple[Plan, Path, Path], plan: Plan, cache: Path, tmp_path: Path
) -> None:
    for file, (line,) in documents(cache, "info"):
        if str(line["path"]).endswith("-one"):
            file.unlink()

    with taker(tmp_path / "s", cache, made[2]) as here:
        here.take(plan, no_build=True)

        assert (here.finished, here.troubles) == ({"three": "substituted"}, [])


@pytest.mark.spec("cache-substitute")
def test_a_change_that_changes_no_output_cuts_the_rest_off(cache: Path, tmp_path: Path) -> None:
    with taker(tmp_path / "s", cache, sandbox=real_sandbox()) as here:
        bench = Workbench(here.store)
        actions = three_actions(bench, "echo one > $out/text # a comment")

        here.take(plan_of(*actions))

        # The first is built, as nobody did that before; its output names the next one.
        assert here.finished == {"one": "built", "two": "substituted", "three": "substituted"}
        assert here.troubles == []


def test_a_change_that_matters_is_built(cache: Path, tmp_path: Path) -> None:
    with taker(tmp_path / "s", cache, sandbox=real_sandbox()) as here:
        actions = three_actions(Workbench(here.store), "echo other > $out/text")

        here.take(plan_of(*actions))

        assert set(here.finished.values()) == {"built"}


def test_what_a_cache_gave_can_be_built_again_and_compared(
    made: tuple[Plan, Path, Path], plan: Plan, cache: Path, tmp_path: Path
) -> None:
    give_trees(made[1], plan, tmp_path / "s")

    with taker(tmp_path / "s", cache, sandbox=real_sandbox()) as here:
        path = here.take(plan, check=True)

        assert here.finished["three"] == "built"
        assert path in here.store.closure([path])
        assert here.store.nondeterminism() == []


def fetch_plan(data: bytes) -> Plan:
    action = FetchAction(
        name="file.txt",
        urls=("http://127.0.0.1:1/file.txt",),
        size=len(data),
        sha256=sha256(data).hexdigest(),
    )
    return Plan.of([action], [ActionInput(action_id(action))])


def file_cache(root: Path, cache: Path, data: bytes) -> StorePath:
    """Push a file that a fetch action downloaded, unsigned."""
    (root.parent / "files").mkdir(exist_ok=True)
    (root.parent / "files" / "file.txt").write_bytes(data)
    with served(root.parent / "files") as address, Store.open(root, durable=False) as store:
        (identity,) = fetch_plan(data).actions
        action = fetch_plan(data).actions[identity]
        assert isinstance(action, FetchAction)
        here = FetchAction(
            name=action.name,
            urls=(f"{address}/file.txt",),
            size=action.size,
            sha256=action.sha256,
        )
        path = Workbench(store).realise(here)
        store.keep("result", path)
    pushed(root, cache)
    return path


@pytest.mark.spec("cache-fetch")
@pytest.mark.spec("cache-file")
def test_a_download_is_had_from_a_cache_that_nobody_trusts(tmp_path: Path) -> None:
    path = file_cache(tmp_path / "builder", tmp_path / "cache", b"hello")

    with taker(tmp_path / "s", tmp_path / "cache", trusts=()) as here:
        assert here.take(fetch_plan(b"hello"), no_build=True) == path
        assert (here.finished, here.troubles) == ({"file.txt": "substituted"}, [])


@pytest.mark.spec("cache-fetch")
def test_a_download_with_another_hash_is_not_taken(tmp_path: Path) -> None:
    file_cache(tmp_path / "builder", tmp_path / "cache", b"hello")
    plan = fetch_plan(b"jello")
    (action,) = plan.actions.values()
    assert isinstance(action, FetchAction)
    (file,) = (tmp_path / "cache/file").iterdir()
    line = json.loads(file.read_text())
    rewrite(file.with_name(f"{action.sha256}.json"), [{**line, "sha256": action.sha256}])

    with (
        taker(tmp_path / "s", tmp_path / "cache", trusts=()) as here,
        pytest.raises(NotInCaches),
    ):
        here.take(plan, no_build=True)

    assert here.troubles == [(str(tmp_path / "cache"), "cache-false")]
