"""``eka run``: which program of an output, and how it is started."""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT
from eka.workflow.errors import ProgramNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from eka.workflow.build import BuiltOutput

PROGRAMS = "bin"
MAX_LINKS = 40  # that lead to one another


def find_program(output: BuiltOutput, name: str | None) -> Path:
    """Return the program to start, as a physical path.

    Args:
        output: What was built.
        name: The program; None means the one named like the target, or the only one.

    Raises:
        ProgramNotFound: there is no such program, or no telling which one is meant.
    """
    known = sorted(programs(output.physical))
    wish = name or (output.target if output.target in known or len(known) != 1 else known[0])
    if wish not in known:
        raise ProgramNotFound(wish, output.path.text, known)
    return output.physical / PROGRAMS / wish


def programs(physical: Path) -> list[str]:
    """Return the names of an output's programs; a bare executable file is none."""
    directory = physical / PROGRAMS
    if not directory.is_dir():
        return []
    return [entry.name for entry in directory.iterdir() if _is_program(entry, physical.parent)]


def _is_program(place: Path, store: Path) -> bool:
    """Tell whether a file can be started once the store is at its logical place.

    A link into the store leads nowhere on this side.
    """
    for _ in range(MAX_LINKS):
        target = str(place.readlink()) if place.is_symlink() else ""
        if not target.startswith(f"{LOGICAL_ROOT}/"):
            break
        place = store / target.removeprefix(f"{LOGICAL_ROOT}/")
    return os.access(place, os.X_OK)
