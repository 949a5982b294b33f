"""What was said must hold after a loss of power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.store import Store
from eka.store.nix.keys import NixSecretKey

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = NixSecretKey.make("builder-1", b"k" * 32).public


def test_trust_that_is_taken_away_is_on_the_medium_when_the_store_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store") as store:
        store.trust(KEY, ())
    synced: list[Path] = []
    monkeypatch.setattr("eka.store.keeping.sync_file_system", synced.append)

    with Store.open(tmp_path / "store") as store:
        store.distrust(KEY.name)

    assert synced == [tmp_path / "store"]
