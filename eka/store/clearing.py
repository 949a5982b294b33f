"""What killed processes left behind: undone and deleted when a store is opened."""

from __future__ import annotations

import errno
import os
import stat
import time

from eka.checking import TYPE_CHECKING
from eka.store.files import delete_tree, lock_file, move
from eka.store.verify import damaged
from eka.store.write import DIRECTORY_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store.database import Database
    from eka.store.session import Layout

_TRIES = 20
_PAUSE_S = 0.02


def clear_up(layout: Layout, database: Database, boot: str) -> None:
    """Undo and delete what dead processes left; running ones are not disturbed.

    A path without a row was not acknowledged: it goes. A path with a row that lies in the trash
    was being collected when its process died before the commit: it comes back. After a boot of
    the machine, paths whose bytes may have been lost with the power are read again.
    """
    dead, rebooted = _dead_sessions(layout), database.last_boot() != boot
    if not dead and not rebooted:
        return
    names = [*dead, *([] if dead else ["boot"])]
    try:
        with database.write():
            # Another process may have looked into it meanwhile, and added what is not safe yet.
            rebooted = rebooted and database.last_boot() != boot
            valid = database.bases()
            for name in dead:
                _bring_back(layout, layout.trash / name, valid)
            if rebooted:
                valid -= damaged(layout, database.suspects())
                database.begin_boot(boot)
            _throw_out_strays(layout, valid, layout.trash / names[0] / "strays")
        for name in names:
            if _delete(layout.tmp / name) and _delete(layout.trash / name):
                (layout.sessions / name).unlink(missing_ok=True)
    finally:
        for descriptor in dead.values():
            os.close(descriptor)


def _dead_sessions(layout: Layout) -> dict[str, int]:
    """Return the dead sessions, each locked by the descriptor it is mapped to."""
    found: dict[str, int] = {}
    areas = (layout.tmp, layout.trash, layout.sessions)
    try:
        for name in sorted({entry.name for area in areas for entry in area.iterdir()}):
            descriptor = lock_file(layout.sessions / name, wait=False)
            if descriptor is not None:
                found[name] = descriptor
    except BaseException:
        for descriptor in found.values():
            os.close(descriptor)
        raise
    return found


def _delete(path: Path) -> bool:
    """Delete a tree; False when somebody writes to it: the next one to open the store goes on.

    A build outlives the killed process that started it for the moment that its own end takes.
    """
    for _ in range(_TRIES):
        try:
            delete_tree(path)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _bring_back(layout: Layout, trash: Path, valid: set[str]) -> None:
    for found in sorted(trash.glob("*/*")):
        home = layout.store / found.name
        if found.name in valid and not os.path.lexists(home):
            move(found, home)


def _throw_out_strays(layout: Layout, valid: set[str], trash: Path) -> None:
    for found in layout.store.iterdir():
        if found.name not in valid:
            trash.mkdir(parents=True, exist_ok=True)
            move(found, trash / found.name)
            continue
        mode = found.lstat().st_mode
        if stat.S_ISDIR(mode) and stat.S_IMODE(mode) != DIRECTORY_BITS:
            found.chmod(DIRECTORY_BITS)  # made writable for a rename that never came
