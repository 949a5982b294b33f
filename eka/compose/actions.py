"""The actions of a plan as it grows."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from eka.checking import TYPE_CHECKING
from eka.store import ActionInput, FetchAction, TreeInput, action_id, path_name

if TYPE_CHECKING:
    from eka.atom import LockedFile
    from eka.store import Action, Input, LayerFormat


class SourceLayer(NamedTuple):
    """A file of a pin, or a tree, as a layer of an unpack action."""

    file: LockedFile | TreeInput
    format: LayerFormat
    strip: int = 0
    """Leading directories dropped from names in archives."""
    subdir: str = ""
    """What of it is taken; empty: all."""


class Actions:
    """The actions of a plan as it grows; each is there once."""

    def __init__(self) -> None:
        self.found: dict[str, Action] = {}

    def add(self, action: Action) -> ActionInput:
        """Take an action and return its output as an input of others."""
        identity = action_id(action)
        self.found.setdefault(identity, action)
        return ActionInput(identity)

    def input(self, file: LockedFile | TreeInput) -> Input:
        """Return a file of a pin as an input of others; a tree is one as it is."""
        return file if isinstance(file, TreeInput) else self.add(fetch_action(file))


def fetch_action(file: LockedFile, *, executable: bool = False) -> FetchAction:
    """Return the action that downloads a file of a pin.

    Source: atom-spec/composition.md [compose-fetch].
    """
    url = file.download_url
    last = unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
    return FetchAction(
        name=path_name(last),
        urls=(url, *file.mirrors),
        size=file.size,
        sha256=file.sha256,
        executable=executable,
    )
