"""How much a build left, before anything of it is kept."""

from __future__ import annotations

import errno
import os
import stat

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def exceeds(places: Iterable[Path], most_bytes: int) -> bool:
    """Tell whether files hold more than so many bytes together; links are not followed.

    A file with several names counts once for each, as it will in the store. What a directory does
    not let its owner see is made readable: it is going to be read anyway.
    """
    left = most_bytes
    pending = [os.fsencode(place) for place in places]
    while pending and left >= 0:
        place = pending.pop()
        try:
            status = os.lstat(place)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            continue  # it lies so deep that nothing of the output will be kept
        if stat.S_ISREG(status.st_mode):
            left -= status.st_size
        elif stat.S_ISDIR(status.st_mode):
            if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(place, 0o700)  # noqa: PTH101 - of very many
            with os.scandir(place) as entries:
                pending += [entry.path for entry in entries]
    return left < 0
