"""One action with everything known that it needs, and what came of it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import TypeAlias

    from eka.store import Action, StorePath

    Outputs: TypeAlias = dict[str, StorePath]  # by name of the output


@dataclass(frozen=True, slots=True)
class Work:
    """One action with everything known that it needs."""

    identity: str
    action: Action
    inputs: Mapping[str, StorePath]
    resolved: str
    log: Path | None = None  # where the log goes, of what runs in a sandbox
