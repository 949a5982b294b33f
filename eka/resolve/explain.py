"""From the end of a search to the error a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve.core import minimal_core
from eka.resolve.describe import Words, lines_of
from eka.resolve.errors import Unsatisfiable
from eka.resolve.report import report

if TYPE_CHECKING:
    from eka.resolve.engine import Engine
    from eka.resolve.incompatibility import Incompatibility
    from eka.resolve.places import Places


def explain(proof: Incompatibility, places: Places, engine: Engine) -> Unsatisfiable:
    """Return the error for a search that ended in a contradiction."""
    core = minimal_core(proof, engine.trail.full)
    lines = [line for edge in core.edges for line in lines_of(edge)]
    return Unsatisfiable(report(core, Words(core, places)), lines, is_minimal=core.is_minimal)
