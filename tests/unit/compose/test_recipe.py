"""What a script finds: variables, inputs, copies, and its own text as it was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import DEFAULT_VARIABLES, RESERVED_VARIABLES, Label, VariableClash
from eka.compose import ROOT, RootfsMissing
from tests.fakes.locked_world import World, needs

SOURCES = """
[deps.direct.url]
file = { url = "http://a.org/logo.png" }
tree = { url = "http://a.org/tree.tar", unpack = true }
[deps.direct.deb]
source = { source = "hello" }
tools = { packages = ["jq"] }
"""


def world_with(build: str, *, deps: str = "shell lib-a", direct: str = "") -> World:
    """Return a world whose root has this ``[build]`` table and these inputs."""
    world = World()
    requires = [world.atom(label) for label in deps.split()]
    world.root(f"{needs(core=deps)}{direct}[build]\n{build}", requires=requires)
    for source in world.manifests[ROOT].direct:
        world.pin(ROOT, source.name.text, f"http://a.org/{source.name.text}.tar")
    return world


@pytest.mark.spec("compose-script")
def test_a_script_is_run_by_the_shell_of_its_root_file_system() -> None:
    action = world_with('rootfs = "shell"\nscript = "make\\n"').recipe()

    assert (action.builder, action.args) == ("/bin/sh", ("-eu", "-c", "make\n"))
    assert (action.cwd, action.outputs, action.timeout_s) == ("/build/atom", ("out",), 3600)
    assert (action.name, action.rootfs) == ("app-1.0.0", "shell")


@pytest.mark.spec("compose-script")
def test_a_script_may_say_how_long_it_takes() -> None:
    assert world_with('rootfs = "shell"\nscript = "x"\ntimeout_s = 7').recipe().timeout_s == 7


@pytest.mark.spec("compose-rootfs")
def test_a_script_without_a_root_file_system_is_refused() -> None:
    with pytest.raises(RootfsMissing):
        world_with('script = "true"').compose()


@pytest.mark.spec("compose-variables")
def test_variables_are_the_inputs_the_output_and_those_of_the_manifest() -> None:
    world = world_with('rootfs = "shell"\nscript = "x"\nenv = { CFLAGS = "-O2", TZ = "CET" }')

    assert world.recipe().env == {
        "CFLAGS": "-O2",
        "TZ": "CET",
        "atom": "{{stage:atom}}",
        "lib_a": "{{input:lib-a}}",
        "out": "{{output:out}}",
        "shell": "{{input:shell}}",
    }


@pytest.mark.spec("compose-variables")
@pytest.mark.parametrize("name", ["out", "lib_a", "atom", "tree"])
def test_no_variable_is_ever_two_things(name: str) -> None:
    # No parsed manifest has such two; whoever makes one by hand is refused as well.
    direct = '[deps.direct.url]\ntree = { url = "http://a.org/x.tar" }\n'
    world = world_with('rootfs = "shell"\nscript = "x"', direct=direct)
    manifest = world.manifests[ROOT]
    assert manifest.build is not None
    world.manifests[ROOT] = replace(manifest, build=replace(manifest.build, env={name: "mine"}))

    with pytest.raises(VariableClash) as caught:
        world.compose()

    assert caught.value.variable == name


@pytest.mark.spec("compose-variables")
def test_two_dependencies_of_one_label_never_become_one_input() -> None:
    world = world_with('rootfs = "shell"\nscript = "x"', deps="shell lib")
    manifest = world.manifests[ROOT]
    twice = [line for line in manifest.dependencies if line.label == Label("lib")] * 2
    world.manifests[ROOT] = replace(manifest, dependencies=(*manifest.dependencies, *twice[1:]))

    with pytest.raises(VariableClash):
        world.compose()


def test_what_every_script_is_given_cannot_be_an_input() -> None:
    variables = world_with('rootfs = "shell"\nscript = "x"').recipe().env

    assert {"atom", "out"} <= RESERVED_VARIABLES
    assert not (RESERVED_VARIABLES | DEFAULT_VARIABLES) & (variables.keys() - {"atom", "out"})


@pytest.mark.spec("compose-text")
def test_a_script_may_hold_what_looks_like_a_placeholder() -> None:
    text = "echo {{input:shell}} {{output:none}} {{open:}} {{x}} {{{input:a}}} {{input:"
    world = world_with(
        f"rootfs = \"shell\"\nscript = '{text}'\nenv = {{ T = '{{{{stage:atom}}}}' }}"
    )

    action = world.recipe()

    assert action.args[2] == (
        "echo {{open:}}input:shell}} {{open:}}output:none}} {{open:}}open:}} {{x}} "
        "{{{open:}}input:a}}} {{input:"
    )
    assert action.env["T"] == "{{open:}}stage:atom}}"


@pytest.mark.spec("compose-staged")
def test_source_trees_are_copied_programs_and_files_are_not() -> None:
    action = world_with('rootfs = "shell"\nscript = "x"', direct=SOURCES).recipe()

    assert action.stage == {"atom": "atom", "source": "source", "tree": "tree"}
    assert {name: action.env[name] for name in ("file", "tree", "source", "tools")} == {
        "file": "{{input:file}}",
        "tree": "{{stage:tree}}",
        "source": "{{stage:source}}",
        "tools": "{{input:tools}}",
    }


@pytest.mark.spec("compose-staged")
def test_the_root_file_system_is_never_copied() -> None:
    action = world_with('rootfs = "tree"\nscript = "x"', direct=SOURCES).recipe()

    assert action.rootfs == "tree"
    assert action.stage == {"atom": "atom", "source": "source"}


@pytest.mark.spec("compose-names")
@pytest.mark.parametrize(
    ("label", "name"),
    [("lib-a", "lib-a"), ("größe", "u_6772c3b6c39f65"), ("u_61", "u_61"), ("ü", "u_c3bc")],
)
def test_an_input_is_called_as_its_label_in_ascii(label: str, name: str) -> None:
    world = world_with(f'rootfs = "{label}"\nscript = "x"', deps=label)

    action = world.recipe()

    assert action.rootfs == name
    assert action.env[name.replace("-", "_")] == f"{{{{input:{name}}}}}"


@pytest.mark.spec("compose-names")
@pytest.mark.parametrize("letters", [63, 64, 128])
def test_the_longest_labels_can_be_inputs(letters: int) -> None:
    label = "ü" * (letters // 2) + "x" * (letters % 2)
    world = world_with('rootfs = "shell"\nscript = "x"', deps=f"shell {label}")

    (name,) = world.recipe().inputs.keys() - {"atom", "shell"}

    assert len(name) == (2 + 2 * letters if letters <= 63 else 66)
