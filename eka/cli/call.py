"""What the words of a command line mean, whoever understood them."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class Globals:
    """The options every command takes."""

    directory: str = ""
    quiet: int = 0
    verbose: int = 0
    color: str = "auto"
    json: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A command's own values and the global ones; what nobody gave may be left out."""

    options: Mapping[str, Any]
    globals: Globals
