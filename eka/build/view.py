"""A finished program's view of the world: the machine as it is, with the store in its place.

Not a sandbox: outputs name other store paths by their logical place, and that must be there.
"""

from __future__ import annotations

import os
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

STORE_PARENT = LOGICAL_ROOT.rpartition("/")[0]


def store_view(bubblewrap: str, store: Path, command: Sequence[str], cwd: Path) -> list[str]:
    """Return the command that runs ``command`` with ``store`` at its logical place.

    Args:
        bubblewrap: The program, a path.
        store: The physical directory that holds store paths.
        command: Program and arguments; the program is a path inside the view.
        cwd: Where it starts.
    """
    argv = [bubblewrap]
    with os.scandir("/") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            argv += _shown(entry)
    argv += ["--dir", STORE_PARENT, "--ro-bind", str(store), LOGICAL_ROOT]
    return [*argv, "--chdir", str(cwd), "--", *command]


def _shown(entry: os.DirEntry[str]) -> list[str]:
    if entry.path == STORE_PARENT:
        return []
    if entry.is_symlink():
        return ["--symlink", str(Path(entry.path).readlink()), entry.path]
    if entry.name == "dev":
        return ["--dev-bind", entry.path, entry.path]
    return ["--bind-try", entry.path, entry.path]
