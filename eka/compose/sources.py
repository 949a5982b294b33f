"""Pins of direct sources into actions that fetch and unpack them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from eka.atom import DebSource, UrlSource
from eka.compose.errors import InputUnpinned, SystemUnsupported
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
    from collections.abc import Iterable, Sequence

    from eka.atom import AtomKey, DirectSource, LockedDirect, LockedFile
    from eka.compose.request import ComposeRequest
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


def pin_of(
    request: ComposeRequest, owner: AtomKey | None, source: DirectSource, name: str
) -> LockedDirect:
    """Return the pin of a direct source for the request's system.

    Raises:
        SystemUnsupported: it is pinned, but for other systems.
        InputUnpinned: it is not pinned at all.
    """
    pins = [
        pin
        for pin in request.lock.direct
        if (pin.owner, pin.kind, pin.name) == (owner, source.kind, source.name.text)
    ]
    for pin in pins:
        if pin.system in ("", request.system):
            return pin
    if pins:
        raise SystemUnsupported(name, request.system, tuple(pin.system for pin in pins))
    raise InputUnpinned(name, f"{source.kind} source {source.name.text}")


def source_input(actions: Actions, source: DirectSource, pin: LockedDirect) -> Input:
    """Return a direct source as an input: a tree, or a file that is not to be unpacked."""
    if isinstance(source, UrlSource) and not source.unpack:
        return actions.add(_fetch(pin.files[0]))
    return actions.add(unpack(actions, [(source, pin)], source.name.text, links={}))


def unpack(
    actions: Actions,
    sources: Sequence[tuple[DirectSource, LockedDirect]],
    name: str,
    *,
    links: dict[str, str],
) -> UnpackAction:
    """Return the action that lays the files of ``sources`` over one another."""
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
        strip=int(all(isinstance(source, UrlSource) for source, _ in sources)),
        links=links,
    )


def compose_fetches(pins: Iterable[LockedDirect]) -> Plan:
    """Return the plan that downloads every file of some pins and does nothing else.

    Its actions are those a build has, so what they fetch is there for it.
    """
    actions = Actions()
    roots = [actions.add(_fetch(file)) for pin in pins for file in pin.files]
    return Plan(actions.found, tuple(dict.fromkeys(roots)))


def is_staged(source: DirectSource) -> bool:
    """Tell whether a recipe gets a writable copy; trees of binary packages are only read."""
    return not (isinstance(source, DebSource) and source.source is None)


def _format(source: DirectSource) -> LayerFormat:
    if isinstance(source, DebSource):
        return LayerFormat.DEB if source.source is None else LayerFormat.DEBIAN_SOURCE
    return LayerFormat.TAR


def _fetch(file: LockedFile) -> FetchAction:
    url = file.download_url
    last = unquote(url.rstrip("/").rpartition("/")[2].partition("?")[0])
    return FetchAction(name=path_name(last), urls=(url,), size=file.size, sha256=file.sha256)
