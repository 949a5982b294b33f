"""A build that outlives the killed process that started it, for a moment."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.store import Store

if TYPE_CHECKING:
    from pathlib import Path

# It ends by itself, should nobody end it.
WRITING = 'while [ "$((n += 1))" -lt 4000 ]; do : >"f$n" || exit 0; done'


@pytest.mark.spec("store-clear")
def test_who_opens_the_store_does_not_fail_because_somebody_still_writes(tmp_path: Path) -> None:
    root = tmp_path / "s"
    with Store.open(root):
        pass
    built = root / "tmp" / "0123456789abcdef" / "1" / "out"
    built.mkdir(parents=True)
    for number in range(500):  # so that deleting takes a while
        (built / f"old{number}").touch()
    with subprocess.Popen(["sh", "-c", WRITING], cwd=built, stderr=subprocess.DEVNULL) as writer:
        while not (built / "f1").exists():
            assert writer.poll() is None
        try:
            for _ in range(2):
                with Store.open(root) as store:
                    assert store.verify() == []
        finally:
            writer.kill()

    with Store.open(root):
        pass

    assert list((root / "tmp").iterdir()) == []
    assert list((root / "sessions").iterdir()) == []
