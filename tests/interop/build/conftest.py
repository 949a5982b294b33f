"""A store and a bench for tests that really build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from tests.fakes.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    with Store.open(tmp_path / "eka", durable=False) as store:
        yield store


@pytest.fixture
def bench(store: Store) -> Workbench:
    """Return a bench on an empty store."""
    return Workbench(store)
