"""Outputs of a kind that a careful builder would not make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eka.build import BuildFailed
from eka.store import ActionInput, Plan, action_id

if TYPE_CHECKING:
    from tests.fakes.workbench import Workbench

DEEP = (
    "mkdir $out; echo > $dev; cd $out; i=0; "
    "while [ $i -lt {levels} ]; do mkdir {name}; cd {name}; i=$((i+1)); done"
)


@pytest.mark.spec("build-siblings")
@pytest.mark.spec("tree-stream")
@pytest.mark.parametrize(("levels", "name"), [(1200, "d"), (20, "d" * 200)])
def test_several_outputs_that_lie_too_deep_are_a_failure_of_the_build(
    bench: Workbench, levels: int, name: str
) -> None:
    script = DEEP.format(levels=levels, name=name)
    action = bench.script(script, outputs=("out", "dev"), env={"dev": "{{output:dev}}"})
    identity = action_id(action)

    with pytest.raises(BuildFailed) as caught:
        bench.realiser.realise(Plan({identity: action}, (ActionInput(identity),)))

    assert "cannot be kept" in caught.value.why


@pytest.mark.spec("tree-stream")
def test_an_output_whose_names_are_too_long_together_is_a_failure_of_the_build(
    bench: Workbench,
) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build("dev=$TMPDIR/x; " + DEEP.format(levels=20, name="d" * 200))

    assert "3072 bytes" in caught.value.why


@pytest.mark.spec("build-siblings")
def test_outputs_that_share_a_file_do_not_change_each_other(bench: Workbench) -> None:
    action = bench.script(
        "mkdir $out $dev; echo ${out##*/} > $out/name; ln $out/name $dev/name; echo $out > $dev/o",
        outputs=("out", "dev"),
        env={"dev": "{{output:dev}}"},
    )
    identity = action_id(action)
    roots = tuple(ActionInput(identity, name) for name in ("out", "dev"))

    bench.realiser.realise(Plan({identity: action}, roots))

    assert bench.store.verify() == []


@pytest.mark.spec("reference-scan")
@pytest.mark.spec("path-self")
def test_a_relative_link_refers_to_where_it_leads(bench: Workbench) -> None:
    dep = bench.tree({"f": b"x"}, name="dep")
    action = bench.script(
        "mkdir $out; ln -s ../${dep##*/}/f $out/dep; ln -s ../../${out##*/}/dep $out/self",
        inputs={"dep": dep},
        env={"dep": "{{input:dep}}"},
    )

    path = bench.realise(action)

    assert bench.store.path_info(path).references == (dep.path,)
    assert str((bench.store.physical(path) / "self").readlink()) == f"../../{path.base}/dep"
    assert bench.store.verify([path]) == []


@pytest.mark.spec("reference-strict")
def test_a_strict_action_refers_to_what_its_output_hides_and_no_hidden_path_is_lost(
    bench: Workbench,
) -> None:
    dep = bench.tree({"f": b"needed"}, name="dep")
    script = "mkdir $out; echo ${dep##*/} > $out/name; : > $out/${dep##*/}.cache"
    given: dict[str, Any] = {"inputs": {"dep": dep}, "env": {"dep": "{{input:dep}}"}}

    plain = bench.build(script, **given)
    strict = bench.build(script, strict_references=True, **given)

    assert strict == plain
    assert bench.store.path_info(strict).references == (dep.path,)


@pytest.mark.spec("reference-strict")
def test_a_strict_action_may_not_hide_its_own_name(bench: Workbench) -> None:
    script = "echo ${out##*/} > $out"

    bench.build(script)
    with pytest.raises(BuildFailed) as caught:
        bench.build(script, strict_references=True)

    assert "its own digest" in caught.value.why
