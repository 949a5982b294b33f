"""The composer that evaluates nothing: ``[build]`` tables into a plan.

Source: atom-spec/composition.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.compose.errors import (
    ComposerUnsupported,
    InputUnpinned,
    NothingToBuild,
    SystemUnsupported,
)
from eka.compose.request import atom_name, source_name
from eka.compose.sources import Actions, is_staged, pin_of, source_input, unpack
from eka.store import ActionInput, Plan, RunAction, TreeInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import AtomKey, Build, DirectSource, LockedAtom, LockedDirect, Manifest
    from eka.compose.request import ComposeRequest
    from eka.store import Input

SHELL = "/bin/sh"
SHELL_ARGUMENTS = ("-eu", "-c")
OWN_TREE = "atom"  # the variable and the directory of an atom's own tree
DEFAULT_TIMEOUT_S = 3600
ENVIRONMENT = {
    "HOME": "/homeless",
    "LANG": "C",
    "LC_ALL": "C",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "SOURCE_DATE_EPOCH": "1",
    "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox
    "TZ": "UTC",
}


@dataclass(frozen=True, slots=True)
class Composition:
    """A plan, and which of its outputs belongs to which target."""

    plan: Plan
    outputs: Mapping[AtomKey | None, ActionInput]


def compose_static(request: ComposeRequest) -> Composition:
    """Return the plan that builds the targets of a request.

    Raises:
        NothingToBuild: a target has no recipe.
        ComposerUnsupported: an atom on the way is composed by something else.
        SystemUnsupported, InputUnpinned: an input does not exist for the system, or at all.

    Source: atom-spec/composition.md [compose-static].
    """
    composer = _Composer(request)
    outputs: dict[AtomKey | None, ActionInput] = {}
    for target in request.targets:
        output = composer.output(target)
        if not isinstance(output, ActionInput):
            raise NothingToBuild(composer.name(target))
        outputs[target] = output
    roots = tuple(dict.fromkeys(outputs.values()))
    return Composition(Plan(composer.actions.found, roots), outputs)


class _Composer:
    """Actions of one plan; each atom is composed once, dependencies first."""

    def __init__(self, request: ComposeRequest) -> None:
        self._request = request
        self._atoms: dict[AtomKey | None, LockedAtom] = {
            atom.key: atom for atom in request.lock.atoms
        }
        self._outputs: dict[AtomKey | None, Input] = {}
        self.actions = Actions()

    def name(self, key: AtomKey | None) -> str:
        package = self._request.manifests[key].package
        return f"{package.label.text}@{package.version.text}"

    def output(self, wanted: AtomKey | None) -> Input:
        """Return the output of an atom; a stack, not recursion, walks the closure."""
        pending = [wanted]
        while pending:
            key = pending[-1]
            needs = [need for need in self._needs(key) if need not in self._outputs]
            if key in self._outputs:
                pending.pop()
            elif needs:
                pending += needs
            else:
                self._outputs[pending.pop()] = self._compose(key)
        return self._outputs[wanted]

    def _needs(self, key: AtomKey | None) -> list[AtomKey]:
        """Return the dependencies whose outputs an atom's recipe may read."""
        if self._request.manifests[key].build is None:
            return []
        return list(self._dependencies(key).values())

    def _dependencies(self, key: AtomKey | None) -> dict[str, AtomKey]:
        """Return what each dependency line selected, by label; the newest where buckets differ."""
        manifest, lock = self._request.manifests[key], self._request.lock
        selected = lock.requires if key is None else self._atoms[key].requires
        lines = manifest.dependencies
        if key is None:
            lines = (*lines, *manifest.dev_dependencies)
        found: dict[str, AtomKey] = {}
        for line in lines:
            fitting = [
                each
                for each in selected
                if each.label == line.label and line.requirement.matches(each.version)
            ]
            if not fitting:
                raise InputUnpinned(self.name(key), f"dependency {line.label.text}")
            found[line.label.text] = max(fitting)
        return found

    def _compose(self, key: AtomKey | None) -> Input:
        manifest = self._request.manifests[key]
        build = manifest.build
        if manifest.compose is not None and build is None:
            composer = ", ".join(sorted(manifest.compose))
            raise ComposerUnsupported(self.name(key), composer)
        if build is None:
            return self._own_tree(key)
        systems = manifest.package.systems
        if systems and self._request.system not in systems:
            raise SystemUnsupported(self.name(key), self._request.system, systems)
        if build.script is None:
            return self._unpack(key, manifest, build)
        return self.actions.add(self._run(key, manifest, build, build.script))

    def _own_tree(self, key: AtomKey | None) -> TreeInput:
        content = self._request.contents[key]
        return TreeInput(content.hex, source_name(self._request.manifests[key]))

    def _unpack(self, key: AtomKey | None, manifest: Manifest, build: Build) -> ActionInput:
        sources = {source.name.text: source for source in manifest.direct}
        pinned: list[tuple[DirectSource, LockedDirect]] = []
        for name in build.unpack:
            source = sources[name]
            pinned.append((source, pin_of(self._request, key, source, self.name(key))))
        return self.actions.add(
            unpack(self.actions, pinned, atom_name(manifest), links=dict(build.links))
        )

    def _run(
        self, key: AtomKey | None, manifest: Manifest, build: Build, script: str
    ) -> RunAction:
        inputs: dict[str, Input] = {OWN_TREE: self._own_tree(key)}
        stage = {OWN_TREE: OWN_TREE}
        variables = {OWN_TREE: f"{{{{stage:{OWN_TREE}}}}}", "out": "{{output:out}}"}
        for label, selected in self._dependencies(key).items():
            name = input_name(label)
            inputs[name] = self._outputs[selected]
            variables[variable_name(name)] = f"{{{{input:{name}}}}}"
        for source in manifest.direct:
            name = input_name(source.name.text)
            inputs[name] = self._direct(key, source)
            variables[variable_name(name)] = f"{{{{input:{name}}}}}"
            if is_staged(source):
                stage[name] = name
                variables[variable_name(name)] = f"{{{{stage:{name}}}}}"
        return RunAction(
            name=atom_name(manifest),
            system=self._request.system,
            builder=SHELL,
            args=(*SHELL_ARGUMENTS, script),
            env=ENVIRONMENT | dict(build.env) | variables,
            inputs=inputs,
            stage=stage,
            rootfs=None if build.rootfs is None else input_name(build.rootfs),
            cwd=f"/build/{OWN_TREE}",
            timeout_s=build.timeout_s or DEFAULT_TIMEOUT_S,
        )

    def _direct(self, key: AtomKey | None, source: DirectSource) -> Input:
        pin = pin_of(self._request, key, source, self.name(key))
        return source_input(self.actions, source, pin)


def input_name(label: str) -> str:
    """Return the name of an input in a plan: the label, spelled out in hex if not ASCII."""
    return label if label.isascii() else f"u_{label.encode().hex()}"


def variable_name(name: str) -> str:
    """Return the environment variable that a recipe sees for an input."""
    return name.replace("-", "_")
