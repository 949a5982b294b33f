"""From the end of a search to the error a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve.core import minimal_core
from eka.resolve.describe import Words, lines_of
from eka.resolve.errors import Unsatisfiable
from eka.resolve.incompatibility import NOBODY
from eka.resolve.report import report

if TYPE_CHECKING:
    from eka.resolve.engine import Engine
    from eka.resolve.incompatibility import Incompatibility
    from eka.resolve.places import Places


def explain(proof: Incompatibility, places: Places, engine: Engine) -> Unsatisfiable:
    """Return the error for a search that ended in a contradiction."""
    core = minimal_core(proof, engine.trail.full)
    edges = sorted(core.edges, key=lambda edge: edge.dependant != NOBODY)
    lines = [line for edge in edges for line in (next(lines_of(edge), None),) if line]
    return Unsatisfiable(report(core, Words(core, places)), lines, is_minimal=core.is_minimal)
