"""Packages of Python in plans: for which Python, and what runs them."""

from __future__ import annotations

import pytest

from eka.compose import ROOT, InterpreterUnknown, PythonsDiffer
from eka.compose.actions import Actions
from eka.compose.direct_kinds import composed_kind
from eka.store import ActionInput, LayerFormat, PythonTree, UnpackAction
from tests.fakes.locked_world import World

WHEELS = ("https://w.org/a-1-py3-none-any.whl", "https://w.org/b-1-py3-none-any.whl")
SYSTEM = "x86_64-linux"


def world(site: str, build: str, *, more: str = "") -> World:
    """Return a world whose root has packages called ``site`` and a tree called ``root``."""
    made = World()
    made.root(
        f'[deps.direct.pypi]\nsite = {{ lock = "uv.lock", python = "3.11.2"{site} }}\n{more}'
        '[deps.direct.url]\nroot = { url = "http://a.org/root.tar", unpack = true }\n'
        f'other = {{ url = "http://a.org/other.tar" }}\n[build]\n{build}\n'
    )
    for name in ("site", "second"):
        if f"{name} =" in site + more + "site =":
            made.pin(ROOT, name, *WHEELS, system=SYSTEM)
    made.pin(ROOT, "root", "http://a.org/root.tar")
    made.pin(ROOT, "other", "http://a.org/other.tar")
    return made


def packages(made: World) -> UnpackAction:
    """Return the action that lays wheels into a tree."""
    actions = made.compose().plan.actions.values()
    (found,) = [each for each in actions if isinstance(each, UnpackAction) and each.python]
    return found


@pytest.mark.spec("compose-python")
@pytest.mark.spec("compose-source")
def test_the_root_file_system_of_a_script_runs_its_packages() -> None:
    action = packages(world("", 'rootfs = "root"\nscript = "true"'))

    assert [layer.format for layer in action.layers] == [LayerFormat.WHEEL] * 2
    assert action.python is not None
    assert (action.python.version, action.python.interpreter) == ("3.11", "python")
    assert "python" in action.inputs


@pytest.mark.spec("compose-python")
def test_another_input_may_be_named() -> None:
    scripted = world(', interpreter = "other"', 'rootfs = "root"\nscript = "true"')
    unpacked = world(', interpreter = "root"', 'unpack = ["site"]')

    other, root = packages(scripted).inputs["python"], packages(unpacked).inputs["python"]

    assert other != root
    assert packages(unpacked).name == "app-1.0.0"


@pytest.mark.spec("compose-python")
def test_packages_that_are_unpacked_have_no_programs_unless_an_interpreter_is_named() -> None:
    made = world("", 'unpack = ["site"]')

    action = packages(made)

    assert action.python is not None
    assert action.python.interpreter == ""
    assert len(made.compose().plan.actions) == 1 + len(WHEELS)


@pytest.mark.spec("compose-python")
@pytest.mark.parametrize("build", ['unpack = ["site"]', 'rootfs = "root"\nscript = "true"'])
def test_an_interpreter_that_is_no_input_is_refused(build: str) -> None:
    with pytest.raises(InterpreterUnknown) as caught:
        world(', interpreter = "nobody"', build).compose()

    assert caught.value.name == "nobody"


@pytest.mark.spec("compose-python")
@pytest.mark.parametrize(
    ("first", "second"),
    [("", 'python = "3.12"'), (', interpreter = "root"', 'python = "3.11"')],
)
def test_packages_over_one_another_are_for_one_python(first: str, second: str) -> None:
    more = f'second = {{ lock = "b.lock", {second} }}\n'

    with pytest.raises(PythonsDiffer):
        world(first, 'unpack = ["site", "second"]', more=more).compose()


def test_packages_are_never_staged() -> None:
    action = world("", 'rootfs = "root"\nscript = "true"').recipe()

    assert "site" in action.inputs
    assert "site" not in action.stage


def test_packages_alone_are_a_tree_without_programs() -> None:
    made = world("", 'unpack = ["site"]')
    (site,) = [each for each in made.manifests[ROOT].direct if each.kind == "pypi"]
    (pin,) = [each for each in made.direct if each.kind == "pypi"]
    actions = Actions()

    wanted = composed_kind(site).as_input(actions, site, pin)

    assert isinstance(wanted, ActionInput)
    made_by = actions.found[wanted.action]
    assert isinstance(made_by, UnpackAction)
    assert made_by.name == "site"
    assert made_by.python == PythonTree("3.11")


@pytest.mark.spec("compose-python")
@pytest.mark.parametrize("named", ["", ', interpreter = "shell"'])
def test_an_atom_may_hold_the_python(named: str) -> None:
    made = World()
    shell = made.atom("shell")
    made.root(
        f'[deps.from.core]\nshell = "^1"\n[deps.direct.pypi]\nsite = {{ lock = "uv.lock", '
        f'python = "3.11"{named} }}\n[build]\nrootfs = "shell"\nscript = "true"\n',
        requires=[shell],
    )
    made.pin(ROOT, "site", *WHEELS, system=SYSTEM)

    assert packages(made).inputs["python"] == made.recipe().inputs["shell"]
