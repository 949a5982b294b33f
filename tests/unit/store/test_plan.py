"""Plans as values: ids, order, trees, resolved names."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from eka.store import (
    ActionInput,
    FetchAction,
    InvalidPlan,
    Layer,
    LayerFormat,
    Plan,
    RunAction,
    StorePath,
    TreeInput,
    UnpackAction,
    action_id,
    canonical_json,
    output_name,
    resolved_name,
)
from eka.store.plan_json import parse_plan

SOURCE = StorePath("0" * 32, "source")
OTHER = StorePath("1" * 32, "source")


def fetch(name: str = "a.deb") -> FetchAction:
    return FetchAction(name=name, urls=("http://example.org/a",), size=3, sha256="0" * 64)


def unpack(*inputs: FetchAction) -> UnpackAction:
    named = {f"f{index}": ActionInput(action_id(each)) for index, each in enumerate(inputs)}
    layers = tuple(Layer(name, LayerFormat.DEB) for name in named)
    return UnpackAction(name="tree", layers=layers, inputs=named)


def run(name: str = "zlib", **inputs: ActionInput | TreeInput) -> RunAction:
    return RunAction(name=name, system="x86_64-linux", builder="/bin/sh", inputs=inputs)


def test_an_id_depends_on_every_field() -> None:
    action = run(src=TreeInput("0" * 64, "src"))
    changes: dict[str, Any] = {
        "name": "lua", "system": "riscv64-linux", "builder": "/bin/dash", "args": ("-c",),
        "env": {"A": "b"}, "inputs": {}, "stage": {"src": "src"}, "rootfs": "src",
        "cwd": "/build/src", "outputs": ("out", "dev"), "timeout_s": 1,
        "requires": ("enter",), "strict_references": True,
    }  # fmt: skip
    assert changes.keys() == {field.name for field in dataclasses.fields(RunAction)}

    ids = {
        action_id(dataclasses.replace(action, **{key: value})) for key, value in changes.items()
    }

    assert len(ids | {action_id(action)}) == len(changes) + 1


@pytest.mark.spec("plan-canonical")
def test_canonical_json_is_dense_sorted_utf_8() -> None:
    assert canonical_json({"b": ["é\n"], "a": None}) == '{"a":null,"b":["é\\n"]}'.encode()


def test_the_order_of_inputs_does_not_matter() -> None:
    one, two = TreeInput("1" * 64, "a"), TreeInput("2" * 64, "a")

    assert action_id(run(a=one, b=two)) == action_id(run(b=two, a=one))


def test_a_plan_is_ordered_by_need() -> None:
    debs = [fetch(f"{number}.deb") for number in range(20)]
    tools = unpack(*debs)
    lib = run("lib", tools=ActionInput(action_id(tools)))
    app = run("app", lib=ActionInput(action_id(lib)), tools=ActionInput(action_id(tools)))
    plan = Plan.of([app, lib, tools, *debs], [ActionInput(action_id(app))])

    order = plan.order()

    assert sorted(order) == sorted(plan.actions)
    assert order[-3:] == [action_id(tools), action_id(lib), action_id(app)]
    assert order == Plan.of([*reversed(debs), lib, tools, app], plan.roots).order()


def test_what_no_root_needs_is_not_in_the_order() -> None:
    wanted, other = fetch("a"), fetch("b")
    plan = Plan.of([wanted, other], [ActionInput(action_id(wanted))])

    assert plan.order() == [action_id(wanted)]


def test_a_long_chain_is_ordered_without_recursion() -> None:
    chain = [run("0")]
    for number in range(1, 5000):
        chain.append(run(str(number), before=ActionInput(action_id(chain[-1]))))
    plan = Plan.of(chain, [ActionInput(action_id(chain[-1]))])

    assert plan.order() == [action_id(action) for action in chain]


@pytest.mark.spec("plan-trees")
def test_trees_are_listed_with_all_their_names() -> None:
    one = run("one", a=TreeInput("1" * 64, "b"), c=TreeInput("0" * 64, "d"))
    two = run("two", a=TreeInput("1" * 64, "a"))

    plan = Plan.of([one, two], [])

    assert plan.trees() == {"0" * 64: ("d",), "1" * 64: ("a", "b")}
    assert json.loads(plan.encode())["trees"] == {"0" * 64: ["d"], "1" * 64: ["a", "b"]}


@pytest.mark.spec("plan-whole")
def test_a_plan_holds_what_it_names() -> None:
    tools = unpack(fetch())

    with pytest.raises(InvalidPlan) as caught:
        Plan.of([tools], [ActionInput(action_id(tools))])

    assert caught.value.where == f"actions.{action_id(tools)}.inputs.f0"


def test_an_output_has_a_name_of_its_own() -> None:
    action = dataclasses.replace(run("zlib"), outputs=("out", "dev"))

    assert [output_name(action, each) for each in action.outputs] == ["zlib", "zlib-dev"]


def test_the_name_of_every_output_must_fit() -> None:
    with pytest.raises(InvalidPlan) as caught:
        dataclasses.replace(run("z" * 198), outputs=("out", "dev"))

    assert caught.value.where == "outputs"


@pytest.mark.spec("plan-resolved")
def test_a_resolved_action_is_known_by_its_inputs_not_by_how_they_were_made() -> None:
    one = run("app", lib=ActionInput(action_id(run("lib-1"))))
    two = run("app", lib=ActionInput(action_id(run("lib-2"))))

    assert action_id(one) != action_id(two)
    assert resolved_name(one, {"lib": SOURCE}) == resolved_name(two, {"lib": SOURCE})
    assert resolved_name(one, {"lib": SOURCE}) != resolved_name(one, {"lib": OTHER})


@pytest.mark.spec("plan-resolved")
def test_mirrors_and_time_limits_do_not_change_a_resolved_action() -> None:
    slow = dataclasses.replace(run(), timeout_s=7200)
    moved = dataclasses.replace(fetch(), urls=("https://mirror.example.org/a",))

    assert resolved_name(run(), {}) == resolved_name(slow, {})
    assert resolved_name(fetch(), {}) == resolved_name(moved, {})
    assert resolved_name(run(), {}) != resolved_name(run("lua"), {})


def test_all_inputs_must_be_resolved() -> None:
    with pytest.raises(ValueError, match="every input"):
        resolved_name(run(src=TreeInput("0" * 64, "src")), {})


@pytest.mark.spec("plan-limits")
def test_too_many_arguments_are_refused() -> None:
    with pytest.raises(InvalidPlan) as caught:
        dataclasses.replace(run(), args=("",) * 10_001)

    assert caught.value.where == "args"


@pytest.mark.spec("plan-limits")
def test_too_large_a_document_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(b" " * ((64 << 20) + 1), "plan.json")

    assert caught.value.where == "plan.json"
    assert "bytes" in caught.value.why


@pytest.mark.spec("plan-limits")
@pytest.mark.parametrize("depth", [33, 5_000, 1_000_000])
def test_too_deep_a_document_is_refused(depth: int) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(b"[" * depth + b"]" * depth, "plan.json")

    assert "deeper than 32" in caught.value.why


@pytest.mark.spec("plan-limits")
def test_too_many_actions_are_refused() -> None:
    many = ",".join(f'"{number:064x}":0' for number in range(100_001))
    text = f'{{"schema":"eka.plan/1","actions":{{{many}}}}}'

    with pytest.raises(InvalidPlan) as caught:
        parse_plan(text.encode(), "plan.json")

    assert caught.value.where == "plan.json: actions"


@pytest.mark.spec("plan-strict")
def test_an_unknown_word_is_answered_with_the_nearest_known_one() -> None:
    data = Plan.of([fetch()], []).encode()

    with pytest.raises(InvalidPlan) as kind:
        parse_plan(data.replace(b'"kind":"fetch"', b'"kind":"fecth"'), "plan.json")
    with pytest.raises(InvalidPlan) as field:
        parse_plan(data.replace(b'"roots"', b'"rots"'), "plan.json")

    assert "did you mean 'fetch'?" in kind.value.why
    assert "did you mean 'rots'?" in field.value.why
