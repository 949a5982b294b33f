"""Pins of direct sources into actions that fetch and unpack them."""

from __future__ import annotations

from itertools import pairwise

from eka.atom import PypiSource, source_digest
from eka.checking import TYPE_CHECKING
from eka.compose.actions import Actions, fetch_action
from eka.compose.direct_kinds import composed_kind
from eka.compose.errors import InputUnpinned, PythonsDiffer, SourcesAdjacent, SystemUnsupported
from eka.store import PACKED, Layer, LayerFormat, Plan, PythonTree, UnpackAction, path_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import AtomKey, DirectSource, Lock, LockedDirect
    from eka.store import Input

INTERPRETER = "python"  # its input in an action that unpacks packages of Python


class Pins:
    """The pins of a lock for one system."""

    def __init__(self, lock: Lock, system: str) -> None:
        self._system = system
        self._pins: dict[tuple[AtomKey | None, str, str], list[LockedDirect]] = {}
        for pin in lock.direct:
            self._pins.setdefault((pin.owner, pin.kind, pin.name), []).append(pin)

    def of(self, owner: AtomKey | None, source: DirectSource, title: str) -> LockedDirect:
        """Return the pin of a direct source.

        Args:
            owner: The atom that declares it; None is the root project.
            source: Its declaration.
            title: What messages call the owner.

        Raises:
            KindUnsupported: eka cannot build from such sources.
            InputUnpinned: it is not pinned, or another declaration of it was.
            SystemUnsupported: it is pinned, but for other systems.

        Source: atom-spec/composition.md [compose-pins].
        """
        composed_kind(source)
        declared = source_digest(source)
        pins = [
            pin
            for pin in self._pins.get((owner, source.kind, source.name.text), ())
            if pin.declared == declared
        ]
        if not pins:
            raise InputUnpinned(title, f"{source.kind} source {source.name.text}")
        for pin in pins:
            if pin.system in ("", self._system):
                return pin
        raise SystemUnsupported(title, self._system, [pin.system for pin in pins])


def unpack(
    actions: Actions,
    sources: Sequence[tuple[DirectSource, LockedDirect]],
    name: str,
    *,
    links: Mapping[str, str] | None = None,
    interpreter: Input | None = None,
) -> UnpackAction:
    """Return the action that lays the files of ``sources`` over one another.

    ``interpreter`` is the tree whose Python runs the programs of wheels among them.

    Raises:
        SourcesAdjacent: two Debian source packages follow one another.
        PythonsDiffer: wheels among them are for several versions of Python.
    """
    found = [(source, composed_kind(source).layers(source, pin)) for source, pin in sources]
    for (before, some), (after, more) in pairwise(found):
        if some[-1].format is more[0].format is LayerFormat.DEBIAN_SOURCE:
            raise SourcesAdjacent(name, (before.name.text, after.name.text))
    parts = [part for _, some in found for part in some]
    # Archives of releases hold one directory: one number for all where any of them is there.
    strip = int(any(part.format in PACKED for part in parts))
    inputs: dict[str, Input] = {}
    layers: list[Layer] = []
    for part in parts:
        key = f"f{len(inputs)}"
        inputs[key] = actions.input(part.file)
        is_usual = part.format not in PACKED or part.strip == strip
        layers.append(Layer(key, part.format, None if is_usual else part.strip, part.subdir))
    python = _python([source for source, _ in sources], name, interpreter)
    if python is not None and interpreter is not None:
        inputs[INTERPRETER] = interpreter
    return UnpackAction(
        name=path_name(name),
        layers=tuple(layers),
        inputs=inputs,
        strip=strip,
        links=dict(links or {}),
        python=python,
    )


def _python(
    sources: Sequence[DirectSource], name: str, interpreter: Input | None
) -> PythonTree | None:
    """Return for which Python the packages among some sources are; None where there are none."""
    packages = [source for source in sources if isinstance(source, PypiSource)]
    versions = {".".join(source.python.split(".")[:2]) for source in packages}
    if len(versions) > 1:
        raise PythonsDiffer(name, sorted(versions))
    if not versions:
        return None
    return PythonTree(versions.pop(), "" if interpreter is None else INTERPRETER)


def compose_fetches(pins: Iterable[LockedDirect]) -> Plan:
    """Return the plan that downloads every file of some pins and does nothing else.

    Its actions are those a build has, so what they fetch is there for it.
    """
    actions = Actions()
    roots = [actions.add(fetch_action(file)) for pin in pins for file in pin.files]
    return Plan(actions.found, tuple(dict.fromkeys(roots)))
