"""Sources of git and of npm in a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import ContentHash, LockedTree, ObjectId
from eka.compose import ROOT
from eka.store import LayerFormat, TreeInput, UnpackAction
from tests.fakes.locked_world import World

SOURCES = (
    '[deps.direct.git]\ncode = { url = "https://a.org/code", tag = "v1" }\n'
    '[deps.direct.npm]\npad = { package = "left-pad" }\n'
    '[deps.direct.url]\nshell = { url = "http://a.org/root.tar", unpack = true }\n'
)
HASH = "3" * 64
TREE = LockedTree(
    url="https://a.org/code",
    rev=ObjectId("1" * 40),
    tree=ObjectId("2" * 40),
    content=ContentHash(HASH),
)
SCRIPT = '[build]\nrootfs = "shell"\nscript = "true"\n'


def world(build: str) -> World:
    """Return a world whose root has a source of each kind."""
    made = World()
    made.root(SOURCES + build)
    made.pin(ROOT, "code")
    made.direct[-1] = replace(made.direct[-1], tree=TREE)
    made.pin(ROOT, "pad", "https://npm.org/left-pad.tgz")
    made.pin(ROOT, "shell", "http://a.org/root.tar")
    return made


@pytest.mark.spec("compose-source")
def test_a_git_source_is_the_tree_its_pin_names() -> None:
    action = world(SCRIPT).recipe()

    assert action.inputs["code"] == TreeInput(HASH, "code")


@pytest.mark.spec("compose-source")
def test_an_npm_source_is_unpacked_without_its_one_directory() -> None:
    actions = world(SCRIPT).compose().plan.actions.values()

    unpacked = [each for each in actions if isinstance(each, UnpackAction)]
    (package,) = (each for each in unpacked if each.name == "pad")
    assert [layer.format for layer in package.layers] == [LayerFormat.TAR]
    assert package.strip == 1


@pytest.mark.spec("compose-staged")
def test_sources_of_both_kinds_are_copied_for_a_script() -> None:
    action = world(SCRIPT).recipe()

    assert set(action.stage) == {"atom", "code", "pad"}


@pytest.mark.spec("compose-unpack")
def test_a_git_source_is_laid_over_others_as_a_tree() -> None:
    action = world('[build]\nunpack = ["shell", "code", "pad"]\n').unpacking()

    assert [layer.format for layer in action.layers] == [
        LayerFormat.TAR,
        LayerFormat.TREE,
        LayerFormat.TAR,
    ]
    assert action.inputs[action.layers[1].input] == TreeInput(HASH, "code")
