"""What is to be built, and how."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from eka.build import Demands


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What to build and how."""

    targets: tuple[str, ...] = ()  # direct dependencies, LABEL or SET::LABEL; none: the project
    locked: bool = False
    link: Path | None = None  # where the result link goes; None: no link
    plan_only: bool = False
    demands: Demands | None = None
