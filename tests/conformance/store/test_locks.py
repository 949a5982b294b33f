"""Lock files: whoever is refused something on the way holds no lock afterwards."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from eka.store.files import lock_file, locked


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def is_free(place: Path) -> bool:
    descriptor = lock_file(place, wait=False)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


@pytest.mark.spec("store-shared")
def test_a_lock_that_cannot_be_made_usable_is_let_go(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fchmod", refuse)
        with pytest.raises(OSError, match="quota"):
            lock_file(tmp_path / "lock")

    assert is_free(tmp_path / "lock")


@pytest.mark.spec("store-shared")
def test_a_lock_whose_file_cannot_be_removed_is_let_go(tmp_path: Path) -> None:
    def hold() -> None:
        with locked(tmp_path / "lock"):
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(OSError, match="quota"):
            hold()

    assert is_free(tmp_path / "lock")
