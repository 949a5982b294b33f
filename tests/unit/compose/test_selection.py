"""Which atom a dependency line means; never another one of the same label."""

from __future__ import annotations

import pytest

from eka.compose import ROOT, DependencyAmbiguous, InputUnpinned
from eka.store import TreeInput
from tests.fakes.locked_world import CORE, OTHER, OWN, SCRIPT, World, content, needs

LIB = '[deps.from.core]\nshell = "*"\nlib = "{}"\n' + SCRIPT


def chosen(world: World, name: str, *, place: str = "/") -> str:
    """Return the store name of the tree that an input of the root's script is."""
    found = world.recipe(ROOT, place=place).inputs[name]
    assert isinstance(found, TreeInput)
    return found.name


@pytest.mark.spec("compose-selection")
@pytest.mark.parametrize(
    ("requirement", "expected"),
    [("*", "lib-2.0.0-source"), ("^1", "lib-1.9.0-source"), ("<1.9", "lib-1.0.0-source")],
)
def test_a_line_means_the_newest_version_it_admits(requirement: str, expected: str) -> None:
    world = World()
    versions = [world.atom("lib", version=text) for text in ("1.9.0", "2.0.0", "1.0.0")]
    world.root(LIB.format(requirement), requires=[world.atom("shell"), *versions])

    assert chosen(world, "lib") == expected


@pytest.mark.spec("compose-selection")
@pytest.mark.parametrize(
    ("line", "expected"),
    [("core", "lib-1.0.0-source"), ("other", "lib-2.0.0-source"), ("here", "lib-3.0.0-source")],
)
def test_a_line_means_an_atom_of_the_set_it_names(line: str, expected: str) -> None:
    world = World()
    libs = [
        world.atom("lib", version="1.0.0", genesis=CORE),
        world.atom("lib", version="2.0.0", genesis=OTHER),
        world.atom("lib", version="3.0.0", genesis=OWN),
    ]
    shells = [world.atom("shell", genesis=genesis) for genesis in (CORE, OTHER, OWN)]
    world.root(needs(**{line: "lib shell"}) + SCRIPT, requires=[*libs, *shells])

    assert chosen(world, "lib") == expected


@pytest.mark.spec("compose-selection")
def test_the_own_set_of_a_dependency_is_the_one_it_comes_from() -> None:
    world = World()
    theirs, ours = world.atom("lib", genesis=OTHER), world.atom("lib", genesis=OWN)
    shell = world.atom("shell", genesis=OTHER)
    tool = world.atom(
        "tool", needs(here="lib shell") + SCRIPT, genesis=OTHER, requires=[theirs, ours, shell]
    )
    world.root("", requires=[tool])

    found = world.recipe(tool).inputs["lib"]

    assert found == TreeInput(content(theirs).hex, "lib-1.0.0-source")


@pytest.mark.spec("compose-selection")
def test_what_the_owner_does_not_require_is_not_chosen() -> None:
    world = World()
    shell, old, new = world.atom("shell"), world.atom("lib"), world.atom("lib", version="1.5.0")
    tool = world.atom("tool", needs(core="lib shell") + SCRIPT, requires=[shell, old])
    world.root("", requires=[tool, new])

    found = world.recipe(tool).inputs["lib"]

    assert isinstance(found, TreeInput)
    assert found.name == "lib-1.0.0-source"


@pytest.mark.spec("compose-selection")
@pytest.mark.parametrize("line", ["lib", "lob"])
def test_a_line_for_which_the_lock_has_nothing_is_refused(line: str) -> None:
    world = World()
    far = world.atom("lib", genesis=OTHER)
    world.root(needs(core=f"shell {line}") + SCRIPT, requires=[world.atom("shell"), far])

    with pytest.raises(InputUnpinned) as caught:
        world.compose()

    assert caught.value.name == f"dependency {line}"


@pytest.mark.spec("compose-selection-unknown")
def test_an_address_that_no_set_has_may_mean_any_set() -> None:
    world = World()
    world.root(
        needs(core="shell", new="lib") + SCRIPT,
        sets='new = "https://accepted.org/r"\n',
        requires=[world.atom("shell"), world.atom("lib", genesis=OTHER)],
    )

    assert chosen(world, "lib") == "lib-1.0.0-source"


@pytest.mark.spec("compose-selection-unknown")
def test_no_guess_is_made_between_sets() -> None:
    world = World()
    libs = [world.atom("lib", genesis=genesis) for genesis in (CORE, OTHER)]
    world.root(
        needs(core="shell", new="lib") + SCRIPT,
        sets='new = "https://accepted.org/r"\n',
        requires=[world.atom("shell"), *libs],
    )

    with pytest.raises(DependencyAmbiguous) as caught:
        world.compose()

    assert (caught.value.label, len(caught.value.keys)) == ("lib", 2)


@pytest.mark.spec("compose-selection")
def test_a_relative_address_starts_from_the_directory_of_its_manifest() -> None:
    world = World()
    libs = [world.atom("lib", genesis=CORE), world.atom("lib", version="2.0.0", genesis=OTHER)]
    world.root(
        needs(core="shell", new="lib") + SCRIPT,
        sets='new = "../other"\n',
        requires=[world.atom("shell"), *libs],
    )

    assert chosen(world, "lib", place="/srv/app") == "lib-2.0.0-source"
    with pytest.raises(DependencyAmbiguous):
        chosen(world, "lib", place="/home/app")


@pytest.mark.spec("compose-dev")
def test_development_dependencies_are_no_inputs_but_may_be_asked_for() -> None:
    world = World()
    shell, lib = world.atom("shell"), world.atom("lib", version="9.0.0")
    tool = world.atom("tool", needs(core="shell") + SCRIPT, requires=[shell])
    text = needs(core="shell") + '[deps.dev.from.core]\nlib = "*"\ntool = "*"\n' + SCRIPT
    world.root(text, requires=[shell, lib, tool])

    composed = world.compose(ROOT, tool)

    assert sorted(world.recipe().inputs) == ["atom", "shell"]
    assert set(composed.outputs) == {ROOT, tool}
