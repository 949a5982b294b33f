"""What becomes part of a plan, and what is refused."""

from __future__ import annotations

import pytest

from eka.compose import ROOT, ComposerUnsupported, NothingToBuild, SystemUnsupported
from eka.store import RunAction, TreeInput
from tests.fakes.locked_world import OWN, SCRIPT, World, content, needs

ROOTFS = '[deps.direct.url]\nshell = { url = "http://a.org/root.tar", unpack = true }\n'


@pytest.mark.spec("compose-targets")
def test_roots_are_the_targets_in_their_order_each_once() -> None:
    world = World()
    shell = world.atom("shell")
    one, two = (
        world.atom(label, needs(core="shell") + SCRIPT, requires=[shell])
        for label in ("one", "two")
    )
    world.root("", requires=[one, two])

    composed = world.compose(two, one, two)

    names = [composed.plan.actions[root.action].name for root in composed.plan.roots]
    assert names == ["two-1.0.0", "one-1.0.0"]
    assert list(composed.outputs) == [two, one]


@pytest.mark.spec("compose-targets")
def test_a_plan_holds_what_its_targets_need_and_no_more() -> None:
    world = World()
    shell = world.atom("shell")
    deep = world.atom("deep", needs(core="shell") + SCRIPT, requires=[shell])
    tool = world.atom("tool", needs(core="shell deep") + SCRIPT, requires=[shell, deep])
    aside = world.atom("aside", needs(core="shell") + SCRIPT, requires=[shell])
    world.root(needs(core="tool aside") + '[build]\nunpack = ["shell"]\n' + ROOTFS,
               requires=[tool, aside])  # fmt: skip
    world.pin(ROOT, "shell", "http://a.org/root.tar")

    of_tool, of_root = world.compose(tool).plan, world.compose(ROOT).plan

    assert sorted(a.name for a in of_tool.actions.values()) == ["deep-1.0.0", "tool-1.0.0"]
    # A recipe that only unpacks reads no dependency, so none of them is built for it.
    assert sorted(a.name for a in of_root.actions.values()) == ["app-1.0.0", "root.tar"]


@pytest.mark.untraced  # 1500 atoms
def test_a_deep_closure_needs_no_deep_stack() -> None:
    world = World()
    shell = last = world.atom("shell")
    for number in range(1500):
        label = f"n{number}"
        text = needs(core=f"shell {last.label.text}" if number else "shell") + SCRIPT
        last = world.atom(label, text, requires=sorted({shell, last}))
    world.root("", requires=[last])

    plan = world.compose(last).plan

    assert len(plan.actions) == 1500


@pytest.mark.spec("compose-targets")
def test_a_target_without_a_recipe_is_refused_and_one_with_a_recipe_named() -> None:
    world = World()
    shell = world.atom("shell")
    tool = world.atom("tool", needs(core="shell") + SCRIPT, requires=[shell])
    world.root("", requires=[shell, tool])

    with pytest.raises(NothingToBuild) as of_root:
        world.compose(ROOT)
    with pytest.raises(NothingToBuild) as of_shell:
        world.compose(shell)

    assert "eka build tool" in of_root.value.fix
    assert "eka build" not in of_shell.value.fix


@pytest.mark.spec("compose-output")
@pytest.mark.spec("compose-own-tree")
def test_an_atom_without_a_recipe_is_its_own_tree() -> None:
    world = World()
    shell = world.atom("shell")
    data = world.atom("größe", genesis=OWN)
    world.root(needs(core="shell", here="größe") + SCRIPT, requires=[shell, data])

    inputs = world.recipe().inputs

    assert inputs["u_6772c3b6c39f65"] == TreeInput(content(data).hex, "gr__e-1.0.0-source")
    assert inputs["atom"] == TreeInput(content(ROOT).hex, "app-1.0.0-source")


@pytest.mark.spec("compose-composer")
def test_an_atom_of_another_composer_is_refused_when_it_is_needed() -> None:
    world = World()
    foreign = world.atom("shell", "[compose.with]\nlang = 1\n")
    tool = world.atom("tool", needs(core="shell") + SCRIPT, requires=[foreign])
    lone = world.atom("lone", ROOTFS + SCRIPT)
    world.pin(lone, "shell", "http://a.org/root.tar")
    world.root("", requires=[tool, foreign, lone])

    with pytest.raises(ComposerUnsupported) as caught:
        world.compose(tool)

    assert "with" in caught.value.why
    assert world.compose(lone).plan.roots


@pytest.mark.spec("compose-composer")
def test_a_recipe_counts_beside_another_composer() -> None:
    world = World()
    world.root(needs(core="shell") + SCRIPT + "[compose]\n", requires=[world.atom("shell")])

    assert isinstance(world.recipe(), RunAction)


def test_an_empty_compose_table_is_told_of() -> None:
    world = World()
    world.root("[compose]\n")

    with pytest.raises(ComposerUnsupported) as caught:
        world.compose()

    assert "(empty)" in caught.value.why


@pytest.mark.spec("compose-systems")
@pytest.mark.parametrize("recipe", [needs(core="shell") + SCRIPT, ""])
def test_an_atom_for_other_systems_is_refused_with_a_recipe_and_without(recipe: str) -> None:
    world = World()
    shell = world.atom("shell")
    arm = world.atom("arm", recipe, requires=[shell], package='systems = ["riscv64-linux"]\n')
    world.root(needs(core="shell arm") + SCRIPT, requires=[shell, arm])

    with pytest.raises(SystemUnsupported) as caught:
        world.compose()

    assert caught.value.known == ("riscv64-linux",)
    assert world.compose(system="riscv64-linux").plan.roots


@pytest.mark.spec("compose-systems")
def test_the_system_is_that_of_the_request() -> None:
    world = World()
    world.root(needs(core="shell") + SCRIPT, requires=[world.atom("shell")])

    composed = world.compose(system="riscv64-linux")

    (action,) = composed.plan.actions.values()
    assert isinstance(action, RunAction)
    assert action.system == "riscv64-linux"
