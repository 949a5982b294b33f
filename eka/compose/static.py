"""The composer that evaluates nothing: ``[build]`` tables into a plan.

Source: atom-spec/composition.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import PypiSource
from eka.checking import TYPE_CHECKING
from eka.compose.actions import Actions
from eka.compose.direct_kinds import composed_kind
from eka.compose.direct_pypi import interpreter_of
from eka.compose.errors import (
    ComposerUnsupported,
    NothingToBuild,
    SystemUnsupported,
)
from eka.compose.recipe import Ingredients, run_action
from eka.compose.request import atom_name, atom_title, source_name
from eka.compose.selection import ANYWHERE, Selector
from eka.compose.sources import Pins, unpack
from eka.store import ActionInput, Plan, TreeInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import AtomKey, Build, Label, Manifest
    from eka.compose.request import ComposeRequest
    from eka.store import Input


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
        RootfsMissing, SourcesAdjacent, KindUnsupported: a recipe on the way cannot work.
        SystemUnsupported, InputUnpinned, DependencyAmbiguous: an input does not exist for the
            system, or not at all, or there are several.

    Source: atom-spec/composition.md [compose-static].
    """
    composer = _Composer(request)
    outputs: dict[AtomKey | None, ActionInput] = {}
    for target in request.targets:
        output = composer.output(target)
        if not isinstance(output, ActionInput):
            title = atom_title(request.manifests[target])
            raise NothingToBuild(title, [] if target else _labels(request))
        outputs[target] = output
    roots = tuple(dict.fromkeys(outputs.values()))
    return Composition(Plan(composer.actions.found, roots), outputs)


def _labels(request: ComposeRequest) -> list[str]:
    """Return the dependencies of the root project that have something to build, sorted."""
    has_recipe = [key for key in request.lock.requires if request.manifests[key].build]
    return sorted({key.label.text for key in has_recipe})


class _Composer:
    """Actions of one plan; each atom is composed once, dependencies first."""

    def __init__(self, request: ComposeRequest) -> None:
        self._request = request
        self._selector = Selector(request.lock)
        self._pins = Pins(request.lock, request.system)
        self._outputs: dict[AtomKey | None, Input] = {}
        self.actions = Actions()

    def output(self, wanted: AtomKey | None) -> Input:
        """Return the output of an atom; a stack, not recursion, walks the closure."""
        pending = [wanted]
        while pending:
            key = pending[-1]
            inputs = self._dependencies(key)
            missing = [need for _, need in inputs if need not in self._outputs]
            if missing:
                pending += missing
                continue
            pending.pop()
            if key not in self._outputs:
                self._outputs[key] = self._compose(key, inputs)
        return self._outputs[wanted]

    def _dependencies(self, key: AtomKey | None) -> list[tuple[Label, AtomKey]]:
        """Return the atoms whose outputs an atom's script may read, each with its line's label."""
        manifest = self._request.manifests[key]
        if key in self._outputs or manifest.build is None or manifest.build.script is None:
            return []
        place = self._request.places.get(key, ANYWHERE)
        return [
            (line.label, self._selector.select(key, manifest, line, place=place))
            for line in manifest.dependencies
        ]

    def _compose(self, key: AtomKey | None, inputs: Sequence[tuple[Label, AtomKey]]) -> Input:
        manifest, system = self._request.manifests[key], self._request.system
        title, build = atom_title(manifest), manifest.build
        if build is None and manifest.compose is not None:
            raise ComposerUnsupported(title, sorted(manifest.compose))
        systems = manifest.package.systems
        if systems and system not in systems:
            raise SystemUnsupported(title, system, systems)
        own = TreeInput(self._request.contents[key].hex, source_name(manifest))
        if build is None:
            return own
        if build.script is None:
            return self._unpacked(key, manifest, build)
        ingredients = Ingredients(
            own=own,
            atoms=[(label, self._outputs[selected]) for label, selected in inputs],
            direct=[(source, self._pins.of(key, source, title)) for source in manifest.direct],
        )
        return self.actions.add(
            run_action(self.actions, manifest, build.script, system, ingredients)
        )

    def _unpacked(self, key: AtomKey | None, manifest: Manifest, build: Build) -> Input:
        """Return what lies in direct sources, over one another."""
        title = atom_title(manifest)
        sources = {source.name.text: source for source in manifest.direct}
        wanted = [sources[name] for name in build.unpack]
        pinned = [(source, self._pins.of(key, source, title)) for source in wanted]
        others = {each.name: each for each in manifest.direct if not isinstance(each, PypiSource)}
        home = interpreter_of(wanted, "", others, title)
        interpreter = None
        if home is not None:
            pin = self._pins.of(key, home, title)
            interpreter = composed_kind(home).as_input(self.actions, home, pin)
        name = atom_name(manifest)
        made = unpack(self.actions, pinned, name, links=build.links, interpreter=interpreter)
        return self.actions.add(made)
