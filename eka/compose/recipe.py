"""A script and what it reads into the action that runs it."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import Label, PypiSource, VariableClash, input_name, variable_name
from eka.checking import TYPE_CHECKING
from eka.compose.direct_kinds import composed_kind
from eka.compose.direct_pypi import interpreter_of
from eka.compose.errors import RootfsMissing
from eka.compose.request import atom_name, atom_title
from eka.compose.sources import unpack
from eka.store import RunAction, plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import DirectSource, LockedDirect, Manifest
    from eka.compose.actions import Actions
    from eka.store import Input, TreeInput

SHELL = "/bin/sh"
SHELL_ARGUMENTS = ("-eu", "-c")
OWN_TREE = "atom"  # the variable, input and directory of an atom's own tree
OUTPUT = "out"
DEFAULT_TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a script may read: its atom's own tree, other atoms, direct sources."""

    own: TreeInput
    atoms: Sequence[tuple[Label, Input]]
    direct: Sequence[tuple[DirectSource, LockedDirect]]


def run_action(
    actions: Actions, manifest: Manifest, script: str, system: str, ingredients: Ingredients
) -> RunAction:
    """Return the action that runs the script of a manifest; its sources are added to ``actions``.

    Raises:
        RootfsMissing: nothing could run the script.
        VariableClash: two things would be one variable (a parsed manifest has no such two).

    Source: atom-spec/composition.md [compose-script].
    """
    build = manifest.build
    if build is None or build.rootfs is None:
        raise RootfsMissing(atom_title(manifest))
    table = _Table(atom_title(manifest), build.env)
    table.add(OWN_TREE, OWN_TREE, ingredients.own, staged=True)
    rootfs = Label(build.rootfs)
    outputs = dict(ingredients.atoms)
    for label, output in ingredients.atoms:
        table.add(input_name(label), variable_name(label), output, staged=False)
    # Packages come last: another input holds the Python that runs them.
    for source, pin in sorted(ingredients.direct, key=_is_packages):
        label = source.name
        kind = composed_kind(source)
        staged = kind.is_staged(source) and label != rootfs
        if isinstance(source, PypiSource):
            python = interpreter_of([source], rootfs.text, outputs, atom_title(manifest))
            packages = unpack(actions, [(source, pin)], label.text, interpreter=python)
            output = actions.add(packages)
        else:
            output = outputs[label] = kind.as_input(actions, source, pin)
        table.add(input_name(label), variable_name(label), output, staged=staged)
    return RunAction(
        name=atom_name(manifest),
        system=system,
        builder=SHELL,
        args=(*SHELL_ARGUMENTS, plain_text(script)),
        env=table.variables,
        inputs=table.inputs,
        stage=table.stage,
        rootfs=input_name(rootfs),
        cwd=f"/build/{OWN_TREE}",
        timeout_s=build.timeout_s or DEFAULT_TIMEOUT_S,
    )


def _is_packages(pinned: tuple[DirectSource, LockedDirect]) -> bool:
    return isinstance(pinned[0], PypiSource)


class _Table:
    """Inputs, stages and variables of one action; no name is ever given twice."""

    def __init__(self, title: str, env: Mapping[str, str]) -> None:
        self._title = title
        self.inputs: dict[str, Input] = {}
        self.stage: dict[str, str] = {}
        self.variables = {OUTPUT: f"{{{{output:{OUTPUT}}}}}"}
        for name, value in env.items():
            self._set(name, plain_text(value))

    def add(self, name: str, variable: str, value: Input, *, staged: bool) -> None:
        """Take an input, which the script finds in a variable."""
        self._set(variable, f"{{{{{'stage' if staged else 'input'}:{name}}}}}")
        self.inputs[name] = value
        if staged:
            self.stage[name] = name

    def _set(self, variable: str, value: str) -> None:
        if variable in self.variables:
            first = f"one is {self.variables[variable]}"
            raise VariableClash(variable, self._title, first, f"the other is {value}")
        self.variables[variable] = value
