"""What an unpack action says of Python when it lays wheels into a tree (atom-spec/plan.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store.plan_rules import require

if TYPE_CHECKING:
    from collections.abc import Collection

_VERSION = re.compile(r"[1-9][0-9]?\.(?:0|[1-9][0-9]{0,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PythonTree:
    """For which Python wheels are laid into a tree."""

    version: str  # major and minor, such as 3.11
    interpreter: str = ""  # the input whose tree holds it; empty: the tree has no programs

    def to_json(self) -> dict[str, str]:
        """Return it as JSON; an interpreter that nobody asked for is left out."""
        named = {"interpreter": self.interpreter} if self.interpreter else {}
        return {"version": self.version, **named}

    def check(self, inputs: Collection[str]) -> None:
        """Raise `InvalidPlan` unless it keeps the rules."""
        fits = _VERSION.fullmatch(self.version) is not None
        require(fits, "python.version", f"{self.version!r} is not a version such as 3.11")
        known = not self.interpreter or self.interpreter in inputs
        why = f"{self.interpreter!r} is not an input of this action"
        require(known, "python.interpreter", why)
