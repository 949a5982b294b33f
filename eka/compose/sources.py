"""Pins of direct sources into actions that fetch and unpack them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote

from eka.atom import DebSource, ForeignSource, UrlSource, source_digest
from eka.compose.errors import (
    InputUnpinned,
    KindUnsupported,
    SourcesAdjacent,
    SystemUnsupported,
)
from eka.store import (
    ActionInput,
    FetchAction,
    Layer,
    LayerFormat,
    Plan,
    UnpackAction,
    action_id,
    path_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import AtomKey, DirectSource, Lock, LockedDirect, LockedFile
    from eka.store import Action, Input


class Actions:
    """The actions of a plan as it grows; each is there once."""

    def __init__(self) -> None:
        self.found: dict[str, Action] = {}

    def add(self, action: Action) -> ActionInput:
        """Take an action and return its output as an input of others."""
        identity = action_id(action)
        self.found.setdefault(identity, action)
        return ActionInput(identity)


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
        if isinstance(source, ForeignSource):
            raise KindUnsupported(source.kind, source.name.text)
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


def source_input(actions: Actions, source: DirectSource, pin: LockedDirect) -> Input:
    """Return a direct source as an input: a tree, or a file that is not to be unpacked."""
    if isinstance(source, UrlSource) and not source.unpack:
        return actions.add(_fetch(pin.files[0]))
    return actions.add(unpack(actions, [(source, pin)], source.name.text))


def unpack(
    actions: Actions,
    sources: Sequence[tuple[DirectSource, LockedDirect]],
    name: str,
    *,
    links: Mapping[str, str] | None = None,
) -> UnpackAction:
    """Return the action that lays the files of ``sources`` over one another.

    Raises:
        SourcesAdjacent: two Debian source packages follow one another.
    """
    for (before, _), (after, _) in pairwise(sources):
        if _format(before) is _format(after) is LayerFormat.DEBIAN_SOURCE:
            raise SourcesAdjacent(name, (before.name.text, after.name.text))
    inputs: dict[str, Input] = {}
    layers: list[Layer] = []
    for source, pin in sources:
        for file in pin.files:
            key = f"f{len(inputs)}"
            inputs[key] = actions.add(_fetch(file))
            layers.append(Layer(key, _format(source)))
    return UnpackAction(
        name=path_name(name),
        layers=tuple(layers),
        inputs=inputs,
        # Archives behind URLs are releases: everything in them lies in one directory.
        strip=int(any(isinstance(source, UrlSource) for source, _ in sources)),
        links=dict(links or {}),
    )


def compose_fetches(pins: Iterable[LockedDirect]) -> Plan:
    """Return the plan that downloads every file of some pins and does nothing else.

    Its actions are those a build has, so what they fetch is there for it.
    """
    actions = Actions()
    roots = [actions.add(_fetch(file)) for pin in pins for file in pin.files]
    return Plan(actions.found, tuple(dict.fromkeys(roots)))


def is_staged(source: DirectSource) -> bool:
    """Tell whether a script gets a writable copy: of source trees, not of programs and files."""
    if isinstance(source, UrlSource):
        return source.unpack
    return isinstance(source, DebSource) and source.source is not None


def _format(source: DirectSource) -> LayerFormat:
    if isinstance(source, DebSource):
        return LayerFormat.DEB if source.source is None else LayerFormat.DEBIAN_SOURCE
    return LayerFormat.TAR


def _fetch(file: LockedFile) -> FetchAction:
    url = file.download_url
    last = unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
    return FetchAction(name=path_name(last), urls=(url,), size=file.size, sha256=file.sha256)
