"""The actions of a plan as it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from eka.store import ActionInput, FetchAction, action_id, path_name

if TYPE_CHECKING:
    from eka.atom import LockedFile
    from eka.store import Action


class Actions:
    """The actions of a plan as it grows; each is there once."""

    def __init__(self) -> None:
        self.found: dict[str, Action] = {}

    def add(self, action: Action) -> ActionInput:
        """Take an action and return its output as an input of others."""
        identity = action_id(action)
        self.found.setdefault(identity, action)
        return ActionInput(identity)


def fetch_action(file: LockedFile) -> FetchAction:
    """Return the action that downloads a file of a pin.

    Source: atom-spec/composition.md [compose-fetch].
    """
    url = file.download_url
    last = unquote(url.partition("?")[0].rstrip("/").rpartition("/")[2])
    return FetchAction(name=path_name(last), urls=(url,), size=file.size, sha256=file.sha256)
