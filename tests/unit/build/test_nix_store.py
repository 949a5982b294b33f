"""Nix is asked again while another Nix opens its database, and not for any other trouble."""

from __future__ import annotations

import pytest

from eka.build.errors import NixFailed
from eka.build.nix_store import BUSY_TRIES, patiently

BUSY = "SQLite database '/nix/var/nix/db/db.sqlite' is busy"


@pytest.mark.parametrize(
    ("troubles", "asked"),
    [((), 1), ((BUSY, BUSY), 3), ((BUSY, "it is broken"), 2), ((BUSY,) * 1000, BUSY_TRIES + 1)],
)
def test_what_is_busy_is_asked_again_and_not_for_ever(
    troubles: tuple[str, ...], asked: int
) -> None:
    left, count = list(troubles), 0

    def ask() -> str:
        nonlocal count
        count += 1
        if left:
            raise NixFailed(left.pop(0))
        return "done"

    if troubles and troubles[asked - 1 :]:
        with pytest.raises(NixFailed) as caught:
            patiently(ask, pause_s=0)
        assert caught.value.why == troubles[asked - 1]
    else:
        assert patiently(ask, pause_s=0) == "done"
    assert count == asked
