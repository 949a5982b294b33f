"""``eka run``: which program of an output, and how it is started."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from eka.workflow.errors import ProgramNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from eka.workflow.build import BuiltOutput

PROGRAMS = "bin"


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
    return [entry.name for entry in directory.iterdir() if os.access(entry, os.X_OK)]
